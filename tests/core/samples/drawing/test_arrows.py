"""Arrows: left and right, and where they point."""

import numpy as np
import pytest

from core.samples.drawing import arrows
from core.samples.drawing.marks import Marks


def points(marks: Marks) -> np.ndarray:
    """All corners, (n, 2)."""
    return np.concatenate([mark.outline for mark in marks])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (arrows.turn_left, arrows.turn_right),
        (arrows.ahead_or_left, arrows.ahead_or_right),
        (arrows.keep_left, arrows.keep_right),
        (arrows.bend_left, arrows.bend_right),
    ],
)
def test_left_is_right_mirrored(left, right) -> None:  # type: ignore[no-untyped-def]
    flipped = points(right()) * [-1, 1]
    assert np.allclose(sorted(points(left()).tolist()), sorted(flipped.tolist()))


def test_ahead_points_up_in_the_middle() -> None:
    corners = points(arrows.ahead())
    tip = corners[corners[:, 1].argmin()]
    assert tip[0] == pytest.approx(0, abs=1e-9)
    assert corners[:, 0].min() == pytest.approx(-corners[:, 0].max())


def test_the_roundabout_looks_the_same_after_a_third_of_a_turn() -> None:
    corners = points(arrows.roundabout())
    angle = np.radians(120)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = corners @ turn
    nearest = np.linalg.norm(turned[:, None] - corners[None], axis=2).min(axis=1)
    assert nearest.max() < 0.01
