"""A comparison as one image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plotly.colors import sample_colorscale

from core.explain import png
from core.explain.comparison import Comparison
from core.images import decode
from core.records.explanations import Circle, Style
from tests.support.explaining import make_comparison, make_two_rows


@pytest.fixture
def comparison() -> Comparison:
    return make_comparison(
        style=Style("viridis", 0.5, Circle(0.75, 0.75, 0.25)),
        **{"Capture": "<b>id</b>", "Model SHA-256": "ab" * 32, "Date": "2026-02-14 12:00:00 UTC"},
    )


def test_the_png_lays_everything_side_by_side(comparison: Comparison) -> None:
    one = decode(png.render(replace(comparison, sides=comparison.sides[:1])))
    both = decode(png.render(comparison))
    assert both.shape[0] == one.shape[0]
    assert both.shape[1] > 2 * one.shape[1]
    (_, image), _, _ = comparison.panels(comparison.sides[0], 0)
    left, top = png.MARGIN, png.MARGIN + png.HEADER
    panel = both[top : top + png.PANEL, left : left + png.PANEL]
    assert abs(panel.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 2
    assert both[-1, -1].tolist() == [255, 255, 255]


def test_every_panel_of_every_row_stands_in_its_place() -> None:
    comparison = make_two_rows()
    drawn = decode(png.render(comparison))
    # Panels of 240, 12 between them and 24 between groups; a row of 300 below 28 + 78.
    for row, top in enumerate((106, 406)):
        for side, lefts in zip(comparison.sides, ((28, 280, 532), (796, 1048, 1300)), strict=True):
            for (_, panel), left in zip(comparison.panels(side, row), lefts, strict=True):
                for y, x in ((top, left), (top + 239, left + 239)):
                    assert drawn[y, x].tolist() == panel[0, 0].tolist()
                assert drawn[top + 120, left - 1].tolist() == [255] * 3
        change = comparison.difference_panel(row)
        assert change is not None
        assert drawn[top + 120, 1564 + 120].tolist() == change[0, 0].tolist()
    assert len({tuple(drawn[top, left]) for top in (106, 406) for left in (532, 1300, 1564)}) == 6


def test_the_scale_under_the_maps_is_theirs() -> None:
    drawn = decode(png.render(make_two_rows()))
    bar = drawn[drawn.shape[0] - 84 + 12, 28 : 28 + 256]
    ends = sample_colorscale("gray", [0.0, 0.5, 1.0], colortype="tuple")
    for place, colour in zip((0, 128, 255), ends, strict=True):
        assert np.abs(bar[place] - 255 * np.array(colour)).max() <= 2


def test_titles_captions_and_facts_are_written() -> None:
    """Where text stands, something is drawn; the margins stay white."""
    drawn = decode(png.render(replace(make_two_rows(), facts={"Capture": "id"})))
    height = drawn.shape[0]
    places = {
        "title": (28, 28, 18),
        "prediction": (54, 28, 26),
        "second title": (28, 796, 18),
        "second prediction": (54, 796, 26),
        "title of the difference": (28, 1564, 18),
        "ends of the difference": (62, 1564, 13),
        "caption": (356, 28, 15),
        "second caption": (356, 796, 15),
        "caption of the second row": (656, 28, 15),
        "scale": (height - 84 + 3, 28 + 268, 15),
        "source": (height - 84 + 34, 28, 13),
    }
    for name, (top, left, size) in places.items():
        assert (drawn[top : top + size, left : left + 60] < 128).any(), name
    assert (drawn[:28] == 255).all() and (drawn[:, :28] == 255).all()
