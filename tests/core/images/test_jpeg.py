"""JPEG: what its segments say, and that metadata decides nothing."""

import struct

import numpy as np
import pytest
from PIL import Image

from core.errors import BadInput, TooLarge
from core.images import ImageLimits, decode
from core.images.header import Damaged
from core.images.jpeg import inspect
from tests.support.expect import raises
from tests.support.heavy import jpeg, with_scans
from tests.support.images import exif_block, gradient, saved

SMOOTH = gradient(24, 40)
FILE = saved(SMOOTH, "JPEG", quality=95)
PROGRESSIVE = saved(SMOOTH, "JPEG", quality=95, progressive=True)
XMP = b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='8'>"


def segment(code: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(content) + 2) + content


def with_segment(code: int, content: bytes) -> bytes:
    """FILE with one more segment at its beginning."""
    return FILE[:2] + segment(code, content) + FILE[2:]


@pytest.mark.parametrize("code", [0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF, 0xFE])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"JFIF",
        b"JFIF\0\1",
        b"Adobe",
        b"Adobe\0",
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0" + exif_block(6)[:-9],
        b"ICC_PROFILE\0\1\2",
        b"Photoshop 3.0\08BIM\xff",
        b"MPF\0II*\0\xff\xff\xff\xff",
        b"http://ns.adobe.com/xap/1.0/\0\xff\xfe",
    ],
)
def test_broken_metadata_leaves_the_pixels(code: int, content: bytes) -> None:
    assert np.array_equal(decode(with_segment(code, content)), decode(FILE))


def test_what_the_frame_says() -> None:
    header = inspect(FILE)
    assert (header.width, header.height, header.scans, header.work) == (40, 24, 1, 960)
    assert (header.per_pixel, header.beside, header.memory) == (4, 0, 3840)
    assert inspect(saved(SMOOTH[..., 0], "JPEG")).memory == 960
    assert inspect(saved(Image.fromarray(SMOOTH).convert("CMYK"), "JPEG")).memory == 3840


@pytest.mark.parametrize(("subsampling", "share"), [(0, 3.0), (1, 2.0), (2, 1.5)])
def test_a_progressive_one_keeps_its_coefficients(subsampling: int, share: float) -> None:
    header = inspect(saved(SMOOTH, "JPEG", progressive=True, subsampling=subsampling))
    assert header.scans == 10
    assert header.work == 10 * 960
    assert header.beside == 2 * share * 960


def test_large_ones_are_drawn_smaller_while_they_are_decoded() -> None:
    header = inspect(jpeg(6000, 5000))
    assert header.reduction == 2
    assert header.memory == 4 * 6000 * 5000 // 4


def test_the_way_up_stands_in_exif_or_in_xmp() -> None:
    assert inspect(with_segment(0xE1, b"Exif\0\0" + exif_block(6))).orientation == 6
    assert inspect(with_segment(0xE1, XMP)).orientation == 8
    both = FILE[:2] + segment(0xE1, XMP) + segment(0xE1, b"Exif\0\0" + exif_block(3)) + FILE[2:]
    assert inspect(both).orientation == 3


def test_pixels_end_with_the_first_image() -> None:
    assert np.array_equal(decode(FILE + FILE), decode(FILE))
    assert np.array_equal(decode(FILE + b"\0" * 99), decode(FILE))


def test_padding_and_stray_bytes_between_segments_do_not_matter() -> None:
    assert np.array_equal(decode(FILE[:2] + b"\xff\xff\xff" + FILE[2:]), decode(FILE))


def test_markers_are_found_wherever_the_pieces_end(monkeypatch: pytest.MonkeyPatch) -> None:
    known = inspect(PROGRESSIVE)
    for size in (2, 3, 64):
        monkeypatch.setattr("core.images.jpeg._PIECE", size)
        header = inspect(PROGRESSIVE)
        assert (header.scans, b"".join(header.pieces)) == (10, b"".join(known.pieces))


def test_scans_are_limited() -> None:
    assert inspect(with_scans(PROGRESSIVE, 1000)).scans == 1000
    assert decode(with_scans(PROGRESSIVE, 50)).shape == SMOOTH.shape
    with raises(
        BadInput,
        "the JPEG passes 51 times over its image; at most 50 scans are read "
        "(SIGNWATCH_MAX_SCANS). Save it as baseline JPEG",
    ):
        decode(with_scans(PROGRESSIVE, 51))
    assert decode(with_scans(PROGRESSIVE, 51), ImageLimits(max_scans=51)).shape == SMOOTH.shape


def test_coefficients_beyond_the_memory_are_refused() -> None:
    file = saved(SMOOTH, "JPEG", progressive=True, subsampling=0)
    needed = 960 * (4 + 6)
    assert decode(file, ImageLimits(max_memory=needed)).shape == SMOOTH.shape
    with raises(
        TooLarge,
        "the image of 40 x 24 pixels takes 0 MB to decode; at most 0 are lent "
        "(SIGNWATCH_MAX_DECODE_MEGABYTES). Reduce it, or save it as PNG or baseline JPEG",
    ):
        decode(file, ImageLimits(max_memory=needed - 1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xd8\xff", "it ends before its pixels"),
        (FILE[: FILE.index(b"\xff\xc0")], "it ends before its pixels"),
        (FILE[: FILE.index(b"\xff\xda")], "it ends before its pixels"),
        (FILE[:2] + b"\xff\xe1\0\1" + FILE[2:], "a segment is cut off"),
        (FILE[:2] + b"\xff\xe1\xff\xff" + FILE[2:], "a segment is cut off"),
        (b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1"), "its frame header is cut off"),
        (b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1\1"), "its frame header is cut off"),
        (b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1\0"), "its frame header is cut off"),
        (b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1\1\1\0\0"), "its frame header is damaged"),
        (b"\xff\xd8" + segment(0xFE, b"") * 10_000, "it has more than 10,000 segments"),
    ],
    ids=range(10),
)
def test_a_broken_structure_is_named(content: bytes, reason: str) -> None:
    with raises(Damaged, reason):
        inspect(content)
    with raises(BadInput, f"the image is truncated or damaged ({reason}); save it again"):
        decode(content)
