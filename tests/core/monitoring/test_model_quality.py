"""How good predictions were: kinds of labels kept apart, and estimates with their conditions."""

from datetime import timedelta

import numpy as np
import pytest

from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.monitoring.model_quality import MAX_CLASSES, NONE_YET, labelled
from core.monitoring.quality_metrics import METRICS, NO_LABELS, WITHHELD
from core.records.captures import Provenance
from core.records.execution_log import ExecutionLog
from core.records.quality import Figure, LabelKind
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, Verdict
from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable
from tests.support.records import NOON, make_capture, make_execution, make_prediction

WINDOW = Window(NOON, NOON + timedelta(hours=1))
LINE = '{"groundTruthData": {"data": "%s", "encoding": "CSV"}, "eventMetadata": {"eventId": "%s"}}'


def put(signwatch: Services, *class_ids: int) -> list[str]:
    """Captures at noon, of a confidence of 0.75; returns their event ids."""
    captures = [
        make_capture(prediction=make_prediction(k), provenance=Provenance("replay", label=9))
        for k in class_ids
    ]
    signwatch.log.append(captures, [])
    return [capture.event_id for capture in captures]


def test_late_labels_count_as_they_come(signwatch: Services) -> None:
    events = put(signwatch, 14, 14, 14, 2)
    before = signwatch.monitoring.quality(WINDOW)
    found = before.labelled[LabelKind.GROUND_TRUTH]
    assert (before.predictions, found.count, found.classes) == (4, 0, ())
    assert found.quality.metrics["accuracy"] == Figure(
        None, "no prediction of this window has its ground truth yet"
    )
    lines = [LINE % pair for pair in zip(("14", "1", "2"), (*events[:2], events[3]), strict=True)]
    signwatch.captures.merge_ground_truth("\n".join(lines).encode())
    after = signwatch.monitoring.quality(WINDOW)
    found = after.labelled[LabelKind.GROUND_TRUTH]
    assert (found.count, found.classes, after.labels_in_log) == (3, (1, 2, 14), 3)
    assert found.quality.confusion_matrix.tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert found.quality.metrics["accuracy"].value == pytest.approx(2 / 3)
    assert after.at > before.at


def test_kinds_of_labels_are_never_mixed(signwatch: Services) -> None:
    put(signwatch, 14, 14)
    (first, _) = signwatch.log.find(CaptureFilter(), limit=2)
    signwatch.log.verdicts.add(
        [Decision(first.capture.capture_id, Verdict.MODEL_WRONG, 1, "", "ada", now())]
    )
    by_kind = signwatch.monitoring.quality(WINDOW).labelled
    assert {kind: (found.count, found.classes) for kind, found in by_kind.items()} == {
        LabelKind.GROUND_TRUTH: (0, ()),
        LabelKind.VERDICTS: (1, (1, 14)),
        LabelKind.SENDERS: (2, (9, 14)),
    }


def test_each_kind_says_why_it_has_none() -> None:
    for kind in LabelKind:
        metrics = labelled(kind, {}).quality.metrics
        assert metrics == dict.fromkeys(METRICS, Figure(None, NONE_YET[kind]))


def test_labels_of_very_many_classes_are_counted_and_not_compared() -> None:
    found = labelled(LabelKind.GROUND_TRUTH, {(k, 0): 1 for k in range(MAX_CLASSES + 1)})
    assert (found.count, found.quality.confusion_matrix.size) == (1_001, 0)
    assert found.quality.metrics["accuracy"] == Figure(
        None, "1,001 classes occur, and at most 1,000 are compared"
    )


def test_accuracy_without_labels_takes_the_labelled_baseline(signwatch: Services) -> None:
    put(signwatch, 14, 14)
    estimated = signwatch.monitoring.quality(WINDOW).estimated
    assert estimated.mean_confidence == Figure(pytest.approx(0.75))
    assert estimated.difference_of_confidences.reason == (
        "there is no baseline to compare with. Create one from labelled data"
    )
    ids, confidences = np.ones(4, int), np.array([0.5, 0.75, 0.875, 0.875])
    for right, expected in ((None, Figure(None, NO_LABELS)), (3, Figure(pytest.approx(0.75)))):
        baseline = Baseline.of(43, ids, confidences=confidences, right=right)
        signwatch.monitoring.baselines.add(files_of(baseline), origin="test")
        found = signwatch.monitoring.quality(WINDOW).estimated
        assert found.difference_of_confidences == expected


def test_a_baseline_that_does_not_fit_is_the_reason(signwatch: Services) -> None:
    put(signwatch, 14)
    signwatch.monitoring.baselines.add(files_of(Baseline(43, {1: 1})), origin="test")
    with signwatch.log.database.transaction() as transaction:
        transaction.execute("UPDATE log.baselines SET statistics = '{}'")
    reason = signwatch.monitoring.quality(WINDOW).estimated.difference_of_confidences.reason
    assert reason == "statistics.json must be of version 0, got None"


def test_accuracy_without_labels_is_withheld_while_an_alarm_stands(signwatch: Services) -> None:
    put(signwatch, 14)
    ExecutionsTable(signwatch.log.database).keep(
        make_execution(NOON + timedelta(hours=1)), ExecutionLog(())
    )
    found = signwatch.monitoring.quality(WINDOW).estimated
    assert found.mean_confidence == Figure(None, WITHHELD)
    assert found.average_thresholded_confidence == Figure(None, WITHHELD)
