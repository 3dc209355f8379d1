"""Untrusted bytes -> RGB pixels: the one way in, with one budget.

`open_image` reads the structure of a file, and refuses what is over the budget before anything is
decoded. What is left is decoded without its metadata: a small image here, a large one by a process
of its own (`core.images.worker`), which is ended when its time is over. Few are decoded at a time.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, TooLarge, UnsupportedMedia
from core.images import process, worker
from core.images.formats import READABLE, Format, format_of
from core.images.header import Damaged, Header
from core.images.limits import ImageLimits
from core.images.orientation import as_stored
from core.images.pixels import encode_png, reduced_rows

LARGE = 1 << 21  # pixels of a PNG; what takes more work than this is large
MEDIA_TYPE_OF_PIXELS = "image/png"

# Of the whole process, whichever door an image comes through: decoding takes memory.
_small = threading.BoundedSemaphore(os.cpu_count() or 1)
_large = threading.BoundedSemaphore(1)


@dataclass(frozen=True)
class ImageFile:
    """An image with the file that it arrived in.

    pixels: (height, width, 3) uint8 RGB; stored_size: height and width of the image in the file,
    upright, where it was reduced while it was decoded.
    """

    pixels: NDArray[np.uint8]
    content: bytes
    media_type: str
    stored_size: tuple[int, int] | None = None

    @staticmethod
    def from_file(data: bytes, limits: ImageLimits = ImageLimits()) -> ImageFile:
        """Read an uploaded file; raises as `decode` does."""
        return open_image(data, limits).read()

    @staticmethod
    def from_pixels(pixels: NDArray[np.uint8]) -> ImageFile:
        """Pixels that arrived without a file, with a lossless PNG file of them."""
        return ImageFile(pixels, encode_png(pixels), MEDIA_TYPE_OF_PIXELS)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image in the file, upright."""
        height, width = self.pixels.shape[:2]
        return self.stored_size or (height, width)

    @property
    def work(self) -> int:
        """As `OpenedImage.work`."""
        height, width = self.pixels.shape[:2]
        return int(height * width)

    def read(self) -> ImageFile:
        """Itself: it is decoded."""
        return self


@dataclass(frozen=True)
class OpenedImage:
    """A file that is within the limits, still to be decoded."""

    content: bytes
    format: Format
    header: Header
    limits: ImageLimits

    @property
    def work(self) -> int:
        """What decoding takes, in pixels of a PNG; more than LARGE is much."""
        return self.header.work

    def read(self) -> ImageFile:
        """Decode it; raises BadInput."""
        header = self.header
        with _large if self.work > LARGE else _small:
            try:
                pixels = _assembled(self._rows(), header)
            except Damaged as error:
                raise _damaged(error) from error
        size = (header.height, header.width)
        reduced = header.reduction > 1
        upright = size[::-1] if header.orientation >= 5 else size
        return ImageFile(
            pixels, self.content, self.format.media_types[0], upright if reduced else None
        )

    def _rows(self) -> Iterator[bytes]:
        """Stripes of RGB, reduced."""
        header, name = self.header, self.format.name
        if header.rows:
            yield from reduced_rows(header.rows(), header.width, header.reduction)
        elif self.work > LARGE:
            yield from process.rows(header, name, self.limits)
        else:
            try:
                yield from worker.rows(io.BytesIO(b"".join(header.pieces)), name, 1)
            except Exception as error:
                # Pillow documents no errors, and raises all kinds on broken files.
                raise Damaged(str(error) or type(error).__name__) from error


def open_image(data: bytes, limits: ImageLimits = ImageLimits()) -> OpenedImage:
    """Read the structure of an untrusted file, and check it; raises as `decode` does."""
    if not data:
        raise BadInput(f"expected a {READABLE} file, got 0 bytes")
    limits.check_file(len(data))
    found = format_of(data)
    try:
        header = found.inspect(data)
    except Damaged as error:
        raise _damaged(error) from error
    limits.check(header)
    return OpenedImage(data, found, header, limits)


def decode(data: bytes, limits: ImageLimits = ImageLimits()) -> NDArray[np.uint8]:
    """Decode an untrusted image file.

    Parameters
    ----------
    data
        The bytes of a file of one of FORMATS.
    limits
        Checked before anything is decoded, apart from the time.

    Returns
    -------
    numpy.ndarray
        (height, width, 3) uint8 RGB, upright, transparency over white. Both sides of an image of
        more than `header.WHOLE` pixels are halved until it has no more.

    Raises
    ------
    TooLarge
        The file or the image exceeds the limits.
    UnsupportedMedia
        It has another format.
    BadInput
        It is empty, truncated, damaged or animated, or takes too long.

    Examples
    --------
    >>> black = encode_png(np.zeros((4, 6, 3), np.uint8))
    >>> decode(black).shape
    (4, 6, 3)
    >>> try:
    ...     decode(b"GIF89a...")
    ... except UnsupportedMedia as error:
    ...     print(error)
    expected a PNG, JPEG, WebP, BMP or PPM file; this is a GIF: save it as PNG
    """
    return open_image(data, limits).read().pixels


def read_file(path: Path, limits: ImageLimits = ImageLimits()) -> NDArray[np.uint8]:
    """`decode` of a file; errors carry the file's name."""
    try:
        limits.check_file(path.stat().st_size)
        return decode(path.read_bytes(), limits)
    except (BadInput, TooLarge, UnsupportedMedia) as error:
        raise type(error)(f"{path}: {error}") from error


def _assembled(rows: Iterator[bytes], header: Header) -> NDArray[np.uint8]:
    """The upright image of stripes in the order of the file."""
    height, width = (-(-side // header.reduction) for side in (header.height, header.width))
    shape = (width, height, 3) if header.orientation >= 5 else (height, width, 3)
    upright = np.empty(shape, np.uint8)
    stored, top = as_stored(upright, header.orientation), 0
    for stripe in rows:
        part = np.frombuffer(stripe, np.uint8).reshape(-1, width, 3)
        if top + len(part) > height:
            raise Damaged("it has another size than its header says")
        stored[top : top + len(part)] = part
        top += len(part)
    if top < height:
        raise Damaged("it has another size than its header says")
    return upright


def _damaged(error: Damaged) -> BadInput:
    reason = str(error).removesuffix(" (0 bytes not processed)")
    return BadInput(f"the image is truncated or damaged ({reason}); save it again")
