"""What one image may take: the budget that every door checks before it decodes."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import BadInput, TooLarge
from core.images.header import Header


@dataclass(frozen=True)
class ImageLimits:
    """The largest file and image that is decoded.

    max_bytes: of the file; max_pixels: width times height; max_side: pixels of the longer side;
    max_aspect: longer side divided by the shorter one; max_scans: times that a JPEG passes over its
    image; max_seconds: of decoding; max_memory: bytes that decoding takes beside the file and the
    pixels that come of it.
    """

    max_bytes: int = 20_000_000
    max_pixels: int = 40_000_000
    max_side: int = 20_000
    max_aspect: float = 1000.0
    max_scans: int = 50
    max_seconds: float = 10.0
    max_memory: int = 180_000_000

    def check_file(self, size: int) -> None:
        """Raise TooLarge if a file of so many bytes is not read."""
        if size > self.max_bytes:
            raise TooLarge(
                f"the file has {size:,} bytes; at most {self.max_bytes:,} are read. "
                "Save it smaller or at a lower quality"
            )

    def check_size(self, width: int, height: int, subject: str = "the image is") -> None:
        """Raise TooLarge if an image of so many pixels is not read."""
        if width * height > self.max_pixels:
            raise TooLarge(
                f"{subject} {width} x {height} = {width * height:,} pixels; "
                f"at most {self.max_pixels:,} are read. Reduce it and send it again"
            )
        if max(width, height) > self.max_side:
            raise TooLarge(
                f"{subject} {width} x {height} pixels; a side may have at most "
                f"{self.max_side:,} (SIGNWATCH_MAX_SIDE). Reduce it and send it again"
            )
        if max(width, height) > self.max_aspect * min(width, height):
            raise TooLarge(
                f"{subject} {width} x {height} pixels; the longer side may be at most "
                f"{self.max_aspect:g} times the shorter one (SIGNWATCH_MAX_ASPECT). Crop it and "
                "send it again"
            )

    def check(self, header: Header) -> None:
        """Raise if an image is not decoded: TooLarge, or BadInput if it is no single image."""
        if header.width < 1 or header.height < 1:
            raise BadInput(
                f"the image is {header.width} x {header.height} pixels; expected at least 1 x 1"
            )
        self.check_size(header.width, header.height)
        if header.frames != 1:
            raise BadInput(
                f"the image is animated ({header.frames} frames); expected a single image"
            )
        if header.scans > self.max_scans:
            raise BadInput(
                f"the JPEG passes {header.scans:,} times over its image; at most "
                f"{self.max_scans:,} scans are read (SIGNWATCH_MAX_SCANS). Save it as baseline JPEG"
            )
        if header.memory > self.max_memory:
            raise TooLarge(
                f"the image of {header.width} x {header.height} pixels takes "
                f"{header.memory / 1e6:,.0f} MB to decode; at most {self.max_memory / 1e6:,.0f} "
                "are lent (SIGNWATCH_MAX_DECODE_MEGABYTES). Reduce it, or save it as PNG or "
                "baseline JPEG"
            )
