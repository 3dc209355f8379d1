"""The monitor: the rules, an execution's outcome in words, and the hourly schedule."""

import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.monitor.execution import NO_VIOLATIONS, evaluate
from core.monitor.rules import class_share, completeness
from core.monitor.schedule import HourlySchedule
from core.types import (
    Execution,
    ExecutionStatus,
    MonitorSettings,
    Trigger,
    Violation,
    Window,
    WindowFigures,
)
from tests.expect import raises
from tests.records import NOON, counts, make_execution
from tests.waiting import LONGEST, until

WINDOW = Window(NOON - timedelta(hours=1), NOON, "signwatch")
some_counts = counts.filter(bool)


def figures_of(counts: dict[int, int], **changes: Any) -> WindowFigures:
    return replace(WindowFigures(sum(counts.values()), counts, 0.9, 0, 0), **changes)


def run(figures: WindowFigures, threshold: float = 0.5) -> Execution:
    return evaluate(
        WINDOW, figures, threshold=threshold, trigger=Trigger.SCHEDULED, started_at=NOON
    )


# Shares


@given(some_counts)
def test_shares_sum_to_one_and_fall(counts: dict[int, int]) -> None:
    shares = figures_of(counts).shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert {k: round(share * sum(counts.values())) for k, share in shares.items()} == counts


def test_classes_of_one_share_stand_by_id() -> None:
    assert figures_of({9: 1, 2: 1, 5: 2}).shares() == {5: 0.5, 2: 0.25, 9: 0.25}


def test_shares_are_of_what_could_be_read() -> None:
    assert figures_of({2: 3, 5: 1}, total=8, unreadable=4).shares() == {2: 0.75, 5: 0.25}


def test_an_empty_window_has_no_shares() -> None:
    assert figures_of({}).shares() == {}


# Rules


def test_the_share_rule_in_the_words_of_the_blog() -> None:
    figures = figures_of({14: 322, 1: 40, 2: 38})
    assert class_share(figures, 0.5) == [
        Violation(
            "PredictedClass",
            "baseline_drift_check",
            "Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold",
        )
    ]


def test_a_share_on_the_threshold_does_not_exceed_it() -> None:
    assert class_share(figures_of({14: 1, 2: 1}), 0.5) == []
    assert class_share(figures_of({14: 5}), 1) == []


def test_every_class_above_the_threshold_is_named_the_largest_first() -> None:
    texts = [each.description for each in class_share(figures_of({3: 30, 7: 60, 9: 10}), 0.25)]
    assert texts == [
        "Class 7 predicted 60.00% of the time: Exceeded 25.00% threshold",
        "Class 3 predicted 30.00% of the time: Exceeded 25.00% threshold",
    ]


@given(some_counts, st.floats(0.001, 1))
def test_the_share_rule_names_exactly_the_classes_above_it(
    counts: dict[int, int], threshold: float
) -> None:
    figures = figures_of(counts)
    named = [int(each.description.split()[1]) for each in class_share(figures, threshold)]
    total = sum(counts.values())
    assert set(named) == {k for k, n in counts.items() if n / total > threshold}
    if threshold >= 0.5:
        assert len(named) <= 1


@pytest.mark.parametrize("threshold", [0, -0.1, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with raises(BadInput, f"threshold must lie in (0, 1], got {threshold}"):
        class_share(figures_of({14: 1}), threshold)
    with raises(BadInput, f"threshold must lie in (0, 1], got {threshold}"):
        run(figures_of({14: 1}), threshold)
    with raises(BadInput, f"threshold must lie in (0, 1], got {threshold}"):
        MonitorSettings(threshold, 60)


def test_a_window_of_no_length_is_refused() -> None:
    with raises(BadInput, "window must be at least 1 minute, got 0"):
        MonitorSettings(0.5, 0)


def test_unreadable_records_are_a_violation_with_their_share() -> None:
    assert completeness(figures_of({14: 4})) == []
    assert completeness(figures_of({14: 7}, total=8, unreadable=1)) == [
        Violation(
            "PredictedClass", "completeness_check", "1 of 8 records (12.50%) could not be read"
        )
    ]


# Executions


def test_the_attack_of_the_blog_is_a_violation() -> None:
    done = run(figures_of({14: 322, **dict.fromkeys([1, 2, 4, 12, 13, 38], 13)}))
    assert done.figures.total == 400
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert done.message == (
        "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )


def test_clean_traffic_completes() -> None:
    done = run(figures_of({14: 5, 1: 5}))
    assert done.status is ExecutionStatus.COMPLETED
    assert done.message == "Completed: Job completed successfully with no violations."
    assert done.message == NO_VIOLATIONS
    assert done.violations == ()


def test_an_empty_window_fails_because_nothing_was_evaluated() -> None:
    done = run(figures_of({}, mean_confidence=None))
    assert done.status is ExecutionStatus.FAILED
    assert done.message == (
        "Failed: no captures between 2026-02-14 11:00:00 and 2026-02-14 12:00:00 UTC, so nothing "
        "was evaluated. Send traffic to the endpoint or choose another window."
    )
    assert done.violations == ()


def test_the_share_comes_before_completeness_in_the_message() -> None:
    done = run(figures_of({14: 4}, total=5, unreadable=1))
    assert [each.constraint_check_type for each in done.violations] == [
        "baseline_drift_check", "completeness_check",
    ]  # fmt: skip
    assert done.message == (
        "CompletedWithViolations: Class 14 predicted 100.00% of the time: Exceeded 50.00% threshold"
    )


def test_unreadable_records_alone_are_a_violation() -> None:
    done = run(figures_of({}, total=2, unreadable=2, mean_confidence=None))
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert done.message == ("CompletedWithViolations: 2 of 2 records (100.00%) could not be read")


def test_an_execution_keeps_what_it_was_about() -> None:
    figures = figures_of({14: 1})
    first, second = run(figures, 0.25), run(figures, 0.25)
    assert first.execution_id != second.execution_id
    assert (first.window, first.figures, first.threshold) == (WINDOW, figures, 0.25)
    assert (first.trigger, first.started_at) == (Trigger.SCHEDULED, NOON)
    assert first.ended_at.tzinfo is UTC


def test_an_execution_as_programs_read_it() -> None:
    done = make_execution(execution_id="e-1")
    assert done.to_json() == {
        "execution_id": "e-1",
        "trigger": "manual",
        "schedule": "hourly",
        "status": "CompletedWithViolations",
        "message": "CompletedWithViolations: something",
        "window": {
            "start": "2026-02-14T11:00:00+00:00",
            "end": "2026-02-14T12:00:00+00:00",
            "endpoint": None,
        },
        "threshold": 0.5,
        "started_at": "2026-02-14T12:00:00+00:00",
        "ended_at": "2026-02-14T12:00:00.007000+00:00",
        "total": 4,
        "counts": {"14": 3, "2": 1},
        "shares": {"14": 0.75, "2": 0.25},
        "mean_confidence": 0.75,
        "low_confidence": 1,
        "flagged": 2,
        "unreadable": 0,
        "violations": [
            {
                "feature_name": "PredictedClass",
                "constraint_check_type": "baseline_drift_check",
                "description": "something",
            }
        ],
        "baseline_id": None,
        "rules": [],
    }


def test_counts_are_printed_the_largest_first() -> None:
    document = make_execution(figures=figures_of({1: 2, 9: 5, 3: 2})).to_json()
    assert list(document["counts"].items()) == [("9", 5), ("1", 2), ("3", 2)]


# The schedule


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def nothing() -> None:
    """No upkeep."""


def make_due(schedule: HourlySchedule, due: datetime) -> None:
    """As if the program had slept since `due`; returns once the schedule has moved on."""
    schedule._job.modify(next_run_time=due)
    until(lambda: schedule.next_run_at() > due, "the next run is planned")


def test_the_next_run_is_at_the_full_hour() -> None:
    with closing(
        HourlySchedule(lambda: pytest.fail("it is not the full hour"), nothing)
    ) as schedule:
        before = datetime.now(UTC)
        due = schedule.next_run_at()
    assert (due.minute, due.second, due.microsecond) == (0, 0, 0)
    assert due.utcoffset() == timedelta(0)
    assert before < due <= before + timedelta(hours=1)


def test_a_run_that_is_due_happens_and_the_next_one_is_an_hour_later() -> None:
    hour, runs = this_hour(), threading.Semaphore(0)
    with closing(HourlySchedule(runs.release, nothing)) as schedule:
        make_due(schedule, hour)
        assert schedule.next_run_at() == hour + timedelta(hours=1)
        assert runs.acquire(timeout=LONGEST)


def test_hours_that_were_slept_through_are_made_up_for_once() -> None:
    hour, runs = this_hour(), threading.Semaphore(0)
    with closing(HourlySchedule(runs.release, nothing)) as schedule:
        make_due(schedule, hour - timedelta(hours=5))
        assert schedule.next_run_at() == hour + timedelta(hours=1)
    assert runs.acquire(blocking=False)  # closing let it end
    assert not runs.acquire(blocking=False)


def test_a_failing_run_is_logged_and_the_schedule_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise OSError("disk full")

    hour = this_hour()
    with closing(HourlySchedule(fail, nothing)) as schedule:
        make_due(schedule, hour)
        assert schedule.next_run_at() == hour + timedelta(hours=1)
    assert "OSError: disk full" in caplog.text


def test_closing_lets_a_run_end() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def run() -> None:
        begun.set()
        assert may_end.wait(LONGEST)
        ended.set()

    schedule = HourlySchedule(run, nothing)
    make_due(schedule, this_hour())
    assert begun.wait(LONGEST)
    closing_thread = threading.Thread(target=schedule.close)
    closing_thread.start()
    may_end.set()
    closing_thread.join()
    assert ended.is_set()
