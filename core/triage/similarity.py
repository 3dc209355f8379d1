"""Similarity of two images: enough to find frames of one sign among others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 8
# 7 in 10 consecutive frames of a real sign are at least this similar; so are 2 in 100 images of
# another sign of the same class, and 1 or 2 in 1,000 of another class.
NEAR_DUPLICATE = 0.9

Signature = NDArray[np.float64]


def signature(pixels: NDArray[np.uint8]) -> Signature:
    """The image reduced to SIDE x SIDE colours, without brightness and contrast.

    Parameters
    ----------
    pixels
        Shape (height, width, 3), RGB.

    Returns
    -------
    Signature
        Shape (3 * SIDE**2,), of length 1; zeros for an image of one colour.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.arange(0, 240, 5, dtype=np.uint8).reshape(16, 1, 3).repeat(16, axis=1)
    >>> darker = ramp // 2
    >>> bool(similarity(signature(ramp), signature(darker)) > NEAR_DUPLICATE)
    True
    """
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
    colours = np.asarray(small, dtype=np.float64)  # (SIDE, SIDE, 3)
    centred = (colours - colours.mean(axis=(0, 1))).ravel()
    length = float(np.linalg.norm(centred))
    reduced: Signature = centred / length if length else centred
    return reduced


def similarity(first: Signature, second: Signature) -> float:
    """The correlation of two signatures, in [-1, 1]."""
    return float(first @ second)
