"""The budget of an image: refused beyond it, and not below."""

import numpy as np
import pytest

from core.errors import BadInput, TooLarge
from core.images import ImageLimits, decode
from core.images.header import Header
from tests.support.expect import raises
from tests.support.images import noise, png, saved


def header(width: int = 10, height: int = 10, **facts: int) -> Header:
    return Header(width, height, [], **{"per_pixel": 4, "work": 1} | facts)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (0, 0)])
def test_an_image_has_pixels(width: int, height: int) -> None:
    with raises(BadInput, f"the image is {width} x {height} pixels; expected at least 1 x 1"):
        ImageLimits().check(header(width, height))


def test_sides_are_limited() -> None:
    limits = ImageLimits(max_side=20)
    assert decode(saved(noise(20, 20), "PNG"), limits).shape == (20, 20, 3)
    for height, width in ((21, 3), (3, 21)):
        with raises(
            TooLarge,
            f"the image is {width} x {height} pixels; a side may have at most 20 "
            "(SIGNWATCH_MAX_SIDE). Reduce it and send it again",
        ):
            decode(saved(noise(height, width), "PNG"), limits)


def test_the_aspect_is_limited() -> None:
    limits = ImageLimits(max_aspect=2.5)
    assert decode(saved(noise(2, 5), "PNG"), limits).shape == (2, 5, 3)
    for height, width in ((2, 6), (6, 2)):
        with raises(
            TooLarge,
            f"the image is {width} x {height} pixels; the longer side may be at most 2.5 times "
            "the shorter one (SIGNWATCH_MAX_ASPECT). Crop it and send it again",
        ):
            decode(saved(noise(height, width), "PNG"), limits)


@pytest.mark.parametrize(("width", "height"), [(1, 8_000_000), (8_000_000, 1), (8, 4_999_999)])
def test_small_files_of_long_images_are_refused(width: int, height: int) -> None:
    file = png(width, height, depth=8, colour=0, rows=b"")
    with pytest.raises(TooLarge, match="SIGNWATCH_MAX_SIDE"):
        decode(file)


def test_a_large_photo_is_within_the_limits() -> None:
    ImageLimits().check(header(8000, 5000))
    ImageLimits().check(header(2000, 20_000))


def test_memory_is_limited() -> None:
    limits = ImageLimits(max_memory=1_000_400)
    limits.check(header(beside=1_000_000))
    with raises(
        TooLarge,
        "the image of 10 x 10 pixels takes 1 MB to decode; at most 1 are lent "
        "(SIGNWATCH_MAX_DECODE_MEGABYTES). Reduce it, or save it as PNG or baseline JPEG",
    ):
        limits.check(header(beside=1_000_001))


def test_the_file_is_limited() -> None:
    file = saved(np.zeros((2, 2, 3), np.uint8), "PNG")
    limits = ImageLimits(max_bytes=len(file))
    limits.check_file(len(file))
    with pytest.raises(TooLarge, match=f"^the file has {len(file) + 1:,} bytes; at most"):
        limits.check_file(len(file) + 1)
