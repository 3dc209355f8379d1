"""Model quality from labels that came later, as Model Monitor names it, and estimates without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.monitoring.baseline import Baseline
from core.records.quality import EstimatedAccuracy, Figure, ModelQuality

WITHHELD = "withheld while an alarm stands: under attack it would mislead"
NO_LABELS = "the baseline has no labels. Create one from labelled data: baseline create --data PATH"
METRICS = (
    "accuracy",
    "weighted_recall",
    "weighted_precision",
    "weighted_f0_5",
    "weighted_f1",
    "weighted_f2",
)
BETAS = (0.5, 1.0, 2.0)
Floats = NDArray[np.float64]


def no_quality(reason: str) -> ModelQuality:
    """Nothing was computed, for one reason."""
    return ModelQuality(
        np.zeros((0, 0), dtype=np.int64), dict.fromkeys(METRICS, Figure(None, reason))
    )


def confusion(pairs: Mapping[tuple[int, int], int], classes: Sequence[int]) -> NDArray[np.int64]:
    """(true class, predicted class) -> predictions, as a (classes, classes) matrix."""
    places = {class_id: place for place, class_id in enumerate(classes)}
    matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for (truth, predicted), count in pairs.items():
        matrix[places[truth], places[predicted]] = count
    return matrix


def model_quality(matrix: NDArray[np.int64]) -> ModelQuality:
    """Accuracy, and recall, precision and F scores weighted by how often a class is the true one.

    matrix: of at least one prediction. Classes that are never true weigh nothing; one that is true
    and never predicted has a precision of 0, as in Spark's MulticlassMetrics.
    """
    truths, predicted, right = matrix.sum(1), matrix.sum(0), np.diag(matrix)
    total = truths.sum()
    true_classes = np.flatnonzero(truths)
    weights = truths[true_classes] / total
    recall = right[true_classes] / truths[true_classes]
    precision = right[true_classes] / np.maximum(predicted[true_classes], 1)
    values = [right.sum() / total, weights @ recall, weights @ precision]
    values += [weights @ f_score(precision, recall, beta) for beta in BETAS]
    return ModelQuality(
        matrix, {name: Figure(float(value)) for name, value in zip(METRICS, values, strict=True)}
    )


def f_score(precision: Floats, recall: Floats, beta: float) -> Floats:
    """(1 + beta^2) p r / (beta^2 p + r), and 0 where both are 0."""
    below = beta**2 * precision + recall
    above = (1 + beta**2) * precision * recall
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def estimated_accuracy(
    confidences: Floats, baseline: Baseline | None, *, alarm: bool, problem: str = ""
) -> EstimatedAccuracy:
    """Estimates for a window from its calibrated confidences and those of labelled baseline data.

    Mean confidence; difference of confidences: baseline accuracy + (mean here - mean there)
    (Guillory et al. 2021); average thresholded confidence: the share above the threshold that the
    baseline's accuracy is the share above of there (Garg et al. 2022). alarm: one stands, so
    nothing is estimated. problem: why there is no baseline, where one was chosen.
    """
    if alarm:
        return EstimatedAccuracy(*(Figure(None, WITHHELD),) * 3)
    if len(confidences) == 0:
        return EstimatedAccuracy(*(Figure(None, "the window holds no confidence"),) * 3)
    mean = float(np.mean(confidences))
    missing = problem or _nothing_to_compare(baseline)
    if baseline is None or baseline.confidence is None or baseline.accuracy is None:
        return EstimatedAccuracy(Figure(mean), Figure(None, missing), Figure(None, missing))
    difference = baseline.accuracy + mean - baseline.confidence.mean
    threshold = np.quantile(baseline.confidence.sample, 1 - baseline.accuracy, method="lower")
    return EstimatedAccuracy(
        Figure(mean),
        Figure(min(1.0, max(0.0, difference))),
        Figure(float(np.mean(confidences >= threshold))),
    )


def _nothing_to_compare(baseline: Baseline | None) -> str:
    """Why there is nothing to compare; empty if there is."""
    if baseline is None:
        return "there is no baseline to compare with. Create one from labelled data"
    if baseline.confidence is None:
        return "the baseline has no confidences"
    return "" if baseline.accuracy is not None else NO_LABELS
