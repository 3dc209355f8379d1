"""Records of the monitor: figures, settings, outcomes and runs, as programs read them."""

from datetime import timedelta

import pytest

from core.errors import BadInput
from core.records.monitoring import (
    ExecutionStatus,
    MonitorSettings,
    Outcome,
    RuleState,
    Violation,
    WindowFigures,
    check_threshold,
)
from tests.support.expect import raises
from tests.support.records import NOON, make_execution

VIOLATION = Violation("PredictedClass", "baseline_drift_check", "Class 14 ...")


def test_shares_are_of_readable_predictions_and_the_largest_comes_first() -> None:
    figures = WindowFigures(10, {3: 2, 14: 4, 1: 2}, 0.9, 1, 0, unreadable=2)
    assert list(figures.ordered().items()) == [(14, 4), (1, 2), (3, 2)]
    assert list(figures.shares().items()) == [(14, 0.5), (1, 0.25), (3, 0.25)]
    assert figures.to_json() == {
        "total": 10,
        "counts": {"14": 4, "1": 2, "3": 2},
        "shares": {"14": 0.5, "1": 0.25, "3": 0.25},
        "mean_confidence": 0.9,
        "low_confidence": 1,
        "flagged": 0,
        "unreadable": 2,
    }


def test_an_empty_window_has_no_shares() -> None:
    assert WindowFigures(0, {}, None, None, None).shares() == {}


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01, float("nan")])
def test_a_threshold_lies_above_0_and_up_to_1(threshold: float) -> None:
    with raises(BadInput, f"threshold must lie in (0, 1], got {threshold}"):
        check_threshold(threshold)
    check_threshold(1.0)


def test_a_window_has_at_least_a_minute() -> None:
    with raises(BadInput, "window must be at least 1 minute, got 0"):
        MonitorSettings(0.5, 0)


def test_violations_in_the_words_of_the_documentation() -> None:
    run = make_execution(violations=(VIOLATION,))
    assert run.constraint_violations() == {
        "violations": [
            {
                "feature_name": "PredictedClass",
                "constraint_check_type": "baseline_drift_check",
                "description": "Class 14 ...",
            }
        ]
    }
    assert make_execution(violations=()).constraint_violations() == {"violations": []}


def test_a_rule_for_programs() -> None:
    outcome = Outcome("r", RuleState.VIOLATED, 0.8, 0.5, "too much", (VIOLATION,), False, (14,))
    assert outcome.to_json() == {
        "rule": "r",
        "state": "violated",
        "figure": 0.8,
        "threshold": 0.5,
        "sentence": "too much",
        "violations": [vars(VIOLATION)],
        "decides": False,
        "class_ids": [14],
    }


def test_a_run_that_computed_nothing_has_nulls_and_no_zeros() -> None:
    run = make_execution(
        status=ExecutionStatus.FAILED, figures=None, due_at=NOON - timedelta(hours=1)
    )
    document = run.to_json()
    assert document["due_at"] == "2026-02-14T11:00:00+00:00"
    for name in ("total", "counts", "shares", "mean_confidence", "flagged", "unreadable"):
        assert document[name] is None
