"""One row with a figure that cannot be: counted, named, left out; it breaks nothing."""

import json
import math
from datetime import timedelta

import pytest

from core.capture.files.records import capture_record
from core.monitoring.baselines import Baselines
from core.records.backtest import Windows
from core.records.monitoring import ExecutionStatus
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import (
    BaselinesTable,
    CaptureLog,
    DriftTable,
    ExecutionsTable,
    PastTable,
    QualityTable,
)
from tests.support.records import CLASSES, NOON, make_capture, make_execution

HOUR = Window(NOON, NOON + timedelta(hours=1))
BAD = {
    "confidence = 'NaN'": "class 14, confidence nan, p-value 0.5",
    "confidence = 7": "class 14, confidence 7.0, p-value 0.5",
    "confidence = '-Infinity'": "class 14, confidence -inf, p-value 0.5",
    "p_value = 'NaN'": "class 14, confidence 0.75, p-value nan",
    "class_id = -1": "class -1, confidence 0.75, p-value 0.5",
    "class_id = NULL": "class none, confidence 0.75, p-value 0.5",
}


@pytest.fixture
def filled(log: CaptureLog) -> CaptureLog:
    """Four captures, of which `spoil` makes one bad."""
    captures = [make_capture(event_id=name) for name in ("a", "b", "c", "bad")]
    log.append(captures, [])
    log.database.rows("UPDATE log.captures SET confidence = 0.75, p_value = 0.5, class_id = 14")
    return log


def spoil(log: CaptureLog, change: str) -> str:
    """Returns the id of the bad row."""
    log.database.rows(f"UPDATE log.captures SET {change} WHERE event_id = 'bad'")
    sql = "SELECT capture_id::VARCHAR FROM log.captures WHERE event_id = 'bad'"
    name: str = log.database.rows(sql)[0][0]
    return name


@pytest.mark.parametrize("change", BAD)
def test_a_run_counts_it_as_unreadable_and_names_it(filled: CaptureLog, change: str) -> None:
    name = spoil(filled, change)
    figures = filled.window_figures(HOUR, low_confidence=0.5)
    assert (figures.total, figures.counts, figures.unreadable) == (4, {14: 3}, 1)
    assert (figures.mean_confidence, figures.low_confidence) == (0.75, 0)
    (record,) = ExecutionsTable(filled.database).unreadable(HOUR)
    assert (record.path, record.line, record.inferred_at) == (f"capture {name}", 1, NOON)
    assert record.reason == f"figures that cannot be: {BAD[change]}"
    assert [count for *_, count in filled.counts_over_time(HOUR, 60)] == [3]
    (point,) = filled.confidence_over_time(HOUR, 60, low_confidence=0.5)
    assert (point.count, point.mean) == (3, 0.75)
    assert QualityTable(filled.database).predictions(HOUR) == 3
    past = PastTable(filled.database).counts(Windows((HOUR.end,), HOUR.end - HOUR.start), None)
    assert past.unreadable[-1].sum() == 1


@pytest.mark.parametrize("change", BAD)
def test_a_baseline_and_the_drift_detector_leave_it_out(filled: CaptureLog, change: str) -> None:
    spoil(filled, change)
    baselines = Baselines(BaselinesTable(filled.database), CLASSES)
    stored = baselines.create(HOUR)
    assert stored.predictions == 3
    assert stored.origin.endswith(" UTC, 1 left out whose figures cannot be")
    seen, _ = DriftTable(filled.database).predictions(HOUR.start, HOUR.end, limit=9)
    assert len(seen) == 3


@pytest.mark.parametrize("change", BAD)
def test_what_cannot_be_is_shown_as_none(filled: CaptureLog, change: str) -> None:
    name = spoil(filled, change)
    capture = filled.capture(name).capture
    assert capture.prediction is None or capture.suspicion.p_value is None
    for figure in (capture.confidence, capture.suspicion and capture.suspicion.p_value):
        assert figure is None or (math.isfinite(figure) and 0 <= figure <= 1)
    json.dumps(capture_record([capture], {}), allow_nan=False)
    assert len(filled.find(CaptureFilter(), limit=9)) == 4


@pytest.mark.parametrize(
    "change",
    [
        "custom_attributes = '[broken'",
        "reasons = '{'",
        "probabilities = 'abc'::BLOB",
        r"probabilities = '\x00\x00\xC0\x7F'::BLOB",
    ],
)
def test_what_is_packed_and_cannot_be_unpacked_breaks_no_list(
    filled: CaptureLog, change: str
) -> None:
    name = spoil(filled, change)
    capture = filled.capture(name).capture
    if change.startswith("custom"):
        assert capture.custom_attributes == ("[broken",)
    elif change.startswith("prob"):
        assert capture.probabilities is None
    else:
        assert capture.suspicion.reasons == ("{",)


def test_a_class_of_another_label_set_is_left_out_of_a_baseline(filled: CaptureLog) -> None:
    spoil(filled, "class_id = 57")
    stored = Baselines(BaselinesTable(filled.database), CLASSES).create(HOUR)
    assert stored.predictions == 3
    assert stored.origin.endswith(", 1 left out whose figures cannot be")
    assert filled.window_figures(HOUR, low_confidence=0.5).counts == {14: 3, 57: 1}


@pytest.mark.parametrize("column", ["figures", "violations", "outcomes"])
def test_a_run_whose_record_is_broken_breaks_no_list(log: CaptureLog, column: str) -> None:
    table = ExecutionsTable(log.database)
    table.begin(make_execution())
    log.database.rows(f"UPDATE log.executions SET {column} = '{{\"a\": 1}}'")
    (found,) = table.latest(9)
    assert found.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert not getattr(found, column)
