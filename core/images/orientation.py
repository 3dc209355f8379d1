"""Which way up an image is: the one thing that is read of EXIF and XMP.

Metadata never decides whether there are pixels: what cannot be understood leaves the image as it is
stored.
"""

from __future__ import annotations

import re
import struct

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
EXIF_PREFIX = b"Exif\0\0"
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_TAG, _SHORT, _LONG, _MOST_TAGS = 0x0112, 3, 4, 1000
_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])[\"'<]")


def read_orientation(exif: bytes = b"", xmp: bytes = b"") -> int:
    """The orientation, 1 to 8, from a block of EXIF, else from one of XMP; 1 where none is given.

    Examples
    --------
    >>> read_orientation(xmp=b'<x tiff:Orientation="6"/>'), read_orientation(b"II*")
    (6, 1)
    """
    try:
        found = _of_exif(exif.removeprefix(EXIF_PREFIX))
    except struct.error:  # an offset or a count beyond the block
        found = None
    if found is None and (match := _XMP.search(xmp)):
        found = int(match[1])
    return UPRIGHT if found is None else found


def _of_exif(tiff: bytes) -> int | None:
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return None
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for entry in range(start + 2, start + 2 + 12 * min(count, _MOST_TAGS), 12):
        tag, kind = struct.unpack_from(order + "HH", tiff, entry)
        if tag == _TAG:
            form = {_SHORT: "H", _LONG: "I"}.get(kind)
            (value,) = struct.unpack_from(order + form, tiff, entry + 8) if form else (0,)
            return int(value) if 1 <= value <= 8 else None
    return None


def as_stored(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """A view of an upright image (height, width, 3) in the order in which its file stores it."""
    if orientation >= 5:
        upright = upright.swapaxes(0, 1)
    if orientation in (2, 3, 7, 8):
        upright = upright[:, ::-1]
    if orientation in (3, 4, 6, 7):
        upright = upright[::-1]
    return upright
