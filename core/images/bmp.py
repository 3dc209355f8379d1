"""BMP: its size, and how its pixels are packed."""

from __future__ import annotations

import struct

from core.images.header import Damaged, Header

MAGIC = b"BM"
_RUNS = (1, 2)  # kinds of packing: runs of equal pixels, of 8 and of 4 bits
_OF_RUNS = 50  # a byte of them takes as long as so many pixels: they are unpacked in Python
_SHORT = 12  # bytes of OS/2's header


def inspect(data: bytes) -> Header:
    """The header of a BMP; raises Damaged."""
    try:
        (length,) = struct.unpack_from("<I", data, 14)
        packing = 0
        if length == _SHORT:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        else:
            width, height, _, bits, packing = struct.unpack_from("<iiHHI", data, 18)
    except struct.error:
        raise Damaged("its header is cut off") from None
    pixels = width * abs(height)
    in_runs = packing in _RUNS
    return Header(
        width,
        abs(height),
        [data],
        per_pixel=3 if in_runs else 1 if bits <= 8 else 4,
        work=pixels + (_OF_RUNS * len(data) if in_runs else 0),
    )
