"""A comparison: one colour scale, a signed difference."""

from __future__ import annotations

import numpy as np

from tests.support.explaining import make_comparison


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
