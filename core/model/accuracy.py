"""Accuracy, macro F1, calibration error and per-class figures on a labelled set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, Fold
from core.labels import class_name
from core.model.classifier import Classifier


@dataclass(frozen=True)
class ClassFigures:
    """Figures of one class.

    recall: share of its images that are classified correctly, None without images; precision:
    share of its predictions that are correct, None without predictions.
    """

    class_id: int
    name: str
    images: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True)
class Evaluation:
    """Figures of a classifier; accuracy, macro_f1 (over classes present) and ece in [0, 1]."""

    data: str
    fold: str
    images: int
    accuracy: float
    macro_f1: float
    ece: float
    per_class: tuple[ClassFigures, ...]

    def summary(self) -> dict[str, Any]:
        """Everything but the per-class figures."""
        return {name: value for name, value in asdict(self).items() if name != "per_class"}


def evaluate(classifier: Classifier, dataset: Dataset, *, fold: Fold) -> Evaluation:
    """Measure `classifier` on every image of `dataset`; `fold` is only recorded."""
    probabilities = classifier.tempered(classifier.predict_logits(dataset.images))
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((classifier.classes, classifier.classes), dtype=np.int64)
    np.add.at(confusion, (dataset.labels, predicted), 1)
    return Evaluation(
        data=dataset.name,
        fold=fold,
        images=len(dataset),
        accuracy=float((predicted == dataset.labels).mean()),
        macro_f1=macro_f1(confusion),
        ece=expected_calibration_error(probabilities.max(axis=1), predicted == dataset.labels),
        per_class=tuple(_class_figures(confusion, k) for k in range(classifier.classes)),
    )


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur.

    Parameters
    ----------
    confusion
        (classes, classes), images by true class (rows) and predicted class (columns).

    Examples
    --------
    >>> round(macro_f1(np.array([[2, 0], [1, 1]])), 4)
    0.7333
    """
    hits = np.diag(confusion).astype(np.float64)
    f1 = 2 * hits / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)
    return float(f1[confusion.sum(axis=1) > 0].mean())


def expected_calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 15
) -> float:
    """ECE in [0, 1] with bins of equal width, of confidence (N,) and correct (N,).

    Naeini et al., AAAI 2015; Guo et al., ICML 2017, https://arxiv.org/abs/1706.04599.
    """
    index = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gap = np.bincount(index, confidence - correct, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def _class_figures(confusion: NDArray[np.int64], class_id: int) -> ClassFigures:
    hits = int(confusion[class_id, class_id])
    present, predicted = int(confusion[class_id].sum()), int(confusion[:, class_id].sum())
    return ClassFigures(
        class_id,
        class_name(class_id),
        present,
        recall=hits / present if present else None,
        precision=hits / predicted if predicted else None,
    )
