"""Model quality from labels, and accuracy without."""

from dataclasses import replace

import numpy as np
import pytest

from core.monitoring.baseline import Baseline
from core.monitoring.quality_metrics import (
    confusion,
    estimated_accuracy,
    f_score,
    model_quality,
    no_quality,
)
from core.records.quality import CAUTION, Figure

NAMES = [
    "accuracy",
    "weighted_recall",
    "weighted_precision",
    "weighted_f0_5",
    "weighted_f1",
    "weighted_f2",
]


def test_the_confusion_matrix_has_true_classes_as_rows() -> None:
    matrix = confusion({(0, 0): 3, (0, 7): 1, (99, 7): 5}, (0, 7, 99))
    assert matrix.tolist() == [[3, 1, 0], [0, 0, 0], [0, 5, 0]]


def test_metrics_by_hand() -> None:
    # Class 0: 3 of 4 found, precision 1. Class 1: 1 of 1 found, precision 1/2.
    quality = model_quality(np.array([[3, 1], [0, 1]]))
    assert list(quality.metrics) == NAMES
    values = {name: figure.value for name, figure in quality.metrics.items()}
    assert values["accuracy"] == values["weighted_recall"] == pytest.approx(4 / 5)
    assert values["weighted_precision"] == pytest.approx(0.8 * 1 + 0.2 * 0.5)
    f1 = 0.8 * (2 * 0.75 / 1.75) + 0.2 * (2 * 0.5 / 1.5)
    assert values["weighted_f1"] == pytest.approx(f1)
    f2 = 0.8 * (5 * 0.75 / 4.75) + 0.2 * (5 * 0.5 / 3)
    assert values["weighted_f2"] == pytest.approx(f2)
    f05 = 0.8 * (1.25 * 0.75 / (0.25 + 0.75)) + 0.2 * (1.25 * 0.5 / (0.125 + 1))
    assert values["weighted_f0_5"] == pytest.approx(f05)


def test_a_true_class_that_is_never_predicted_has_a_precision_of_0() -> None:
    metrics = model_quality(np.array([[1, 0], [1, 0]])).metrics
    assert metrics["weighted_precision"] == Figure(0.25)
    assert metrics["weighted_f1"] == Figure(pytest.approx(1 / 3))


def test_without_labels_nothing_is_computed() -> None:
    quality = no_quality("no label yet")
    assert quality.metrics == dict.fromkeys(NAMES, Figure(None, "no label yet"))
    assert quality.confusion_matrix.shape == (0, 0)


def test_f_is_0_where_precision_and_recall_are() -> None:
    assert f_score(np.zeros(1), np.zeros(1), 1.0).tolist() == [0]


def labelled(confidences: np.ndarray, right: int | None) -> Baseline:
    return Baseline.of(43, np.ones(len(confidences), int), confidences=confidences, right=right)


def test_accuracy_without_labels() -> None:
    baseline = labelled(np.linspace(0.5, 0.99, 50), 40)  # 0.50, 0.51, ... mean 0.745
    window = np.array([0.4, 0.6, 0.95])
    estimate = estimated_accuracy(window, baseline, alarm=False)
    assert estimate.mean_confidence == Figure(pytest.approx(0.65))
    assert estimate.difference_of_confidences == Figure(pytest.approx(0.8 + 0.65 - 0.745))
    # A fifth of the baseline lies below 0.60 (rank 9 of 0..49 is 0.59): two of three are above.
    assert estimate.average_thresholded_confidence == Figure(pytest.approx(2 / 3))
    assert estimate.caution == CAUTION


def test_a_difference_is_kept_within_0_and_1() -> None:
    high = estimated_accuracy(np.ones(2), labelled(np.full(10, 0.5), 9), alarm=False)
    low = estimated_accuracy(np.zeros(2), labelled(np.ones(4), 2), alarm=False)
    assert high.difference_of_confidences == Figure(1.0)
    assert low.difference_of_confidences == Figure(0.0)


def test_accuracy_without_labels_is_withheld_under_an_alarm() -> None:
    estimate = estimated_accuracy(np.ones(5), labelled(np.ones(5), 5), alarm=True)
    withheld = Figure(None, "withheld while an alarm stands: under attack it would mislead")
    assert estimate.mean_confidence == withheld
    assert estimate.difference_of_confidences == withheld
    assert estimate.average_thresholded_confidence == withheld


def test_accuracy_without_labels_needs_confidences() -> None:
    empty = estimated_accuracy(np.array([]), labelled(np.ones(5), 5), alarm=False)
    assert empty.mean_confidence == Figure(None, "the window holds no confidence")


@pytest.mark.parametrize(
    ("right", "there", "here", "expected"), [(98, 0.8, 0.99, 1.0), (10, 0.9, 0.5, 0.0)]
)
def test_an_estimated_accuracy_lies_in_0_to_1(
    right: int, there: float, here: float, expected: float
) -> None:
    """0.98 + 0.99 - 0.8, and 0.1 + 0.5 - 0.9."""
    baseline = labelled(np.full(100, there), right)
    estimate = estimated_accuracy(np.full(7, here), baseline, alarm=False)
    assert estimate.difference_of_confidences == Figure(expected)


@pytest.mark.parametrize(
    ("baseline", "problem", "reason"),
    [
        (None, "", "there is no baseline to compare with. Create one from labelled data"),
        (None, "it is of another model", "it is of another model"),
        (replace(labelled(np.ones(5), 5), confidence=None), "", "the baseline has no confidences"),
        (
            labelled(np.ones(5), None),
            "",
            "the baseline has no labels. Create one from labelled data: baseline create --data "
            "PATH",
        ),
    ],
)
def test_the_other_estimates_need_a_labelled_baseline(
    baseline: Baseline | None, problem: str, reason: str
) -> None:
    estimate = estimated_accuracy(np.ones(5), baseline, alarm=False, problem=problem)
    assert estimate.mean_confidence == Figure(1.0)
    assert estimate.difference_of_confidences == Figure(None, reason)
    assert estimate.average_thresholded_confidence == Figure(None, reason)
