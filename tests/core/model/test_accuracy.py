"""Figures of a model on a labelled set, against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.datasets import Dataset
from core.model.accuracy import (
    ClassFigures,
    Evaluation,
    evaluate,
    expected_calibration_error,
    macro_f1,
)
from core.model.classifier import Classifier
from tests.support.images import blocks

confusions = arrays(np.int64, (5, 5), elements=st.integers(0, 20)).filter(lambda c: c.sum() > 0)


@pytest.fixture(scope="module")
def dataset(classifier: Classifier) -> Dataset:
    """Eight images; the classifier reads the last two wrongly."""
    images = [blocks(seed) for seed in range(8)]
    labels = classifier.predict_logits(images).argmax(axis=1).astype(np.int64)
    labels[6:] = (labels[6:] + 1) % 43
    return Dataset(images, labels, None, "eight")


def test_an_evaluation_is_of_every_image(classifier: Classifier, dataset: Dataset) -> None:
    evaluation = evaluate(classifier, dataset, fold="all")
    assert (evaluation.data, evaluation.fold, evaluation.images) == ("eight", "all", 8)
    assert evaluation.accuracy == 6 / 8
    probabilities = classifier.tempered(classifier.predict_logits(dataset.images))
    assert evaluation.ece == pytest.approx(
        expected_calibration_error(
            probabilities.max(axis=1), probabilities.argmax(axis=1) == dataset.labels
        )
    )
    assert len(evaluation.per_class) == 43
    assert sum(each.images for each in evaluation.per_class) == 8


def test_figures_of_one_class(classifier: Classifier, dataset: Dataset) -> None:
    evaluation = evaluate(classifier, dataset, fold="all")
    predicted = classifier.predict_logits(dataset.images).argmax(axis=1)
    for figures in evaluation.per_class:
        own, claimed = dataset.labels == figures.class_id, predicted == figures.class_id
        assert figures.images == own.sum()
        assert figures.recall == ((own & claimed).sum() / own.sum() if own.any() else None)
        assert figures.precision == (
            (own & claimed).sum() / claimed.sum() if claimed.any() else None
        )


def test_a_summary_leaves_the_classes_out() -> None:
    one = ClassFigures(0, "0 Speed limit 20 km/h", 1, 1.0, None)
    assert Evaluation("d", "all", 1, 1.0, 0.5, 0.25, (one,)).summary() == {
        "data": "d",
        "fold": "all",
        "images": 1,
        "accuracy": 1.0,
        "macro_f1": 0.5,
        "ece": 0.25,
    }


# Macro F1


def test_macro_f1_by_hand() -> None:
    confusion = np.array([[3, 1], [2, 4]])
    # class 0: 2 * 3 / (5 + 4) = 2/3; class 1: 2 * 4 / (5 + 6) = 8/11
    assert macro_f1(confusion) == pytest.approx((2 / 3 + 8 / 11) / 2)


def test_classes_that_do_not_occur_are_left_out() -> None:
    assert macro_f1(np.array([[2, 0, 0], [0, 3, 0], [0, 0, 0]])) == 1.0
    assert macro_f1(np.array([[2, 0, 2], [0, 4, 0], [0, 0, 0]])) == pytest.approx((2 / 3 + 1) / 2)


@given(confusions)
def test_macro_f1_is_the_mean_of_f1(confusion: np.ndarray) -> None:
    f1 = []
    for k in np.flatnonzero(confusion.sum(axis=1)):
        precision = confusion[k, k] / max(1, confusion[:, k].sum())
        recall = confusion[k, k] / confusion[k].sum()
        total = precision + recall
        f1.append(2 * precision * recall / total if total else 0.0)
    assert macro_f1(confusion) == pytest.approx(np.mean(f1))


# Expected calibration error


def test_ece_by_hand() -> None:
    confidence = np.array([0.95, 0.85, 0.84, 0.1])
    correct = np.array([True, True, False, False])
    # bins of 1/15: .95 -> 14; .85 and .84 -> 12; .1 -> 1
    expected = (abs(0.95 - 1) + abs(0.85 + 0.84 - 1) + 0.1) / 4
    assert expected_calibration_error(confidence, correct) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        ((0.63, 0.64), (0.63 + 0.64 - 1) / 2),  # 9/15 to 10/15: one bin
        ((0.66, 0.67), ((1 - 0.66) + 0.67) / 2),  # 10/15 lies between them
    ],
)
def test_bins_begin_at_fifteenths(confidence: tuple[float, float], expected: float) -> None:
    error = expected_calibration_error(np.array(confidence), np.array([True, False]))
    assert error == pytest.approx(expected)


def test_ece_within_a_bin_is_of_the_mean() -> None:
    confidence, correct = np.full(10, 0.7), np.arange(10) < 7
    assert expected_calibration_error(confidence, correct) == pytest.approx(0, abs=1e-12)


def test_full_confidence_falls_into_the_last_bin() -> None:
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([True, False])) == 0.5


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_ece_is_bounded_by_the_mean_gap(pairs: list[tuple[float, bool]]) -> None:
    confidence = np.array([pair[0] for pair in pairs])
    correct = np.array([pair[1] for pair in pairs])
    error = expected_calibration_error(confidence, correct)
    assert abs(confidence.mean() - correct.mean()) - 1e-9 <= error
    assert error <= np.abs(confidence - correct).mean() + 1e-9


def test_ece_of_calibrated_predictions_is_small() -> None:
    draw = np.random.default_rng(0)
    confidence = draw.uniform(0, 1, 200_000)
    correct = draw.uniform(0, 1, 200_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.005
