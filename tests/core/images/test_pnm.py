"""PBM, PGM and PPM: every kind, as Pillow reads them where it does, and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from core.errors import BadInput
from core.images import decode
from core.images.pnm import inspect, is_pnm
from tests.support.expect import raises
from tests.support.images import noise

GREY = np.array([[0, 1, 2], [7, 8, 9]])
COLOUR = np.arange(18).reshape(2, 3, 3) % 10


def as_text(values: np.ndarray, between: bytes = b" ") -> bytes:
    return between.join(b"%d" % value for value in values.reshape(-1))


def as_bytes(values: np.ndarray, white: int) -> bytes:
    return values.astype(np.uint8 if white < 256 else ">u2").tobytes()


def shown(values: np.ndarray, white: int) -> np.ndarray:
    levels = np.round(values / white * 255).astype(np.uint8)
    return levels if levels.ndim == 3 else levels[:, :, None].repeat(3, axis=2)


@pytest.mark.parametrize("white", [9, 200, 255, 256, 1000, 65_535])
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_levels_are_shares_of_white(kind: str, white: int) -> None:
    values = COLOUR if kind in ("P3", "P6") else GREY
    values = values * (white // 9)
    data = as_text(values) if kind in ("P2", "P3") else as_bytes(values, white)
    file = f"{kind}\n3 2\n{white}\n".encode() + data
    assert np.array_equal(decode(file), shown(values, white))
    by_pillow = Image.open(io.BytesIO(file))
    if by_pillow.mode == "RGB" or by_pillow.mode == "L":
        assert np.array_equal(decode(file), np.asarray(by_pillow.convert("RGB")))


@pytest.mark.parametrize("width", [1, 7, 8, 9, 17])
def test_bits_are_black_where_they_are_set(width: int) -> None:
    bits = noise(3, width)[..., 0] > 100
    expected = np.where(bits, 0, 255).astype(np.uint8)[:, :, None].repeat(3, axis=2)
    raw = b"P4 %d 3 " % width + np.packbits(bits, axis=1).tobytes()
    assert np.array_equal(decode(raw), expected)
    for between in (b"", b"\n"):
        text = b"P1 %d 3\n" % width + as_text(bits, between)
        assert np.array_equal(decode(text), expected)


def test_what_is_more_than_white_is_white() -> None:
    assert decode(b"P5 2 1 10\n\x05\x0b").tolist() == [[[128] * 3, [255] * 3]]


@pytest.mark.parametrize(
    "file",
    [
        b"P3\n# made by\n1 1 # of one pixel\n255\n1 2 3",
        b"P3#\n1#\n1#\n255 1 2 3",
        b"P3 1 1 255 1# not a level: 9\n 2 3 4 5",
        b"P3 1 1 255\t1\r\n2\v\f3\n\n",
    ],
)
def test_comments_and_blanks_are_left_out(file: bytes) -> None:
    assert decode(file).tolist() == [[[1, 2, 3]]]


def test_long_files_are_read_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise(40, 50)
    text = b"P3 50 40 255\n" + as_text(pixels, b"\n")
    raw = b"P6 50 40 255\n" + pixels.tobytes()
    for size in (1, 7, 1000):
        monkeypatch.setattr("core.images.pnm._TEXT", size)
        monkeypatch.setattr("core.images.pnm._STRIPE", size)
        assert np.array_equal(decode(text), pixels)
        assert np.array_equal(decode(raw), pixels)


def test_what_decoding_takes() -> None:
    raw, text = inspect(b"P6 3 2 255\n"), inspect(b"P3 3 2 255\n1 2")
    assert (raw.width, raw.height, raw.work) == (3, 2, 6)
    assert text.work == 6 + 14
    assert text.memory == raw.memory + 2 * 14


@pytest.mark.parametrize("file", [b"P1 1 1 ", b"P6#\n1 1 1 ", b"P5\n\n9 9\n255\n"])
def test_a_file_is_known_by_its_header(file: bytes) -> None:
    assert is_pnm(file)


@pytest.mark.parametrize("file", [b"P6", b"P0 1 1", b"P7 1 1", b"Pf 1 1", b"P6 x 1", b"PyP 1 1 1"])
def test_other_files_are_none(file: bytes) -> None:
    assert not is_pnm(file)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"P6 1 1 ", "its header lacks the level of white"),
        (b"P6 1 1 x", "its header lacks the level of white"),
        (b"P6 1 1 0\nabc", "the level of white must lie in 1..65535, got 0"),
        (b"P6 1 1 65536\nabc", "the level of white must lie in 1..65535, got 65536"),
        (b"P6 1 1 255", "its header is cut off"),
        (b"P6 1 1 255\nab", "it ends before its pixels"),
        (b"P6 1 1 256\nabcde", "it ends before its pixels"),
        (b"P4 9 1 a", "it ends before its pixels"),
        (b"P3 1 1 255\n1 2", "it ends before its pixels"),
        (b"P3 1 1 255\n", "it ends before its pixels"),
        (b"P3 1 1 9\n1 2 10", "a level is 10, more than its white of 9"),
        (b"P1 1 1\n2", "a level is 2, more than its white of 1"),
        (b"P3 1 1 9\n1 -2 3", "b'-' stands among its numbers"),
        (b"P3 1 1 9\n1 2_2 3", "b'_' stands among its numbers"),
        (b"P3 1 1 9\n" + b"9" * 5000, "a number has too many digits"),
        (b"P3 1 1 9\n" + b"9" * 30, "a number has too many digits"),
        (b"P3 1 1 9\n" + b"#\n" * 10_001, "it has more than 10,000 comments"),
    ],
    ids=range(17),
)
def test_a_broken_file_is_refused(content: bytes, reason: str) -> None:
    with raises(BadInput, f"the image is truncated or damaged ({reason}); save it again"):
        decode(content)
