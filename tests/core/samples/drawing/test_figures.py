"""People and the deer."""

import numpy as np
import pytest

from core.samples.drawing import figures
from core.samples.drawing.marks import Marks


def points(marks: Marks) -> np.ndarray:
    """All corners, (n, 2)."""
    return np.concatenate([mark.outline for mark in marks])


@pytest.mark.parametrize(
    "draw", [figures.pedestrian, figures.children, figures.roadworker, figures.deer]
)
def test_a_symbol_fits_into_the_triangle(draw) -> None:  # type: ignore[no-untyped-def]
    x, y = points(draw()).T
    assert max(np.ptp(x), np.ptp(y)) > 0.4
    # The white triangle: its sides run from the top, (0, -0.6), to the corners, (+-0.75, 0.65).
    assert (np.abs(x) <= 0.75 * (y + 0.72) / 1.25).all()
    assert y.max() <= 0.66
