"""Model quality from labels that came later, as Model Monitor names it, and estimates without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

CAUTION = (
    "An estimate from the model's own confidence, fit for benign change only: adversarial pictures "
    "are read with full confidence, so under attack it says about 100 %."
)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """value, or None with the reason why it was not computed."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True)
class ModelQuality:
    """Multiclass metrics under Model Monitor's names.

    confusion_matrix: (classes, classes), rows the true class, columns the predicted one.
    """

    confusion_matrix: NDArray[np.int64]
    metrics: dict[str, Figure]


def confusion(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(n,) true and predicted classes -> (classes, classes) counts; raises BadInput."""
    if truth.shape != predicted.shape:
        raise BadInput(
            f"expected one label a prediction, got {len(truth)} labels and {len(predicted)} "
            "predictions"
        )
    both = np.concatenate([truth, predicted])
    if len(both) and not 0 <= both.min() <= both.max() < classes:
        raise BadInput(f"classes must lie in 0..{classes - 1}, got {both.min()}..{both.max()}")
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def model_quality(matrix: NDArray[np.int64]) -> ModelQuality:
    """Accuracy, and recall, precision and F scores weighted by how often a class is the true one.

    Classes that are never true weigh nothing; one that is true and never predicted has a precision
    of 0, as in Spark's MulticlassMetrics. Without any label nothing is computed.
    """
    truths, predicted, right = matrix.sum(1), matrix.sum(0), np.diag(matrix)
    names = ["accuracy", "weighted_recall", "weighted_precision"]
    names += ["weighted_f0_5", "weighted_f1", "weighted_f2"]
    total = truths.sum()
    if total == 0:
        reason = "no prediction of this window has its ground truth yet"
        return ModelQuality(matrix, dict.fromkeys(names, Figure(None, reason)))
    accuracy = Figure(float(right.sum() / total))
    true_classes = np.flatnonzero(truths)
    weights = truths[true_classes] / total
    recall = right[true_classes] / truths[true_classes]
    metrics = {"accuracy": accuracy, "weighted_recall": Figure(float(weights @ recall))}
    precision = right[true_classes] / np.maximum(predicted[true_classes], 1)
    metrics["weighted_precision"] = Figure(float(weights @ precision))
    for name, beta in (("weighted_f0_5", 0.5), ("weighted_f1", 1.0), ("weighted_f2", 2.0)):
        metrics[name] = Figure(float(weights @ f_score(precision, recall, beta)))
    return ModelQuality(matrix, metrics)


def f_score(precision: Floats, recall: Floats, beta: float) -> Floats:
    """(1 + beta^2) p r / (beta^2 p + r), and 0 where both are 0."""
    below = beta**2 * precision + recall
    above = (1 + beta**2) * precision * recall
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@dataclass(frozen=True)
class EstimatedAccuracy:
    """Accuracy without labels, three ways; `caution` belongs beside every one of them."""

    mean_confidence: Figure
    difference_of_confidences: Figure
    average_thresholded_confidence: Figure
    caution: str = CAUTION


def estimated_accuracy(
    confidences: Floats, baseline: Floats, baseline_accuracy: float | None, *, alarm: bool
) -> EstimatedAccuracy:
    """Estimates for a window from its calibrated confidences and those of labelled baseline data.

    Mean confidence; difference of confidences: baseline accuracy + (mean here - mean there)
    (Guillory et al. 2021); average thresholded confidence: the share above the threshold that the
    baseline's accuracy is the share above of there (Garg et al. 2022). alarm: one stands, so
    nothing is estimated.
    """
    if alarm:
        withheld = Figure(None, "withheld while an alarm stands: under attack it would mislead")
        return EstimatedAccuracy(withheld, withheld, withheld)
    if len(confidences) == 0:
        empty = Figure(None, "the window holds no confidence")
        return EstimatedAccuracy(empty, empty, empty)
    mean = float(np.mean(confidences))
    if baseline_accuracy is None or len(baseline) == 0:
        missing = Figure(None, "the baseline has no confidences with a known accuracy")
        return EstimatedAccuracy(Figure(mean), missing, missing)
    difference = baseline_accuracy + mean - float(np.mean(baseline))
    threshold = np.quantile(baseline, 1 - baseline_accuracy, method="lower")
    return EstimatedAccuracy(
        Figure(mean),
        Figure(min(1.0, max(0.0, difference))),
        Figure(float(np.mean(confidences >= threshold))),
    )
