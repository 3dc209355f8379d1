"""Predictions beside what was true of them: which label counts, and which alarms stand."""

from datetime import timedelta
from typing import Any

import pytest

from core.records.capture_files import GroundTruthRow
from core.records.captures import Capture, Provenance
from core.records.execution_log import ExecutionLog
from core.records.monitoring import ExecutionStatus
from core.records.verdicts import Decision, Verdict
from core.records.window import Window
from core.store import (
    CaptureFilesTable,
    CaptureLog,
    ExecutionsTable,
    PValuesTable,
    QualityTable,
)
from tests.support.records import (
    NOON,
    make_capture,
    make_execution,
    make_prediction,
    make_unanswered,
)

HOUR = timedelta(hours=1)
WINDOW = Window(NOON, NOON + HOUR)
COMPLETED = {"status": ExecutionStatus.COMPLETED, "violations": ()}
FAILED = {"status": ExecutionStatus.FAILED, "violations": ()}


@pytest.fixture
def table(log: CaptureLog) -> QualityTable:
    return QualityTable(log.database)


def predicted(class_id: int, event_id: str = "e", **changes: Any) -> Capture:
    return make_capture(prediction=make_prediction(class_id), event_id=event_id, **changes)


def tell(log: CaptureLog, *labels: tuple[str, int, int]) -> None:
    """Labels (reference, position, class), in one transaction."""
    rows = [
        GroundTruthRow(
            reference,
            position,
            class_id,
            str(class_id),
            "CSV",
            "p",
            NOON.replace(tzinfo=None),
            None,
        )
        for reference, position, class_id in labels
    ]
    with CaptureFilesTable(log.database).importing() as writing:
        writing.add_ground_truth(rows)


def test_labels_are_merged_by_event_id_and_position(log: CaptureLog, table: QualityTable) -> None:
    log.append([predicted(1), predicted(2, position=1), predicted(3, "other")], [])
    tell(log, ("e", 0, 1), ("e", 1, 7), ("nobody", 0, 1))
    assert table.ground_truth(WINDOW) == {(1, 1): 1, (7, 2): 1}
    assert (table.predictions(WINDOW), table.labels()) == (3, 3)


def test_an_inference_id_takes_priority(log: CaptureLog, table: QualityTable) -> None:
    log.append([predicted(1, "e", inference_id="i"), predicted(1, "f", inference_id="j")], [])
    tell(log, ("i", 0, 5))
    tell(log, ("e", 0, 6), ("f", 0, 7))  # later, and still not what counts for e
    assert table.ground_truth(WINDOW) == {(5, 1): 1, (7, 1): 1}


def test_the_label_that_was_merged_last_counts(log: CaptureLog, table: QualityTable) -> None:
    log.append([predicted(1)], [])
    tell(log, ("e", 0, 2), ("e", 0, 9), ("e", 0, 4))
    assert table.ground_truth(WINDOW) == {(4, 1): 1}
    tell(log, ("e", 0, 3))
    assert table.ground_truth(WINDOW) == {(3, 1): 1}


def test_only_predictions_of_the_window_count(log: CaptureLog, table: QualityTable) -> None:
    sent = Provenance("replay", label=1)
    captures = [
        predicted(1, "before", inferred_at=NOON - timedelta(seconds=1), provenance=sent),
        predicted(1, "in", provenance=sent),
        predicted(2, "cars", endpoint="cars", provenance=sent),
        make_unanswered(event_id="unanswered", provenance=sent),
    ]
    log.append(captures, [])
    tell(log, *((each.event_id, 0, 1) for each in captures))
    for each in captures:
        log.verdicts.add([Decision(each.capture_id, Verdict.ADVERSARIAL, 1, "", "ada", NOON)])
    cars = Window(NOON, NOON + HOUR, "cars")
    for labels in (table.ground_truth, table.verdicts, table.senders_labels):
        assert labels(WINDOW) == {(1, 1): 1, (1, 2): 1}
        assert labels(cars) == {(1, 2): 1}
    assert (table.predictions(WINDOW), table.predictions(cars)) == (2, 1)
    assert (len(table.confidences(WINDOW)), len(table.confidences(cars))) == (2, 1)


def test_requests_that_are_alike_count_each(log: CaptureLog, table: QualityTable) -> None:
    log.append([predicted(1, f"e-{n}") for n in range(3)], [])
    tell(log, *((f"e-{n}", 0, 2) for n in range(3)))
    assert table.ground_truth(WINDOW) == {(2, 1): 3}


def test_verdicts_give_the_true_class_until_the_next_one(
    log: CaptureLog, table: QualityTable
) -> None:
    captures = [predicted(14, f"e-{n}") for n in range(3)]
    log.append(captures, [])
    for n, (verdict, right) in enumerate(
        [(Verdict.ADVERSARIAL, 1), (Verdict.FALSE_POSITIVE, 14), (Verdict.NOT_A_SIGN, None)]
    ):
        log.verdicts.add([Decision(captures[n].capture_id, verdict, right, "", "ada", NOON)])
    assert table.verdicts(WINDOW) == {(1, 14): 1, (14, 14): 1}
    again = Decision(captures[0].capture_id, Verdict.UNREADABLE, None, "", "ada", NOON + HOUR)
    log.verdicts.add([again])
    assert table.verdicts(WINDOW) == {(14, 14): 1}
    log.verdicts.take_back([again], analyst="ada", at=NOON + 2 * HOUR)
    assert table.verdicts(WINDOW) == {(1, 14): 1, (14, 14): 1}
    assert table.ground_truth(WINDOW) == {}


def test_what_senders_say_stands_apart(log: CaptureLog, table: QualityTable) -> None:
    log.append([predicted(14, provenance=Provenance("replay", label=1)), predicted(2, "f")], [])
    assert table.senders_labels(WINDOW) == {(1, 14): 1}
    assert (table.ground_truth(WINDOW), table.verdicts(WINDOW), table.labels()) == ({}, {}, 0)


# Alarms


def test_without_executions_there_is_no_alarm(table: QualityTable) -> None:
    assert not table.in_alarm(WINDOW)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(HOUR, {})], True),
        ([(HOUR, {}), (2 * HOUR, COMPLETED)], True),  # this very window was in violation
        ([(-HOUR, {})], True),  # an earlier one, which nothing has ended
        ([(-HOUR, {}), (2 * HOUR, COMPLETED)], False),
        ([(-HOUR, {}), (2 * HOUR, FAILED)], True),  # nothing was evaluated
        ([(-2 * HOUR, {}), (-HOUR, {"endpoint": "cars"}), (HOUR, COMPLETED)], True),
        ([(5 * HOUR, COMPLETED)], False),
    ],
)
def test_an_alarm_overlaps_or_stands(
    log: CaptureLog,
    table: QualityTable,
    runs: list[tuple[timedelta, dict[str, Any]]],
    expected: bool,
) -> None:
    for end, changes in runs:
        at = NOON + end
        window = Window(at - HOUR, at, changes.get("endpoint"))
        rest = {name: value for name, value in changes.items() if name != "endpoint"}
        ExecutionsTable(log.database).keep(
            make_execution(at, window=window, **rest), ExecutionLog(())
        )
    assert table.in_alarm(WINDOW) is expected


def test_an_alarm_at_another_endpoint_is_none_here(log: CaptureLog, table: QualityTable) -> None:
    ExecutionsTable(log.database).keep(
        make_execution(window=Window(NOON, NOON + HOUR, "cars")), ExecutionLog(())
    )
    assert not table.in_alarm(Window(NOON, NOON + HOUR, "signwatch"))
    assert table.in_alarm(Window(NOON, NOON + HOUR, "cars"))
    assert table.in_alarm(WINDOW)


def test_an_alarm_of_all_endpoints_is_one_of_each(log: CaptureLog, table: QualityTable) -> None:
    ExecutionsTable(log.database).keep(make_execution(window=WINDOW), ExecutionLog(()))
    assert table.in_alarm(Window(NOON, NOON + HOUR, "cars"))


def test_the_latest_p_values_of_unflagged_traffic(log: CaptureLog) -> None:
    def put(p_value: float | None, minutes: int, *, flagged: bool = False, **changes: Any) -> None:
        prediction = make_prediction(p_value=p_value, flagged=flagged)
        at = NOON + timedelta(minutes=minutes)
        log.append([make_capture(prediction=prediction, inferred_at=at, **changes)], [])

    put(0.25, 0)
    put(0.75, 2)
    put(0.5, 1)
    put(0.001, 3, flagged=True)
    put(0.125, 3, model_sha256="cd" * 32)
    put(0.125, 3, provenance=Provenance(attack="pgd"))
    put(0.125, 3, provenance=Provenance("drill/one/1"))
    put(None, 3)
    table = PValuesTable(log.database)
    assert table.unflagged("ab" * 32, 9).tolist() == [0.75, 0.5, 0.25]
    assert table.unflagged("ab" * 32, 2).tolist() == [0.75, 0.5]
    assert table.unflagged("none", 2).tolist() == []
    assert table.unflagged_signs("none", 2) == 0


def test_signs_are_runs_of_a_class_of_one_source(log: CaptureLog) -> None:
    shown = [("a", 1), ("b", 1), ("a", 1), ("a", 2), ("b", 1), ("a", 1), (None, 1), (None, 1)]
    log.append(
        [
            make_capture(
                prediction=make_prediction(class_id, p_value=0.5),
                inferred_at=NOON + timedelta(seconds=number),
                provenance=Provenance(source),
            )
            for number, (source, class_id) in enumerate(shown)
        ],
        [],
    )
    table = PValuesTable(log.database)
    model = "ab" * 32
    assert table.unflagged_signs(model, 99) == 6
    assert table.unflagged_signs(model, 3) == 3
