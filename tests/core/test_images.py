"""Untrusted bytes -> pixels -> PNG."""

import hashlib
import io
import random
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from core.errors import BadInput, SignwatchError, TooLarge, UnsupportedMedia
from core.images import (
    ImageFile,
    ImageLimits,
    decode,
    encode_png,
    enlarge,
    fit,
    read_file,
    to_uint8,
)
from tests.support.expect import raises
from tests.support.images import (
    BAD,
    GOOD,
    BadFile,
    GoodFile,
    blocks,
    gradient,
    huge_png,
    noise,
    png,
    rotated_jpeg,
    saved,
)

every_good_file = pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
every_bad_file = pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
sides = st.integers(1, 12)
images = arrays(np.uint8, st.tuples(sides, sides, st.just(3)))


# What can be read is read rightly


@every_good_file
def test_a_readable_file_gives_its_pixels(file: GoodFile) -> None:
    pixels = decode(file.content)
    assert pixels.dtype == np.uint8
    assert pixels.shape == file.pixels.shape
    assert np.abs(pixels.astype(int) - file.pixels).max() <= file.within


@every_good_file
def test_a_image_keeps_file_and_media_type(file: GoodFile) -> None:
    image = ImageFile.from_file(file.content)
    assert image.media_type == file.media_type
    assert image.content == file.content
    assert image.sha256 == hashlib.sha256(file.content).hexdigest()
    assert np.array_equal(image.pixels, decode(file.content))


def test_an_image_of_a_phone_comes_out_upright() -> None:
    upright = gradient(24, 40)
    lying = np.asarray(Image.open(io.BytesIO(rotated_jpeg(upright))))
    assert lying.shape == (40, 24, 3)
    assert decode(rotated_jpeg(upright)).shape == (24, 40, 3)


@given(images)
def test_decode_undoes_encode(pixels: np.ndarray) -> None:
    assert np.array_equal(decode(encode_png(pixels)), pixels)


@given(images)
def test_pixels_without_a_file_become_one_that_decodes_to_them(pixels: np.ndarray) -> None:
    image = ImageFile.from_pixels(pixels)
    assert image.media_type == "image/png"
    assert np.array_equal(decode(image.content), pixels)


def test_a_ppm_of_a_data_set_is_read() -> None:
    assert np.array_equal(decode(saved(noise(5, 7), "PPM")), noise(5, 7))


# What cannot be read is refused, with the reason


@every_bad_file
def test_an_unreadable_file_is_refused_with_the_reason(file: BadFile) -> None:
    with raises(file.error, file.message):
        decode(file.content)
    with raises(file.error, file.message):
        ImageFile.from_file(file.content)


def test_the_huge_image_is_a_small_file() -> None:
    assert len(huge_png()) < 500_000


def test_a_huge_image_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(TooLarge):
        decode(huge_png())


def test_limits_hold_to_the_byte_and_to_the_pixel() -> None:
    file = saved(noise(10, 10), "PNG")
    exact = ImageLimits(max_bytes=len(file), max_pixels=100)
    assert decode(file, exact).shape == (10, 10, 3)
    with raises(
        TooLarge,
        f"the file has {len(file):,} bytes; at most {len(file) - 1:,} are read. "
        "Save it smaller or at a lower quality",
    ):
        decode(file, ImageLimits(max_bytes=len(file) - 1))
    with raises(
        TooLarge,
        "the image is 10 x 10 = 100 pixels; at most 99 are read. Reduce it and send it again",
    ):
        decode(file, ImageLimits(max_pixels=99))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_no_truncated_file_passes(kind: str, share: float) -> None:
    file = saved(noise(64, 64), kind)
    with pytest.raises(BadInput, match=r"^the image is truncated or damaged \("):
        decode(file[: int(share * len(file))])


def test_a_bomb_in_a_text_chunk_is_refused() -> None:
    file = png(
        1, 1, depth=8, colour=0, rows=b"\0\0", zTXt=b"k\0\0" + zlib.compress(bytes(9_000_000))
    )
    with raises(
        BadInput,
        "the image is truncated or damaged (Decompressed data too large for "
        "PngImagePlugin.MAX_TEXT_CHUNK); save it again",
    ):
        decode(file)


def test_a_file_on_disk_is_named_in_the_error(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(saved(blocks(), "PNG"))
    bad.write_bytes(b"GIF89a")
    assert np.array_equal(read_file(good), blocks())
    with raises(
        UnsupportedMedia,
        f"{bad}: expected a PNG, JPEG, WebP or BMP file; this is a GIF: save it as PNG",
    ):
        read_file(bad)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SignwatchError):
        decode(data)


@settings(max_examples=300)
@given(file=st.sampled_from(GOOD), seed=st.integers(0, 2**32))
def test_a_damaged_file_is_read_or_refused(file: GoodFile, seed: int) -> None:
    chance, data = random.Random(seed), bytearray(file.content)
    for _ in range(chance.randrange(1, 9)):
        data[chance.randrange(min(len(data), chance.choice([64, len(data)])))] = chance.choice(
            [0, 1, 127, 128, 255, chance.randrange(256)]
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of damaged EXIF data
        try:
            pixels = decode(bytes(data), ImageLimits(max_pixels=10_000))
        except SignwatchError:
            return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)


# Arithmetic on pixels


def test_levels_are_rounded_and_clipped() -> None:
    shares = np.array([-1, 0, 0.4 / 255, 0.6 / 255, 0.5, 1, 7])
    assert to_uint8(shares).tolist() == [0, 0, 0, 1, 128, 255, 255]


@given(st.integers(0, 255))
def test_every_level_survives_the_way_through_shares(level: int) -> None:
    assert to_uint8(np.array([level / 255])).tolist() == [level]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_fit_reduces_to_the_longest_side_and_never_enlarges(
    height: int, width: int, longest: int
) -> None:
    pixels = noise(height, width)
    fitted = fit(pixels, longest)
    assert fitted.dtype == np.uint8
    if max(height, width) <= longest:
        assert fitted is pixels
    else:
        assert max(fitted.shape[:2]) == longest
        assert min(fitted.shape[:2]) >= 1
        assert abs(fitted.shape[0] * width - fitted.shape[1] * height) <= max(height, width)


def test_fit_takes_the_mean_of_what_it_joins() -> None:
    pixels = np.zeros((2, 4, 3), dtype=np.uint8)
    pixels[:, :2] = [[[0], [100]], [[100], [200]]]
    assert fit(pixels, 2).tolist() == [[[100] * 3, [0] * 3]]


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    shortest=st.integers(1, 64),
    longest=st.integers(64, 128),
)
def test_enlarge_reaches_the_shortest_side_within_the_longest(
    height: int, width: int, shortest: int, longest: int
) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    enlarged = enlarge(pixels, shortest, longest)
    if min(height, width) >= shortest or max(height, width) >= longest:
        assert enlarged is pixels
    else:
        assert min(enlarged.shape[:2]) == shortest or max(enlarged.shape[:2]) == longest
        assert max(enlarged.shape[:2]) <= longest
        assert abs(enlarged.shape[0] * width - enlarged.shape[1] * height) <= max(height, width)


def test_enlarge_interpolates_linearly() -> None:
    pixels = np.array([[[0] * 3, [100] * 3]], np.uint8).repeat(2, axis=0)
    assert enlarge(pixels, 4, 4)[0, :, 0].tolist() == [0, 25, 75, 100]
