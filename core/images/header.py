"""What the bytes of an image file say before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

WHOLE = 1 << 24  # pixels; an image of more is halved while it is decoded, until it has no more
Piece = bytes | memoryview


@dataclass(frozen=True)
class Header:
    """What decoding an image takes, and what it is decoded from.

    width, height: of the image as it is stored; pieces: the file without its metadata; per_pixel:
    bytes that the decoder keeps of a pixel; beside: further bytes; orientation: 1 to 8, as in EXIF;
    scans: times that it passes over the image; work: about as many pixels of a PNG take as long;
    halves: whether the decoder itself reduces, and then keeps as much less; rows: stripes of RGB,
    where the file needs no decoder.
    """

    width: int
    height: int
    pieces: Sequence[Piece]
    per_pixel: int
    work: int
    beside: int = 0
    orientation: int = 1
    frames: int = 1
    scans: int = 1
    halves: bool = False
    rows: Callable[[], Iterator[bytes]] | None = None

    @property
    def pixels(self) -> int:
        """How many pixels the image has."""
        return self.width * self.height

    @property
    def reduction(self) -> int:
        """The power of two by which both sides are divided: 1 up to WHOLE pixels."""
        factor = 1
        while self.pixels > WHOLE * factor**2:
            factor *= 2
        return factor

    @property
    def memory(self) -> int:
        """Bytes that decoding takes, beside the file and the pixels that come of it."""
        kept = self.per_pixel * self.pixels
        return self.beside + kept // (self.reduction**2 if self.halves else 1)


class Damaged(ValueError):
    """The structure of a file is broken, in words."""
