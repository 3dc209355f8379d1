"""BMP: what its header says."""

import struct

import numpy as np
import pytest
from PIL import Image

from core.errors import BadInput
from core.images import decode
from core.images.bmp import inspect
from tests.support.expect import raises
from tests.support.images import blocks, noise, saved

FILE = saved(noise(5, 7), "BMP")


def in_runs(width: int, height: int) -> bytes:
    """A BMP of 8 bits in runs, all of colour 1."""
    palette = bytes([0, 0, 0, 0, 30, 20, 10, 0])
    data = b"".join(bytes([width, 1, 0, 0]) for _ in range(height)) + b"\0\1"
    start = 14 + 40 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 2, 0)
    return struct.pack("<2sIII", b"BM", start + len(data), 0, start) + info + palette + data


def test_what_the_header_says() -> None:
    header = inspect(FILE)
    assert (header.width, header.height, header.memory, header.work) == (7, 5, 140, 35)
    assert inspect(saved(Image.fromarray(blocks()).convert("P"), "BMP")).memory == 32 * 32


def test_rows_from_the_top_have_a_negative_height() -> None:
    turned = FILE[:22] + struct.pack("<i", -5) + FILE[26:]
    assert inspect(turned).height == 5
    assert np.array_equal(decode(turned), decode(FILE)[::-1])


def test_runs_are_read_and_count_as_much_work() -> None:
    file = in_runs(9, 4)
    assert decode(file).tolist() == [[[10, 20, 30]] * 9] * 4
    assert inspect(file).work == 36 + 50 * len(file)
    assert inspect(file).memory == 3 * 36


def test_the_header_of_os_2_is_read() -> None:
    pixels = bytes([3, 2, 1, 0])
    file = struct.pack("<2sIIIIHHHH", b"BM", 30, 0, 26, 12, 1, 1, 1, 24) + pixels
    assert decode(file).tolist() == [[[1, 2, 3]]]


def test_what_is_cut_off_or_empty_is_refused() -> None:
    with raises(
        BadInput, "the image is truncated or damaged (its header is cut off); save it again"
    ):
        decode(FILE[:20])
    for width, height in ((0, 5), (-7, 5), (7, 0)):
        file = FILE[:18] + struct.pack("<ii", width, height) + FILE[26:]
        with pytest.raises(BadInput):
            decode(file)
