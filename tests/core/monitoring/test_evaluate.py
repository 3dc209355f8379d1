"""The monitor: the rules, and a run's outcome in words."""

import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.monitoring.evaluate import NO_VIOLATIONS, evaluate
from core.monitoring.rules.class_share import class_share
from core.monitoring.rules.completeness import completeness
from core.records.execution_log import RunLog
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    MonitorSettings,
    Trigger,
    Violation,
    WindowFigures,
)
from core.records.window import Window
from tests.support.expect import raises
from tests.support.records import NOON, counts, make_execution

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


# Runs


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
        "baseline_drift_check",
        "completeness_check",
    ]
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


def test_each_rule_is_logged_with_its_time_and_outcome() -> None:
    log = RunLog(lambda: NOON)
    done = evaluate(
        WINDOW,
        figures_of({14: 3, 2: 1}),
        threshold=0.5,
        trigger=Trigger.MANUAL,
        started_at=NOON,
        log=log,
    )
    lines = log.lines()
    assert len(lines) == len(done.outcomes) == 6
    assert re.fullmatch(
        r"2026-02-14 12:00:00\.000000 UTC  Rule class share \(SageMaker-compatible\), 0\.5 "
        r"\(decides\): violated after \d+\.\d ms\. Class 14 predicted 75\.00% of the time: "
        r"Exceeded 50\.00% threshold",
        lines[0],
    )
    assert "Rule baseline_drift_check, ChiSquared, 0.1 (for comparison): not computed" in lines[4]


def test_an_execution_as_programs_read_it() -> None:
    done = make_execution(execution_id="e-1")
    assert done.to_json() == {
        "execution_id": "e-1",
        "trigger": "manual",
        "schedule": "hourly",
        "due_at": None,
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


def test_what_was_not_computed_is_reported_as_such() -> None:
    broken = make_execution(status=ExecutionStatus.FAILED, figures=None, due_at=NOON)
    document = broken.to_json()
    figures = (
        "total",
        "counts",
        "shares",
        "mean_confidence",
        "low_confidence",
        "flagged",
        "unreadable",
    )
    assert [document[name] for name in figures] == [None] * 7
    assert document["due_at"] == "2026-02-14T12:00:00+00:00"


def test_counts_are_printed_the_largest_first() -> None:
    document = make_execution(figures=figures_of({1: 2, 9: 5, 3: 2})).to_json()
    assert list(document["counts"].items()) == [("9", 5), ("1", 2), ("3", 2)]
