"""Images of display size, and as URLs, for tables, tiles and charts."""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.images import LONGEST_SIDE, encode_jpeg, encode_png, fit

MUTED = "#9aa7b5"
SHOWN_SIDE, THUMBNAIL_SIDE, STRIP_SIDE = 256, 64, 56  # pixels


def enlarged(pixels: NDArray[np.uint8], side: int = SHOWN_SIDE) -> NDArray[np.uint8]:
    """Enlarge an image (bicubic) to a longest side of at least `side`, for display."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale <= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def resized(pixels: NDArray[np.uint8], side: int = LONGEST_SIDE) -> NDArray[np.uint8]:
    """Resize an image to a longest side of `side` pixels; the shorter one is at least 1."""
    return enlarged(fit(pixels, side), side)


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """A thumbnail as a URL, for tables and lists."""
    return data_url(resized(pixels, THUMBNAIL_SIDE))


def strip_tile(pixels: NDArray[np.uint8], side: int = STRIP_SIDE) -> str:
    """A smaller thumbnail as a URL of few bytes, for strips and axes of many."""
    content = encode_jpeg(resized(pixels, side))
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()


@cache
def no_image() -> str:
    """A crossed-out frame as a URL, for captures without an image."""
    side = THUMBNAIL_SIDE
    tile = np.full((side, side, 3), 225, np.uint8)
    rows, columns = np.indices((side, side))
    edge = np.minimum.reduce([rows, columns, side - 1 - rows, side - 1 - columns])
    tile[(edge < 2) | (np.abs(rows + columns - side + 1) < 2)] = 150
    return data_url(tile)


def magnified_difference(
    clean: NDArray[np.uint8], changed: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], int]:
    """The difference of two images around mid-grey, and the factor that makes it visible."""
    difference = changed.astype(np.int16) - clean.astype(np.int16)
    largest = int(np.abs(difference).max())
    factor = max(1, 127 // largest) if largest else 1
    return np.clip(128 + difference * factor, 0, 255).astype(np.uint8), factor


def data_url(pixels: NDArray[np.uint8]) -> str:
    """The image as a PNG in a URL."""
    return "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode()
