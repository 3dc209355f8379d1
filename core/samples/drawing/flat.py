"""The flat sign: marks to pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.samples.drawing.catalogue import SIGNS

_MARGIN = 1.02  # unit coordinates at the image's edge
_LEAST = 16  # pixels; below that, symbols look the same
_FINE = 1024  # polygons are filled without antialiasing at no less than this, then reduced


def require(class_id: int, size: int) -> None:
    """Raises ValueError unless ``class_id`` is one of the 43 and ``size`` is worth drawing."""
    if class_id not in SIGNS:
        raise ValueError(f"class_id must be an integer in 0..{max(SIGNS)}, got {class_id!r}")
    if size < _LEAST:
        raise ValueError(f"size must be at least {_LEAST} pixels, got {size}")


def draw_sign(class_id: int, *, size: int = 256) -> NDArray[np.uint8]:
    """The sign of ``class_id`` (0..42), flat and frontal on transparency.

    Returns ``(size, size, 4)`` uint8 RGBA. Raises ValueError for another id or ``size`` < 16.
    """
    require(class_id, size)
    factor = max(4, -(-_FINE // size))
    fine = size * factor
    image = Image.new("RGBA", (fine, fine), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    for mark in SIGNS[class_id]():
        corners = (mark.outline / _MARGIN + 1) / 2 * fine
        pen.polygon([(x, y) for x, y in corners.tolist()], fill=(*mark.ink, 255))
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))
