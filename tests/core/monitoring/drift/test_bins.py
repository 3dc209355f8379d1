"""Predictions -> bins of the drift detector."""

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.drift.bins import ClassBins, ConfidenceBins
from tests.support.expect import raises


def test_bins_by_class_with_one_for_unknown_ids() -> None:
    bins = ClassBins(43)
    assert bins.count == 44
    assert bins.weights == (1.0,) * 44
    assert bins.of(np.array([0, 14, 42, 43, -1, 999])).tolist() == [0, 14, 42, 43, 43, 43]
    assert bins.describe(14) == "class 14 (Stop)"
    assert bins.describe(43) == "classes outside the label set"
    assert bins.change(14) == "Class 14 (Stop) is more frequent than in the baseline"
    assert bins.change(43) == "Classes outside the label set are more frequent than in the baseline"
    assert (bins.class_of(14), bins.class_of(43)) == (14, None)


def test_bins_by_class_and_flag() -> None:
    bins = ClassBins(3, by_flag=True)
    assert bins.count == len(bins.weights) == 8
    assert bins.weights == (1.0,) * 4 + (5.0,) * 4
    found = bins.of(np.array([0, 2, 2, 7]), np.array([False, False, True, True]))
    assert found.tolist() == [0, 2, 6, 7]
    assert [bins.class_of(bin_id) for bin_id in found] == [0, 2, 2, None]
    assert bins.describe(2) == "class 2 (Speed limit 50 km/h)"
    assert bins.describe(6) == "flagged class 2 (Speed limit 50 km/h)"
    assert bins.change(6) == (
        "Class 2 (Speed limit 50 km/h) is flagged more often than in the baseline"
    )
    assert bins.change(7) == (
        "Classes outside the label set are flagged more often than in the baseline"
    )
    with raises(BadInput, "bins by class and flag need to know which predictions were flagged"):
        bins.of(np.array([0]))


def test_confidence_bins_hold_equally_many_of_the_baseline() -> None:
    sample = np.linspace(0, 1, 101)
    bins = ConfidenceBins.between_quantiles(sample.tolist(), bins=4)
    assert bins.edges == pytest.approx((0.25, 0.5, 0.75))
    assert np.bincount(bins.of(sample)).tolist() == [25, 25, 25, 26]
    assert [bins.describe(bin_id) for bin_id in (0, 2, 3)] == [
        "confidence below 25 %",
        "confidence between 50 % and 75 %",
        "confidence at least 75 %",
    ]
    assert [bins.direction(bin_id) for bin_id in range(4)] == [
        "dropped",
        "changed",
        "changed",
        "rose",
    ]


def test_equal_confidences_make_fewer_bins() -> None:
    assert ConfidenceBins.between_quantiles([1.0] * 50).count == 1
    bins = ConfidenceBins.between_quantiles([0.5] * 5 + [1.0] * 45)
    assert bins.edges == (1.0,)
    assert bins.of(np.array([0.2, 0.5, 1.0])).tolist() == [0, 0, 1]


def test_confidences_out_of_range_are_refused() -> None:
    bins = ConfidenceBins((0.5,))
    for odd in (-0.1, 1.1, float("nan")):
        with raises(BadInput, "confidences must lie in [0, 1]"):
            bins.of(np.array([0.5, odd]))
    with raises(BadInput, "the baseline holds no confidence, so its channel cannot be checked"):
        ConfidenceBins.between_quantiles([])
