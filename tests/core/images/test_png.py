"""PNG: what its chunks say, and that metadata decides nothing."""

import struct
import zlib

import numpy as np
import pytest

from core.errors import BadInput
from core.images import decode
from core.images.header import Damaged
from core.images.png import MAGIC, MOST_CHUNKS, inspect
from tests.support.expect import raises
from tests.support.heavy import png_chunk
from tests.support.images import blocks, exif_block, noise, png, png_16_bit, saved

PIXELS = noise(5, 7)
FILE = saved(PIXELS, "PNG")
BEHIND_HEADER = len(MAGIC) + 25


def with_chunk(name: bytes, data: bytes, *, checksum: bytes | None = None) -> bytes:
    """FILE with one more chunk behind its header."""
    chunk = png_chunk(name, data)
    if checksum is not None:
        chunk = chunk[:-4] + checksum
    return FILE[:BEHIND_HEADER] + chunk + FILE[BEHIND_HEADER:]


@pytest.mark.parametrize("name", [b"eXIf", b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"pHYs"])
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 40, b"MM\0*\xff\xff\xff\xff", b"a\0\0\1\2"])
@pytest.mark.parametrize("checksum", [None, b"\1\2\3\4"])
def test_broken_metadata_leaves_the_pixels(name: bytes, data: bytes, checksum: bytes) -> None:
    assert np.array_equal(decode(with_chunk(name, data, checksum=checksum)), PIXELS)


@pytest.mark.parametrize("name", [b"cHRM", b"sRGB", b"fcTL", b"fdAT", b"acTL", b"abCd", b"ABCD"])
def test_chunks_that_are_not_understood_leave_the_pixels(name: bytes) -> None:
    assert np.array_equal(decode(with_chunk(name, b"\xff\0")), PIXELS)


def test_what_the_header_says() -> None:
    header = inspect(FILE)
    assert (header.width, header.height, header.pixels, header.reduction) == (7, 5, 35, 1)
    assert (header.orientation, header.frames, header.scans) == (1, 1, 1)
    assert (header.per_pixel, header.memory, header.work) == (4, 140, 35)
    assert inspect(saved(PIXELS[..., 0], "PNG")).memory == 35
    assert inspect(png_16_bit(np.zeros((5, 7), np.uint16))).memory == 70


@pytest.mark.parametrize(("announced", "frames"), [(0, 1), (1, 1), (2, 2), (9, 9)])
def test_frames_are_counted_before_the_pixels(announced: int, frames: int) -> None:
    file = with_chunk(b"acTL", struct.pack(">II", announced, 0))
    assert inspect(file).frames == frames
    behind = FILE[:-12] + png_chunk(b"acTL", struct.pack(">II", announced, 0)) + FILE[-12:]
    assert inspect(behind).frames == 1


def test_the_way_up_stands_in_exif_or_in_xmp() -> None:
    assert inspect(with_chunk(b"eXIf", exif_block(6))).orientation == 6
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation='8'>"
    assert inspect(with_chunk(b"iTXt", xmp)).orientation == 8
    assert inspect(with_chunk(b"tEXt", xmp)).orientation == 1


def test_what_follows_the_end_is_left_alone() -> None:
    assert np.array_equal(decode(FILE + b"\0" * 100), PIXELS)


def test_pixels_in_many_small_chunks_are_joined() -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in blocks())
    packed = zlib.compress(rows)
    parts = b"".join(png_chunk(b"IDAT", packed[n : n + 1]) for n in range(len(packed)))
    whole = png(32, 32, depth=8, colour=2, rows=rows)
    split = whole[:BEHIND_HEADER] + parts + png_chunk(b"IEND", b"")
    assert np.array_equal(decode(split), blocks())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (MAGIC, "its header is cut off"),
        (FILE[:20], "its header is cut off"),
        (MAGIC + png_chunk(b"IHDR", b"\0" * 12), "its header is cut off"),
        (MAGIC + png_chunk(b"IDAT", b""), "it does not begin with an IHDR chunk"),
        (FILE[:BEHIND_HEADER], "it holds no pixels"),
        (FILE[:BEHIND_HEADER] + FILE[-12:], "it holds no pixels"),
        (
            FILE[: BEHIND_HEADER - 1] + b"\0" + FILE[BEHIND_HEADER:],
            "the checksum of its IHDR is wrong",
        ),
        (with_chunk(b"PLTE", b"abc", checksum=b"\0" * 4), "the checksum of its PLTE is wrong"),
        (
            FILE[:BEHIND_HEADER] + png_chunk(b"IDAT", b"") * MOST_CHUNKS,
            "it has more than 100,000 chunks",
        ),
    ],
    ids=range(9),
)
def test_a_broken_structure_is_named(content: bytes, reason: str) -> None:
    with raises(Damaged, reason):
        inspect(content)
    with raises(BadInput, f"the image is truncated or damaged ({reason}); save it again"):
        decode(content)
