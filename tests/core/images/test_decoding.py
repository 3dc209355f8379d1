"""Untrusted bytes -> pixels -> PNG."""

import hashlib
import io
import os
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from core.errors import BadInput, SignwatchError, TooLarge, UnsupportedMedia
from core.images import (
    ImageFile,
    ImageLimits,
    decode,
    encode_png,
    read_file,
)
from tests.support.expect import raises
from tests.support.images import (
    BAD,
    GOOD,
    ORIENTATION,
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


def as_pillow_decodes(content: bytes) -> np.ndarray:
    """The plain way, for images that have nothing wrong with them."""
    with Image.open(io.BytesIO(content)) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):
            return np.round(np.asarray(upright) / 257).astype(np.uint8)[:, :, None].repeat(3, 2)
        if upright.has_transparency_data:
            white = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(white, upright.convert("RGBA"))
        return np.asarray(upright.convert("RGB"))


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGB", "PNG", {}),
        ("L", "PNG", {}),
        ("RGBA", "PNG", {}),
        ("LA", "PNG", {}),
        ("P", "PNG", {"transparency": 3}),
        ("I;16", "PNG", {}),
        ("RGB", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
        ("RGB", "JPEG", {"keep_rgb": True}),
        ("L", "JPEG", {}),
        ("CMYK", "JPEG", {}),
        ("RGB", "WEBP", {}),
        ("RGBA", "WEBP", {"lossless": True}),
    ],
    ids=str,
)
def test_every_mode_and_every_way_up_is_as_pillow_has_it(
    mode: str, kind: str, options: dict[str, object], orientation: int
) -> None:
    image = Image.fromarray(gradient(30, 23))
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    exif[ORIENTATION] = orientation
    content = saved(
        image.convert("L" if "I" in mode else mode).convert(mode), kind, exif=exif, **options
    )
    assert np.array_equal(decode(content), as_pillow_decodes(content))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_every_bmp_is_as_pillow_has_it(mode: str) -> None:
    content = saved(Image.fromarray(gradient(9, 13)).convert(mode), "BMP")
    assert np.array_equal(decode(content), as_pillow_decodes(content))


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


@pytest.mark.parametrize("name", ["zTXt", "iCCP"])
def test_a_bomb_in_metadata_costs_nothing(name: str) -> None:
    bomb = b"k\0\0" + zlib.compress(bytes(9_000_000))
    file = png(1, 1, depth=8, colour=0, rows=b"\0\7", **{name: bomb})
    assert decode(file).tolist() == [[[7, 7, 7]]]


def test_a_file_on_disk_is_named_in_the_error(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(saved(blocks(), "PNG"))
    bad.write_bytes(b"GIF89a")
    assert np.array_equal(read_file(good), blocks())
    with raises(
        UnsupportedMedia,
        f"{bad}: expected a PNG, JPEG, WebP, BMP or PPM file; this is a GIF: save it as PNG",
    ):
        read_file(bad)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SignwatchError):
        decode(data)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, left out, doubled or cut off, most of them near the beginning."""
    data = bytearray(content)
    for _ in range(chance.randrange(1, 9)):
        place = chance.randrange(min(len(data), chance.choice([64, 400, len(data)])))
        length = chance.choice([1, 1, 2, 4, 13])
        match chance.randrange(8):
            case 0:
                del data[place : place + length]
            case 1:
                data[place:place] = data[place : place + length]
            case 2:
                data[place : place + length] = chance.randbytes(length)
            case _:
                data[place] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
        if not data:
            break
    return bytes(data[: chance.choice([len(data), len(data), len(data) // 2])])


def with_metadata() -> list[bytes]:
    """Images that carry all the metadata that a program may write."""
    exif, pixels = Image.Exif(), Image.fromarray(gradient(24, 40))
    exif[ORIENTATION] = 6
    exif[0x010F], exif[0x0132] = "maker", "2026:01:01 00:00:00"
    exif.get_ifd(0x8769)[0x829A] = 0.01
    exif.get_ifd(0x8825)[1] = "N"
    everything = {"exif": exif, "icc_profile": b"profile" * 20}
    notes = PngInfo()
    for add in (notes.add_text, notes.add_itxt):
        add("XML:com.adobe.xmp", "<x tiff:Orientation='8'>")
    notes.add_text("comment", "a" * 300, zip=True)
    return [
        saved(pixels, "JPEG", comment=b"note", xmp=b"<x/>", dpi=(72, 72), **everything),
        saved(pixels, "JPEG", progressive=True, **everything),
        saved(pixels, "PNG", pnginfo=notes, dpi=(72, 72), gamma=0.45, **everything),
        saved(pixels, "WEBP", xmp=b"<x/>", **everything),
        b"P3\n# note\n2 1\n255\n1 2 3 4 5 6\n",
        b"P6 2 1 1000\n" + bytes(12),
        b"P1 3 2\n010\n111\n",
    ]


@settings(max_examples=int(os.environ.get("SIGNWATCH_FUZZED_IMAGES", "600")))
@given(
    content=st.sampled_from([*(file.content for file in GOOD), *with_metadata()]),
    seed=st.integers(0, 2**64),
)
def test_a_damaged_file_is_read_or_refused(content: bytes, seed: int) -> None:
    try:
        pixels = decode(damaged(content, random.Random(seed)), ImageLimits(max_pixels=100_000))
    except SignwatchError as error:
        assert error.status in (400, 413, 415)
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)
    assert 0 < pixels.shape[0] * pixels.shape[1] <= 100_000
