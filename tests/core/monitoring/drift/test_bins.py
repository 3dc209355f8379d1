"""Predictions -> cells of the stream detector."""

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.drift.bins import ClassCells, ConfidenceCells
from tests.support.expect import raises


def test_cells_by_class_with_one_for_unknown_ids() -> None:
    cells = ClassCells(43)
    assert cells.count == 44
    assert cells.weights == (1.0,) * 44
    assert cells.of(np.array([0, 14, 42, 43, -1, 999])).tolist() == [0, 14, 42, 43, 43, 43]
    assert cells.describe(14) == "predictions of class 14"
    assert cells.describe(43) == "predictions of class ids outside the label set"
    assert (cells.class_of(14), cells.class_of(43)) == (14, None)


def test_cells_by_class_and_flag() -> None:
    cells = ClassCells(3, by_flag=True)
    assert cells.count == len(cells.weights) == 8
    assert cells.weights == (1.0,) * 4 + (5.0,) * 4
    found = cells.of(np.array([0, 2, 2, 7]), np.array([False, False, True, True]))
    assert found.tolist() == [0, 2, 6, 7]
    assert [cells.class_of(cell) for cell in found] == [0, 2, 2, None]
    assert cells.describe(2) == "predictions of class 2 that are not flagged"
    assert cells.describe(6) == "predictions of class 2 that are flagged"
    with raises(BadInput, "cells by class and flag need to know which predictions were flagged"):
        cells.of(np.array([0]))


def test_confidence_bins_hold_equally_many_of_the_baseline() -> None:
    sample = np.linspace(0, 1, 101)
    cells = ConfidenceCells.between_quantiles(sample.tolist(), bins=4)
    assert cells.edges == pytest.approx((0.25, 0.5, 0.75))
    assert np.bincount(cells.of(sample)).tolist() == [25, 25, 25, 26]
    assert cells.describe(0) == "predictions with a confidence of 0 to 0.25"
    assert cells.describe(3) == "predictions with a confidence of 0.75 to 1"


def test_equal_confidences_make_fewer_bins() -> None:
    assert ConfidenceCells.between_quantiles([1.0] * 50).count == 1
    cells = ConfidenceCells.between_quantiles([0.5] * 5 + [1.0] * 45)
    assert cells.edges == (1.0,)
    assert cells.of(np.array([0.2, 0.5, 1.0])).tolist() == [0, 0, 1]


def test_confidences_out_of_range_are_refused() -> None:
    cells = ConfidenceCells((0.5,))
    for odd in (-0.1, 1.1, float("nan")):
        with raises(BadInput, "confidences must lie in [0, 1]"):
            cells.of(np.array([0.5, odd]))
    with raises(BadInput, "the baseline holds no confidence, so its channel cannot be watched"):
        ConfidenceCells.between_quantiles([])
