"""How good the predictions of a window were: by labels that came later, and without labels."""

from __future__ import annotations

from core.monitoring.quality_metrics import (
    confusion,
    estimated_accuracy,
    model_quality,
    no_quality,
)
from core.monitoring.rules.in_force import Against
from core.records.quality import LabelKind, Labelled, WindowQuality
from core.records.window import Window, now
from core.store import QualityTable
from core.store.quality import Pairs

MAX_CLASSES = 1_000


NONE_YET = {
    LabelKind.GROUND_TRUTH: "no prediction of this window has its ground truth yet",
    LabelKind.VERDICTS: "no prediction of this window has a verdict with the true class",
    LabelKind.SENDERS: "no request of this window carries a label of its sender",
}


def labelled(kind: LabelKind, pairs: Pairs) -> Labelled:
    """Quality from (true class, predicted class) -> predictions, by labels of one kind."""
    classes = tuple(sorted({class_id for pair in pairs for class_id in pair}))
    count = sum(pairs.values())
    if not pairs:
        return Labelled(kind, 0, (), no_quality(NONE_YET[kind]))
    if len(classes) > MAX_CLASSES:
        why = f"{len(classes):,} classes occur, and at most {MAX_CLASSES:,} are compared"
        return Labelled(kind, count, (), no_quality(why))
    return Labelled(kind, count, classes, model_quality(confusion(pairs, classes)))


def window_quality(table: QualityTable, window: Window, against: Against) -> WindowQuality:
    """Everything that is known of a window's predictions, with the labels that came until now.

    against: the baseline in force, for the estimates.
    """
    found = {
        LabelKind.GROUND_TRUTH: table.ground_truth(window),
        LabelKind.VERDICTS: table.verdicts(window),
        LabelKind.SENDERS: table.senders_labels(window),
    }
    estimated = estimated_accuracy(
        table.confidences(window),
        against.baseline,
        alarm=table.in_alarm(window),
        problem=against.problem,
    )
    return WindowQuality(
        window,
        now(),
        table.predictions(window),
        {kind: labelled(kind, pairs) for kind, pairs in found.items()},
        table.labels(),
        estimated,
    )
