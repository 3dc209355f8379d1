"""Model quality: figures against labels that came later, and estimates without labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.records.window import Window

CAUTION = (
    "An estimate from the model's own confidence, for benign change only: adversarial images get "
    "full confidence, so under attack the estimate is about 100 %."
)


class LabelKind(StrEnum):
    """Where labels come from. Only the first kind is ground truth; they are never mixed."""

    GROUND_TRUTH = "ground truth"
    VERDICTS = "analysts' verdicts"
    SENDERS = "senders' labels"


CAUTIONS = {
    LabelKind.GROUND_TRUTH: "",
    LabelKind.VERDICTS: (
        "A biased sample: analysts look at flagged predictions, so these figures describe those, "
        "and not the model."
    ),
    LabelKind.SENDERS: (
        "Not ground truth: labels that senders (the attack lab, `replay`) give to their images. "
        "A sender can claim anything."
    ),
}


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


@dataclass(frozen=True)
class EstimatedAccuracy:
    """Accuracy without labels, three ways; `caution` belongs beside every one of them."""

    mean_confidence: Figure
    difference_of_confidences: Figure
    average_thresholded_confidence: Figure
    caution: str = CAUTION


@dataclass(frozen=True, eq=False)
class Labelled:
    """The predictions that have a label of one kind.

    count: how many; classes: those that occur, rising: rows and columns of the confusion matrix.
    """

    kind: LabelKind
    count: int
    classes: tuple[int, ...]
    quality: ModelQuality


@dataclass(frozen=True, eq=False)
class WindowQuality:
    """One window. at: as of when; labels_in_log: ground truth of whatever window."""

    window: Window
    at: datetime
    predictions: int
    labelled: dict[LabelKind, Labelled]
    labels_in_log: int
    estimated: EstimatedAccuracy
