"""Images of captures: their files in the log, and decoded within the limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFound, SignwatchError
from core.images import (
    LONGEST_SIDE,
    ImageFile,
    ImageLimits,
    encode_jpeg,
    encode_png,
    fit,
    in_browsers,
)
from core.records.captures import Capture, StoredImage
from core.store import CaptureLog


class CapturedImages:
    """The images of one log, each named by the SHA-256 of its file."""

    def __init__(self, log: CaptureLog, limits: ImageLimits) -> None:
        self._log = log
        self._limits = limits

    def file(self, sha256: str | None) -> StoredImage:
        """An image as the log keeps it.

        Raises
        ------
        NotFound
            The log has no such image, or sha256 is None: the capture was kept without one.
        """
        if sha256 is None:
            raise NotFound("no image was captured: only the answer was kept, or imported")
        return self._log.image(sha256)

    def decoded(self, sha256: str | None) -> ImageFile:
        """The same, decoded; raises NotFound, and as `decode` does."""
        return ImageFile.from_file(self.file(sha256).content, self._limits)

    def pixels(self, captures: Sequence[Capture]) -> list[NDArray[np.uint8] | None]:
        """The image (height, width, 3) of each capture; None where none can be had."""
        files = self._log.images([capture.image_sha256 for capture in captures])
        found: list[NDArray[np.uint8] | None] = []
        for capture in captures:
            file = files.get(capture.image_sha256 or "")
            try:
                decoded = ImageFile.from_file(file.content, self._limits) if file else None
            except SignwatchError:
                decoded = None
            found.append(decoded.pixels if decoded else None)
        return found


def viewable(image: ImageFile) -> bytes:
    """A file to show: the image's own, or a smaller JPEG if a side is over LONGEST_SIDE pixels.

    A PNG where no browser shows the format.
    """
    if max(image.pixels.shape) > LONGEST_SIDE:
        return encode_jpeg(fit(image.pixels, LONGEST_SIDE))
    return image.content if in_browsers(image.media_type) else encode_png(image.pixels)
