"""How alike two images look at a glance: enough to find frames of one sign among others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 8
# Of frames of real signs that follow each other, 7 in 10 are as alike as this; of images of the
# same class but another sign, 2 in 100; of another class, 1 or 2 in 1,000.
ALIKE = 0.9

Look = NDArray[np.float64]


def look(pixels: NDArray[np.uint8]) -> Look:
    """An image (height, width, 3) reduced to SIDE x SIDE colours, without brightness and contrast.

    (3 * SIDE**2,), of length 1; zeros for an image of one colour.
    """
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
    colours = np.asarray(small, dtype=np.float64)
    centred = (colours - colours.mean(axis=(0, 1))).ravel()
    length = float(np.linalg.norm(centred))
    look: Look = centred / length if length else centred
    return look


def likeness(first: Look, second: Look) -> float:
    """The correlation of two looks, in [-1, 1]."""
    return float(first @ second)
