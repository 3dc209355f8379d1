"""A comparison as one image."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.explain import png
from core.explain.comparison import Comparison
from core.images import decode
from core.records.explanations import Circle, Style
from tests.support.explaining import make_comparison


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
