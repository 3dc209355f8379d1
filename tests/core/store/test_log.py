"""The capture log: what goes in comes out, once, after a restart too, and nothing after closing."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NotFound, Unavailable
from core.records.captures import Capture, Payload, Provenance
from core.records.drills import MARK
from core.records.execution_log import ExecutionLog
from core.records.monitoring import ConfidenceAt, MonitorSettings, WindowFigures
from core.records.queries import WAITING, CaptureFilter
from core.records.verdicts import Decision, Verdict
from core.records.window import Window
from core.store import CaptureLog, ExecutionsTable
from tests.core.store.conftest import NewAddress
from tests.support import records
from tests.support.expect import raises
from tests.support.records import (
    NO_PREDICTION,
    NOON,
    comparable,
    make_capture,
    make_execution,
    make_image,
    make_prediction,
    make_unanswered,
    with_own_id,
)

EVERYTHING = CaptureFilter()
ALWAYS = Window(datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
ROOT = Path(__file__).parents[3]
few = settings(max_examples=30)


def found_ids(log: CaptureLog, chosen: CaptureFilter = EVERYTHING, **options: Any) -> list[str]:
    items = log.find(chosen, limit=100, **options)
    return [item.capture.capture_id for item in items]


def add_unreadable(log: CaptureLog, endpoint: str | None, inferred_at: datetime | None) -> None:
    """One line of a capture file that could not be read."""
    moment = inferred_at.replace(tzinfo=None) if inferred_at else None
    with log.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO log.unreadable VALUES ('a.jsonl', 1, ?, NULL, ?, 'no JSON', '{')",
            [endpoint, moment],
        )


# What goes in comes out


@few
@given(capture=records.captures)
def test_a_capture_comes_back_as_it_was(shared_log: CaptureLog, capture: Capture) -> None:
    # Examples may repeat an id.
    capture = with_own_id(replace(capture, capture_id="", event_id=str(uuid.uuid4())))
    shared_log.append([capture], [])
    item = shared_log.capture(capture.capture_id)
    assert comparable(item.capture) == comparable(capture)
    assert item.decision is None


def test_a_capture_may_lack_its_image_its_prediction_or_its_words(log: CaptureLog) -> None:
    unanswered = make_unanswered(make_image())
    imported = make_capture(
        **NO_PREDICTION | {"class_id": 14},
        image_sha256=None,
        model_sha256=None,
        custom_attributes=("a=b", "", "c"),
        input=Payload("1,2", "CSV"),
        output=Payload("[[14]]", "JSON"),
        position=3,
    )
    log.append([unanswered, imported], [])
    for capture in (unanswered, imported):
        kept = log.capture(capture.capture_id).capture
        assert comparable(kept) == comparable(capture)
        assert (kept.prediction, kept.flagged) == (None, False)


@few
@given(captures=st.lists(records.captures, max_size=8, unique_by=lambda each: each.capture_id))
def test_what_was_appended_is_found(shared_log: CaptureLog, captures: list[Capture]) -> None:
    own = str(uuid.uuid4())  # an endpoint for this example alone
    captures = [replace(capture, endpoint=own) for capture in captures]
    shared_log.append(captures, [])
    chosen = CaptureFilter(window=Window(ALWAYS.start, ALWAYS.end, own))
    assert shared_log.count(chosen) == len(captures)
    order = sorted(captures, key=lambda each: each.capture_id)
    order.sort(key=lambda each: each.inferred_at, reverse=True)
    found = shared_log.find(chosen, limit=100)
    assert [comparable(item.capture) for item in found] == [comparable(each) for each in order]


@settings(max_examples=4)
@given(captures=st.lists(records.captures, min_size=1, max_size=20))
def test_maintenance_changes_nothing(maintained_log: CaptureLog, captures: list[Capture]) -> None:
    captures = [
        with_own_id(
            replace(
                capture,
                capture_id="",
                event_id=str(uuid.uuid4()),
                inferred_at=NOON + timedelta(hours=7 * number),
            )
        )
        for number, capture in enumerate(captures)
    ]
    maintained_log.append(captures, [])
    for _ in range(2):
        maintained_log.maintain()
        for capture in captures:
            kept = maintained_log.capture(capture.capture_id).capture
            assert comparable(kept) == comparable(capture)


def test_times_of_other_zones_are_kept_in_utc(log: CaptureLog) -> None:
    berlin = timezone(timedelta(hours=1))
    capture = make_capture(inferred_at=datetime(2026, 2, 14, 13, tzinfo=berlin))
    log.append([capture], [])
    kept = log.capture(capture.capture_id).capture.inferred_at
    assert kept == NOON
    assert kept.tzinfo is UTC


def test_appending_nothing_is_allowed(log: CaptureLog) -> None:
    log.append([], [])
    assert log.count(EVERYTHING) == 0


# Reading


def test_pages_follow_each_other_newest_first(log: CaptureLog) -> None:
    captures = [make_capture(inferred_at=NOON + timedelta(seconds=n)) for n in range(7)]
    log.append(captures, [])
    newest_first = [capture.capture_id for capture in reversed(captures)]
    assert found_ids(log) == newest_first
    assert [item.capture.capture_id for item in log.find(EVERYTHING, limit=3)] == newest_first[:3]


def test_the_most_suspicious_come_first_and_among_equals_the_newest(log: CaptureLog) -> None:
    p_values = [0.5, 0.001, 0.2, 0.001]
    captures = [
        make_capture(
            inferred_at=NOON + timedelta(seconds=n), prediction=make_prediction(p_value=p_value)
        )
        for n, p_value in enumerate(p_values)
    ]
    log.append(captures, [])
    wanted = [captures[n].capture_id for n in (3, 1, 2, 0)]
    assert found_ids(log, most_suspicious=True) == wanted


@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        (CaptureFilter(), {0, 1, 2, 3}),
        (CaptureFilter(class_id=14), {0, 1}),
        (CaptureFilter(class_id=7), set()),
        (CaptureFilter(flagged=True), {1, 3}),
        (CaptureFilter(flagged=False), {0, 2}),
        (CaptureFilter(decided=True), {2}),
        (CaptureFilter(decided=False), {0, 1, 3}),
        (CaptureFilter(source="replay"), {1, 2}),
        (CaptureFilter(max_confidence=0.5), {2, 3}),
        (CaptureFilter(window=Window(NOON, NOON + timedelta(seconds=2))), {0, 1}),
        (CaptureFilter(window=Window(NOON, NOON + timedelta(hours=1), "other")), {3}),
        (CaptureFilter(flagged=True, source="replay"), {1}),
        (CaptureFilter(analyst="local"), {2}),
        (CaptureFilter(analyst="ada"), set()),
        (CaptureFilter(verdict=Verdict.UNREADABLE, analyst="local"), {2}),
        (CaptureFilter(text="REPL"), {1, 2}),
        (CaptureFilter(text="stop"), {0, 1}),
        (CaptureFilter(text="stop", source="replay"), {1}),
        (CaptureFilter(drills=True), {3}),
        (CaptureFilter(drills=False), {0, 1, 2}),
        (CaptureFilter(drills=False, flagged=True), {1}),
        (WAITING, {1}),
    ],
)
def test_a_filter_lets_through_what_it_says(
    log: CaptureLog, chosen: CaptureFilter, rows: set[int]
) -> None:
    captures = [
        make_capture(inferred_at=NOON),
        make_capture(
            inferred_at=NOON + timedelta(seconds=1),
            prediction=make_prediction(flagged=True),
            provenance=Provenance(source="replay"),
        ),
        make_capture(
            inferred_at=NOON + timedelta(seconds=2),
            prediction=make_prediction(3, 0.5),
            provenance=Provenance(source="replay"),
        ),
        make_capture(
            inferred_at=NOON + timedelta(seconds=3),
            endpoint="other",
            prediction=make_prediction(4, 0.25, flagged=True),
            provenance=Provenance(source=f"{MARK}one/0"),
        ),
    ]
    log.append(captures, [])
    log.verdicts.add(
        [Decision(captures[2].capture_id, Verdict.UNREADABLE, None, "", "local", NOON)]
    )
    assert set(found_ids(log, chosen)) == {captures[row].capture_id for row in rows}
    assert log.count(chosen) == len(rows)


@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        (CaptureFilter(suspect=True), {1, 2}),
        (CaptureFilter(suspect=False), {0, 3}),
        (CaptureFilter(with_image=True), {0, 1, 2}),
        (CaptureFilter(with_image=False), {3}),
        (CaptureFilter(suspect=False, with_image=True), {0}),
    ],
)
def test_suspect_is_what_was_flagged_or_attacked(
    log: CaptureLog, chosen: CaptureFilter, rows: set[int]
) -> None:
    captures = [
        make_capture(),
        make_capture(prediction=make_prediction(flagged=True)),
        make_capture(provenance=Provenance(attack="pgd")),
        make_capture(image_sha256=None, suspicion=None),
    ]
    log.append(captures, [])
    assert set(found_ids(log, chosen)) == {captures[row].capture_id for row in rows}


def test_a_window_includes_its_start_and_excludes_its_end(log: CaptureLog) -> None:
    end = NOON + timedelta(microseconds=1)
    first, second = make_capture(inferred_at=NOON), make_capture(inferred_at=end)
    log.append([first, second], [])
    assert found_ids(log, CaptureFilter(window=Window(NOON, end))) == [first.capture_id]


def test_the_figures_of_a_window(log: CaptureLog) -> None:
    confidences = [(14, 0.75), (14, 0.5), (14, 0.25), (2, 1.0)]
    log.append(
        [
            make_capture(prediction=make_prediction(class_id, confidence, flagged=confidence < 0.5))
            for class_id, confidence in confidences
        ],
        [],
    )
    window = Window(NOON, NOON + timedelta(seconds=1))
    assert log.window_figures(window, low_confidence=0.5) == WindowFigures(
        total=4, counts={14: 3, 2: 1}, mean_confidence=0.625, low_confidence=1, flagged=1
    )


def test_figures_ignore_captures_without_a_prediction(log: CaptureLog) -> None:
    log.append([make_unanswered(), make_unanswered(), make_capture()], [])
    window = Window(NOON, NOON + timedelta(seconds=1))
    assert log.window_figures(window, low_confidence=0.5) == WindowFigures(
        total=1, counts={14: 1}, mean_confidence=0.75, low_confidence=0, flagged=0
    )
    assert log.counts_over_time(window, 60) == [(NOON, 14, 1)]


def test_figures_that_no_capture_carries_are_not_computed(log: CaptureLog) -> None:
    class_alone = NO_PREDICTION | {"class_id": 14}
    log.append([make_capture(**class_alone), make_capture(**class_alone)], [])
    window = Window(NOON, NOON + timedelta(seconds=1))
    assert log.window_figures(window, low_confidence=0.5) == WindowFigures(
        total=2, counts={14: 2}, mean_confidence=None, low_confidence=None, flagged=None
    )
    log.append([make_capture(prediction=make_prediction(2, 0.25, flagged=True))], [])
    assert log.window_figures(window, low_confidence=0.5) == WindowFigures(
        total=3, counts={14: 2, 2: 1}, mean_confidence=0.25, low_confidence=1, flagged=1
    )


def test_unreadable_records_of_the_window_are_counted(log: CaptureLog) -> None:
    log.append([make_capture()], [])
    moments = [NOON, NOON + timedelta(seconds=1), NOON, None]
    for endpoint, moment in zip(["signwatch", "signwatch", "other", None], moments, strict=True):
        add_unreadable(log, endpoint, moment)
    window = Window(NOON, NOON + timedelta(seconds=1))
    assert log.window_figures(window, low_confidence=0.5) == WindowFigures(
        total=3, counts={14: 1}, mean_confidence=0.75, low_confidence=0, flagged=0, unreadable=2
    )
    own = replace(window, endpoint="other")
    assert log.window_figures(own, low_confidence=0.5) == WindowFigures(
        total=1, counts={}, mean_confidence=None, low_confidence=None, flagged=None, unreadable=1
    )


def test_an_empty_window_has_no_figures(log: CaptureLog) -> None:
    window = Window(NOON, NOON + timedelta(hours=1))
    assert log.window_figures(window, low_confidence=0.5) == WindowFigures(
        total=0, counts={}, mean_confidence=None, low_confidence=None, flagged=None
    )
    assert log.counts_over_time(window, 60) == []


def test_confidence_over_time_is_kept_by_bucket(log: CaptureLog) -> None:
    seconds = [0, 4, 12, 13]
    confidences = [0.5, 1.0, 0.25, None]
    log.append(
        [
            make_capture(inferred_at=NOON + timedelta(seconds=second), confidence=confidence)
            for second, confidence in zip(seconds, confidences, strict=True)
        ],
        [],
    )
    window = Window(NOON, NOON + timedelta(minutes=1))
    later = NOON + timedelta(seconds=10)
    assert log.confidence_over_time(window, 10, low_confidence=0.5) == [
        ConfidenceAt(NOON, 2, 0.75, 0),
        ConfidenceAt(later, 1, 0.25, 1),
    ]


def test_counts_over_time_are_kept_by_bucket_and_class(log: CaptureLog) -> None:
    seconds = [(0, 14), (9, 14), (10, 14), (11, 2), (35, 2)]
    log.append(
        [
            make_capture(inferred_at=NOON + timedelta(seconds=n), prediction=make_prediction(k))
            for n, k in seconds
        ],
        [],
    )
    window = Window(NOON, NOON + timedelta(minutes=1))
    assert log.counts_over_time(window, 10) == [
        (NOON, 14, 2),
        (NOON + timedelta(seconds=10), 2, 1),
        (NOON + timedelta(seconds=10), 14, 1),
        (NOON + timedelta(seconds=30), 2, 1),
    ]


def test_the_newest_capture(log: CaptureLog) -> None:
    assert log.last_capture_at() is None
    log.append([make_capture(inferred_at=NOON + timedelta(seconds=n)) for n in (1, 3, 2)], [])
    assert log.last_capture_at() == NOON + timedelta(seconds=3)


def test_the_latest_monitor_settings_count(log: CaptureLog) -> None:
    assert log.monitor_settings() is None
    log.set_monitor_settings(MonitorSettings(0.25, 5), NOON + timedelta(seconds=1))
    log.set_monitor_settings(MonitorSettings(0.75, 90), NOON)
    assert log.monitor_settings() == MonitorSettings(0.25, 5)


def test_what_is_not_there_is_named(log: CaptureLog) -> None:
    with raises(NotFound, "no image abc in the capture log"):
        log.image("abc")
    with raises(NotFound, "no capture abc in the log"):
        log.capture("abc")
    assert log.images(["abc"]) == {}
    assert log.verdicts.of("abc") == []


# The life of a log


def test_a_reopened_log_holds_everything(new_address: NewAddress, tmp_path: Path) -> None:
    address = new_address(tmp_path / "new" / "folder's")
    image, execution = make_image(), make_execution()
    capture = make_capture(image)
    decision = Decision(capture.capture_id, Verdict.MODEL_WRONG, 3, "note", "ada", NOON)
    log = CaptureLog(address)
    log.append([capture], [image])
    log.verdicts.add([decision])
    ExecutionsTable(log.database).keep(execution, ExecutionLog(()))
    log.set_monitor_settings(MonitorSettings(0.25, 5), NOON)
    log.close()
    again = CaptureLog(address)
    item = again.capture(capture.capture_id)
    assert comparable(item.capture) == comparable(capture)
    assert item.decision == decision
    assert again.image(image.sha256) == image
    assert again.executions(5) == [execution]
    assert again.monitor_settings() == MonitorSettings(0.25, 5)
    again.append([make_capture(image)], [image])
    assert again.count(EVERYTHING) == 2
    again.close()


USES: dict[str, Callable[[CaptureLog], object]] = {
    "append": lambda log: log.append([], []),
    "endpoints": lambda log: log.endpoints(),
    "check_writable": lambda log: log.check_writable(),
    "maintain": lambda log: log.maintain(),
    "image": lambda log: log.image("a"),
    "images": lambda log: log.images(["a"]),
    "window_figures": lambda log: log.window_figures(Window(NOON, NOON), low_confidence=0.5),
    "last_capture_at": lambda log: log.last_capture_at(),
    "counts_over_time": lambda log: log.counts_over_time(Window(NOON, NOON), 1),
    "confidence_over_time": lambda log: log.confidence_over_time(
        Window(NOON, NOON), 1, low_confidence=0.5
    ),
    "commonest_source": lambda log: log.commonest_source(EVERYTHING),
    "count": lambda log: log.count(EVERYTHING),
    "find": lambda log: log.find(EVERYTHING, limit=1),
    "capture": lambda log: log.capture("a"),
    "execution": lambda log: log.execution("a"),
    "executions": lambda log: log.executions(1),
    "executions_over": lambda log: log.executions_over(NOON, "signwatch", limit=1),
    "set_monitor_settings": lambda log: log.set_monitor_settings(MonitorSettings(0.5, 60), NOON),
    "monitor_settings": lambda log: log.monitor_settings(),
}


def test_every_use_is_known_to_this_test() -> None:
    public = {name for name in vars(CaptureLog) if not name.startswith("_")}
    assert set(USES) == public - {"close", "shared"}


@pytest.mark.parametrize("use", USES)
def test_a_closed_log_says_so(tmp_path: Path, use: str) -> None:
    log = CaptureLog(tmp_path / "log.duckdb")
    log.close()
    log.close()  # once more does no harm
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        USES[use](log)
