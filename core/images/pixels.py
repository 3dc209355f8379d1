"""Arithmetic on pixels, and pixels as files: (height, width, 3) uint8 arrays throughout."""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONGEST_SIDE = 512  # pixels; larger images are reduced for heat maps, attacks and figures


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) uint8 -> PNG bytes; `decode` gives the same pixels back."""
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) uint8 -> JPEG bytes: small and fast, for display only."""
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def to_uint8(pixels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """[0, 1] -> 0..255, rounded to the nearest level, as saving an image does."""
    levels: NDArray[np.uint8] = np.round(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return levels


def fit(pixels: NDArray[np.uint8], longest_side: int) -> NDArray[np.uint8]:
    """Reduce an image (height, width, 3) to a longest side of at most `longest_side` pixels."""
    height, width = pixels.shape[:2]
    scale = longest_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced: NDArray[np.uint8] = np.asarray(
        Image.fromarray(pixels).resize(size, Image.Resampling.BOX)
    )
    return reduced


def enlarge(pixels: NDArray[np.uint8], shortest_side: int, longest_side: int) -> NDArray[np.uint8]:
    """Enlarge an image (bilinear) to a shortest side of at least `shortest_side` pixels.

    The longest side stays within `longest_side`; a larger image is returned unchanged.
    """
    height, width = pixels.shape[:2]
    scale = min(shortest_side / min(height, width), longest_side / max(height, width))
    if scale <= 1:
        return pixels
    size = (round(width * scale), round(height * scale))
    enlarged: NDArray[np.uint8] = np.asarray(
        Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    )
    return enlarged


def reduced_rows(stripes: Iterator[bytes], width: int, factor: int) -> Iterator[bytes]:
    """Stripes of RGB rows, `width` pixels each, with both sides divided by `factor`.

    Sides are rounded up; what stands at an edge is the mean of fewer pixels.
    """
    if factor == 1:
        yield from stripes
        return
    left, block = b"", 3 * width * factor
    for stripe in stripes:
        left += stripe
        whole = len(left) // block * block
        if whole:
            yield _reduced(left[:whole], width, factor)
            left = left[whole:]
    if left:
        yield _reduced(left, width, factor)


def _reduced(rows: bytes, width: int, factor: int) -> bytes:
    size = (width, len(rows) // (3 * width))
    return Image.frombytes("RGB", size, rows).reduce(factor).tobytes()


def rows_by_key(keys: Sequence[Hashable]) -> Iterator[list[int]]:
    """The rows of each key, in the order in which keys first appear.

    Examples
    --------
    >>> list(rows_by_key(["a", "b", "a"]))
    [[0, 2], [1]]
    """
    for key in dict.fromkeys(keys):
        yield [row for row, own in enumerate(keys) if own == key]
