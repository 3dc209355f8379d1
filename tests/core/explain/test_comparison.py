"""A comparison: one colour scale, a signed difference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plotly.colors import sample_colorscale

from core.records.explanations import Circle, Style
from tests.support.explaining import make_comparison, make_explanation, make_two_rows


def test_one_scale_for_both_and_for_every_row() -> None:
    comparison = make_comparison(np.full((8, 8), 2.0), np.full((8, 8), 6.0))
    assert comparison.scale == 6.0
    over = {side.title: dict(comparison.panels(side, 0))["Map"] for side in comparison.sides}
    corner = {title: pixels[0, 0].tolist() for title, pixels in over.items()}
    assert corner["Clean"] == [252, 255, 164]  # Inferno's end
    assert corner["Adversarial"] != corner["Clean"]


def test_the_difference_is_adversarial_minus_clean() -> None:
    comparison = make_comparison()
    change = comparison.difference(0)
    assert change is not None
    assert change.tolist() == [[-1.0, 0.0], [1.0, 3.0]]


def test_overlays_and_maps_of_all_rows_share_one_scale() -> None:
    """An overlay is half as opaque as it can be from a third of the scale on."""
    two_rows = make_two_rows()
    assert (two_rows.rows, two_rows.scale) == (2, 6.0)
    for side, shares in zip(two_rows.sides, ((2 / 6, 3 / 6), (1 / 6, 6 / 6)), strict=True):
        for row, share in enumerate(shares):
            panels = {name: pixels[0, 0].tolist() for name, pixels in two_rows.panels(side, row)}
            level = round(255 * share) / 255
            (colour,) = sample_colorscale("gray", [level], colortype="tuple")
            opacity = 0.5 * min(1.0, 3 * level)
            over = [round(100 + opacity * (255 * each - 100)) for each in colour]
            assert panels == {
                "Image": [100] * 3,
                "Overlay": over,
                "Map": [round(255 * each) for each in colour],
            }


def test_the_difference_is_drawn_on_the_scale_of_the_maps() -> None:
    two_rows = make_two_rows()
    for row, (share, (red, green, blue)) in enumerate(
        [((2 - 1) / 6, (178, 24, 43)), ((6 - 3) / 6, (33, 102, 172))]
    ):
        panel = two_rows.difference_panel(row)
        assert panel is not None
        paled = round(255 - 0.35 * 155)
        mixed = [(1 - share) * paled + share * end for end in (red, green, blue)]
        assert panel[0, 0].tolist() == pytest.approx(mixed, abs=0.51)
    assert replace(two_rows, sides=two_rows.sides[:1]).difference_panel(0) is None


def test_the_share_outside_is_that_of_the_circle_drawn() -> None:
    # The circle holds the lower left pixel of four.
    comparison = make_comparison(style=Style(circle=Circle(0.25, 0.75, 0.25)))
    assert comparison.outside(make_explanation([[0.0, 1.0], [2.0, 4.0]])) == 5 / 7
