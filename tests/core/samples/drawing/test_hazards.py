"""Symbols of danger signs."""

import numpy as np
import pytest

from core.samples.drawing import hazards
from core.samples.drawing.marks import GREEN, RED, YELLOW, Marks


def points(marks: Marks) -> np.ndarray:
    """All corners, (n, 2)."""
    return np.concatenate([mark.outline for mark in marks])


@pytest.mark.parametrize(
    "draw",
    [hazards.exclamation, hazards.bumps, hazards.narrows_right, hazards.signals, hazards.snowflake],
)
def test_a_symbol_fits_into_the_triangle(draw) -> None:  # type: ignore[no-untyped-def]
    x, y = points(draw()).T
    assert max(np.ptp(x), np.ptp(y)) > 0.4
    # The white triangle: its sides run from the top, (0, -0.6), to the corners, (+-0.75, 0.65).
    assert (np.abs(x) <= 0.75 * (y + 0.72) / 1.25).all()
    assert y.max() <= 0.66


def test_signals_are_red_above_yellow_above_green() -> None:
    lights = sorted(hazards.signals(), key=lambda mark: mark.outline[:, 1].mean())
    assert [mark.ink for mark in lights] == [RED, YELLOW, GREEN]


def test_a_road_narrows_on_the_right() -> None:
    left, right = hazards.narrows_right()
    assert np.ptp(left.outline[:, 0]) < 0.2 < np.ptp(right.outline[:, 0])
    assert left.outline[:, 0].max() < right.outline[:, 0].min()
