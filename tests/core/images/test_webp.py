"""WebP: what its chunks say, and that metadata decides nothing."""

import struct

import numpy as np
import pytest
from PIL import Image

from core.errors import BadInput
from core.images import decode
from core.images.header import Damaged
from core.images.webp import inspect, is_webp
from tests.support.expect import raises
from tests.support.images import blocks, exif_block, saved

LOSSLESS = saved(blocks(), "WEBP", lossless=True)
LOSSY = saved(blocks(), "WEBP")
EXIF = Image.Exif()
EXIF[0x0112] = 6
EXTENDED = saved(blocks(), "WEBP", lossless=True, exif=EXIF, xmp=b"<x/>", icc_profile=b"profile")


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    content = b"".join(
        struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )
    return struct.pack("<4sI4s", b"RIFF", len(content) + 4, b"WEBP") + content


def chunks_of(file: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 12
    while position < len(file):
        name, length = struct.unpack_from("<4sI", file, position)
        found.append((name, file[position + 8 : position + 8 + length]))
        position += 8 + length + length % 2
    return found


def test_what_the_header_says() -> None:
    for file in (LOSSLESS, LOSSY, EXTENDED):
        header = inspect(file)
        assert (header.width, header.height, header.frames) == (32, 32, 1)
        assert header.work == 4 * 32 * 32
    assert [inspect(file).memory for file in (LOSSLESS, LOSSY)] == [17 * 1024, 13 * 1024]
    assert [inspect(file).orientation for file in (LOSSLESS, EXTENDED)] == [1, 6]


def test_metadata_is_left_out() -> None:
    names = [name for name, _ in chunks_of(EXTENDED)]
    assert {b"EXIF", b"XMP ", b"ICCP"} <= set(names)
    kept = b"".join(inspect(EXTENDED).pieces)
    assert [name for name, _ in chunks_of(kept)] == [b"VP8X", b"VP8L"]
    assert dict(chunks_of(kept))[b"VP8X"][0] == 0
    assert np.array_equal(decode(EXTENDED), np.rot90(blocks(), -1))


@pytest.mark.parametrize("name", [b"EXIF", b"XMP ", b"ICCP", b"ABCD"])
@pytest.mark.parametrize("data", [b"", b"\xff", b"II*\0\xff\xff\xff\xff", b"Exif\0\0MM"])
def test_broken_metadata_leaves_the_pixels(name: bytes, data: bytes) -> None:
    whole = [*chunks_of(LOSSLESS), (name, data)]
    assert np.array_equal(decode(riff(*whole)), blocks())
    cut_off = riff(*whole)[:-1] + struct.pack("<4sI", name, 2**31)
    assert np.array_equal(decode(cut_off), blocks())


def test_the_way_up_stands_in_exif_or_in_xmp() -> None:
    pixels = chunks_of(LOSSLESS)
    assert inspect(riff(*pixels, (b"EXIF", exif_block(3)))).orientation == 3
    assert inspect(riff(*pixels, (b"XMP ", b"<x tiff:Orientation='8'>"))).orientation == 8


def test_frames_are_counted() -> None:
    moving = saved(
        Image.fromarray(blocks(1)),
        "WEBP",
        save_all=True,
        append_images=[Image.fromarray(blocks(n)) for n in (2, 3)],
    )
    assert inspect(moving).frames == 3


def test_a_file_is_known_by_its_beginning() -> None:
    assert is_webp(LOSSY)
    assert not is_webp(b"RIFF\0\0\0\0WAVE")
    assert not is_webp(b"WEBP")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (riff(), "it holds no whole image"),
        (riff((b"VP8 ", b"\0" * 9)), "it holds no whole image"),
        (riff((b"VP8L", b"\0" * 4)), "it holds no whole image"),
        (riff((b"VP8X", b"\0" * 9)), "its header is cut off"),
        (riff(*[(b"ABCD", b"")] * 10_000), "it has more than 10,000 chunks"),
    ],
    ids=range(5),
)
def test_a_broken_structure_is_named(content: bytes, reason: str) -> None:
    with raises(Damaged, reason):
        inspect(content)
    with raises(BadInput, f"the image is truncated or damaged ({reason}); save it again"):
        decode(content)
