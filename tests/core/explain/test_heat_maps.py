"""Maps as pixels: one scale, overlays, signed differences, means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.colors import sample_colorscale

from core.errors import BadInput
from core.explain import heat_maps
from core.explain.heat_maps import COLOUR_MAPS, LESS, MORE
from core.records.explanations import Circle
from core.thumbnails import enlarged
from tests.support.expect import raises
from tests.support.images import blocks


@pytest.mark.parametrize("largest", [0.0, 1.0])
def test_no_saliency_leaves_the_image_as_it_is(largest: float) -> None:
    shown = heat_maps.overlay(blocks(), np.zeros((32, 32)), largest=largest)
    assert np.array_equal(shown, enlarged(blocks()))


def test_full_opacity_shows_the_end_of_the_scale_alone() -> None:
    shown = heat_maps.overlay(blocks(), np.full((4, 4), 9.0), largest=3.0, opacity=1.0)
    (colour,) = np.unique(shown.reshape(-1, 3), axis=0)
    assert colour.tolist() == [252, 255, 164]  # Inferno's brightest


def test_overlays_share_their_scale() -> None:
    """Half of the common largest looks the same, whatever the image's own largest is."""
    alone = heat_maps.overlay(blocks(), np.full((4, 4), 2.0), largest=4.0)
    beside = np.full((4, 4), 2.0)
    beside[3, 3] = 4.0
    shown = heat_maps.overlay(blocks(), beside, largest=4.0)
    assert np.array_equal(shown[:128, :128], alone[:128, :128])


def test_the_common_scale_is_not_set_by_one_pixel() -> None:
    first, second = np.full((32, 32), 2.0), np.full((32, 32), 3.0)
    second[0, 0] = 1000.0
    assert heat_maps.common_scale([first, second]) == 3.0
    assert heat_maps.common_scale([second, first]) == 3.0
    second[:4] = 7.0
    assert heat_maps.common_scale([first, second]) == 7.0


@pytest.mark.parametrize("colours", COLOUR_MAPS)
def test_every_colour_map_grows_brighter_step_by_step(colours: str) -> None:
    """So that more is brighter, on paper and for eyes without colours, too."""
    brightness = heat_maps.colour_table(colours) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(brightness[::16]) > 0).all()
    shown = heat_maps.coloured(np.array([[0.0, 1.0]]), largest=1.0, colours=colours)
    assert shown.shape == (128, 256, 3)
    assert shown[64, 0].mean() < shown[64, -1].mean()


def test_an_unknown_colour_map_is_named() -> None:
    with raises(
        BadInput, "expected a colour map of inferno, viridis, cividis, magma, greys, got 'jet'"
    ):
        heat_maps.colour_table("jet")


def test_the_difference_is_above_zero_where_the_first_has_more() -> None:
    first, second = np.array([[3.0, 1.0]]), np.array([[1.0, 2.0]])
    assert heat_maps.difference(first, second).tolist() == [[2.0, -1.0]]


def test_a_difference_is_red_above_zero_blue_below_and_pale_at_zero() -> None:
    change = np.array([[1.0, 0.0, -1.0]]).repeat(8, axis=1)
    grey = np.full((8, 24, 3), 100, dtype=np.uint8)
    shown = heat_maps.signed(grey, change, largest=1.0)
    row = shown[shown.shape[0] // 2]
    assert row[10].tolist() == list(MORE)
    assert row[-10].tolist() == list(LESS)
    assert row[shown.shape[1] // 2].tolist() == [round(255 - 0.35 * 155)] * 3


def test_a_map_of_another_size_is_brought_to_the_first() -> None:
    change = heat_maps.difference(np.full((4, 4), 3.0), np.full((8, 16), 1.0))
    assert change.tolist() == np.full((4, 4), 2.0).tolist()


def test_the_mean_of_maps_of_different_sizes() -> None:
    mean = heat_maps.mean_map([np.full((4, 4), 1.0), np.full((9, 5), 4.0)], side=6)
    assert mean == pytest.approx(np.full((6, 6), 2.5))


def test_what_is_too_fine_for_a_smaller_map_is_averaged() -> None:
    """White stripes between the places that a sample would look at."""
    stripes = np.zeros((8, 64))
    stripes[:, 1::4] = stripes[:, 2::4] = 1.0
    found = heat_maps.resampled(stripes, (2, 16))
    assert found[:, 1:-1] == pytest.approx(np.full((2, 14), 0.5), abs=0.01)
    mean = heat_maps.mean_map([stripes, np.ones((8, 8))], side=16)
    assert mean[:, 1:-1] == pytest.approx(np.full((16, 14), 0.75), abs=0.01)


def test_maps_are_opaque_from_a_third_of_the_scale_on() -> None:
    share = heat_maps.share_of_opacity(np.array([0.0, 0.1, 1 / 3, 0.5, 1.0]))
    assert share == pytest.approx([0.0, 0.3, 1.0, 1.0, 1.0])
    white, even = np.full((4, 4, 3), 255, np.uint8), np.ones((4, 4))
    shown = heat_maps.overlay(white, even, largest=5.0, opacity=0.8)
    # A fifth of the scale with an opacity of 0.8 * 0.6 over white.
    (colour,) = sample_colorscale("Inferno", [0.2], colortype="tuple")
    mixed = [round(255 * (0.52 + 0.48 * each)) for each in colour]
    assert np.unique(shown.reshape(-1, 3), axis=0).tolist() == [mixed]


def test_the_circle_is_drawn_where_it_is() -> None:
    grey = np.full((100, 200, 3), 100, np.uint8)
    drawn = heat_maps.circled(grey, Circle(0.25, 0.6, 0.2))
    y, x = np.nonzero((drawn != 100).any(axis=2))
    assert (x.min(), x.max(), y.min(), y.max()) == (30, 70, 40, 80)
    assert drawn[60, 50].tolist() == [100] * 3  # the sign itself stays as it is
    assert (grey == 100).all()


def test_no_map_has_no_mean() -> None:
    with raises(BadInput, "a mean map needs at least one map, got none"):
        heat_maps.mean_map([])


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1e3))
def test_an_even_map_stays_even_at_any_size(height: int, width: int, value: float) -> None:
    found = heat_maps.resampled(np.full((height, width), value), (7, 11))
    assert found == pytest.approx(np.full((7, 11), value), rel=1e-5)
