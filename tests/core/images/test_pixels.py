"""Arithmetic on pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.images import enlarge, fit, to_uint8
from core.images.pixels import reduced_rows
from tests.support.images import noise


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


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_rows_are_reduced_as_the_whole_image_is(factor: int, at_once: int) -> None:
    pixels = noise(13, 9)
    stripes = (pixels[top : top + at_once].tobytes() for top in range(0, 13, at_once))
    reduced = np.asarray(Image.fromarray(pixels).reduce(factor))
    assert b"".join(reduced_rows(stripes, 9, factor)) == reduced.tobytes()
