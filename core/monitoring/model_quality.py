"""How good the predictions of a window were: by labels that came later, and without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.monitoring.quality_metrics import (
    EstimatedAccuracy,
    ModelQuality,
    confusion,
    estimated_accuracy,
    model_quality,
    no_quality,
)
from core.monitoring.rules.in_force import Against
from core.records.window import Window, now
from core.store import QualityTable
from core.store.quality import Pairs

MAX_CLASSES = 1_000


class LabelKind(StrEnum):
    """Where labels come from. Only the first kind is ground truth; they are never mixed."""

    GROUND_TRUTH = "ground truth"
    VERDICTS = "analysts' verdicts"
    SENDERS = "senders' labels"


NONE_YET = {
    LabelKind.GROUND_TRUTH: "no prediction of this window has its ground truth yet",
    LabelKind.VERDICTS: "no prediction of this window has a verdict that gives its right class",
    LabelKind.SENDERS: "no sender of this window's requests said what the image shows",
}
CAUTIONS = {
    LabelKind.GROUND_TRUTH: "",
    LabelKind.VERDICTS: (
        "A biased sample: analysts look at flagged predictions, so this says how good those are, "
        "and not how good the model is."
    ),
    LabelKind.SENDERS: (
        "No ground truth: what rehearsals (the attack lab, `replay`) said of their own images. "
        "Whoever sends a request can say anything."
    ),
}


@dataclass(frozen=True, eq=False)
class Labelled:
    """The predictions that have a label of one kind.

    count: how many; classes: those that occur, rising: rows and columns of the confusion matrix.
    """

    kind: LabelKind
    count: int
    classes: tuple[int, ...]
    quality: ModelQuality

    @staticmethod
    def of(kind: LabelKind, pairs: Pairs) -> Labelled:
        """From (true class, predicted class) -> predictions."""
        classes = tuple(sorted({class_id for pair in pairs for class_id in pair}))
        count = sum(pairs.values())
        if not pairs:
            return Labelled(kind, 0, (), no_quality(NONE_YET[kind]))
        if len(classes) > MAX_CLASSES:
            why = f"{len(classes):,} classes occur, and at most {MAX_CLASSES:,} are compared"
            return Labelled(kind, count, (), no_quality(why))
        return Labelled(kind, count, classes, model_quality(confusion(pairs, classes)))


@dataclass(frozen=True, eq=False)
class WindowQuality:
    """One window. at: as of when; labels_in_log: ground truth of whatever window."""

    window: Window
    at: datetime
    predictions: int
    labelled: dict[LabelKind, Labelled]
    labels_in_log: int
    estimated: EstimatedAccuracy


class Quality:
    """Answers for any window, with the labels that have come until now.

    against: the baseline in force, for the estimates.
    """

    def __init__(self, table: QualityTable, against: Callable[[], Against]) -> None:
        self._table = table
        self._against = against

    def of(self, window: Window) -> WindowQuality:
        """Everything that is known of a window's predictions."""
        table = self._table
        found = {
            LabelKind.GROUND_TRUTH: table.ground_truth(window),
            LabelKind.VERDICTS: table.verdicts(window),
            LabelKind.SENDERS: table.senders_labels(window),
        }
        return WindowQuality(
            window,
            now(),
            table.predictions(window),
            {kind: Labelled.of(kind, pairs) for kind, pairs in found.items()},
            table.labels(),
            self._estimated(window),
        )

    def _estimated(self, window: Window) -> EstimatedAccuracy:
        against = self._against()
        return estimated_accuracy(
            self._table.confidences(window),
            against.baseline,
            alarm=self._table.in_alarm(window),
            problem=against.problem,
        )
