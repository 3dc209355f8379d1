"""Curves and strokes as polygons."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.samples.drawing.geometry import circle, path, rounded, stroked


def area(outline: NDArray[np.float64]) -> float:
    x, y = outline.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def test_a_path_keeps_its_corners() -> None:
    (square,) = path("M 0 0 H 2 V 2 L 0 2 Z")
    assert square.tolist() == [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]


def test_a_path_may_have_several_parts_and_curves() -> None:
    line, curve = path("M 0 0 L 1 -.5 M 0 0 Q 1 0 1 1")
    assert line.tolist() == [[0, 0], [1, -0.5]]
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [1, 1]


def test_a_circle_has_the_area_of_a_circle() -> None:
    assert area(circle(3, -2, 2)) == pytest.approx(4 * np.pi, rel=0.01)


def test_rounding_takes_the_corners_off_a_square() -> None:
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    # Four corner squares of side r lose (1 - pi / 4) of their area each.
    assert area(rounded(square, 0.5)) == pytest.approx(4 - 4 * 0.25 * (1 - np.pi / 4), rel=1e-3)


def test_a_stroke_is_as_wide_as_its_pen() -> None:
    (bar,) = stroked(np.array([[0.0, 0.0], [3.0, 0.0]]), 0.5)
    assert area(bar) == pytest.approx(1.5)
    assert np.ptp(bar, axis=0).tolist() == [3.0, 0.5]
