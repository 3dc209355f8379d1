"""The monitor: runs, settings, windows."""

from datetime import timedelta

import pytest

from core.errors import BadInput, NotFound
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.monitoring import ClassShift, ExecutionStatus, MonitorSettings, Trigger
from core.records.window import Window, now
from core.services import Services
from tests.support.command_line import put
from tests.support.expect import raises
from tests.support.records import (
    NOON,
    make_capture,
    make_prediction,
)

HTTP_NOON = {"since": "2026-02-14T11:00:00Z", "until": "2026-02-14T13:00:00Z"}
AROUND_NOON = Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1))


def test_the_monitor_finds_the_attack_and_keeps_the_execution(signwatch: Services) -> None:
    put(signwatch, [14] * 322 + [1] * 78)
    done = signwatch.monitoring.run(AROUND_NOON)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert done.message == (
        "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    assert dict(done.figures.counts) == {14: 322, 1: 78}
    assert done.trigger is Trigger.MANUAL
    assert done.window == AROUND_NOON
    assert signwatch.monitoring.executions(9) == [done]


def test_a_baseline_lets_the_monitor_see_what_the_share_rule_misses(signwatch: Services) -> None:
    morning = Window(NOON - timedelta(hours=3), NOON - timedelta(hours=2))
    expected = [make_prediction(k) for k in [1, 2, 3, 14] * 100]
    signwatch.log.append(
        [make_capture(prediction=each, inferred_at=morning.start) for each in expected], []
    )
    stored = signwatch.monitoring.baselines.create(morning)
    put(signwatch, [14] * 196 + [1, 2, 3] * 68)
    done = signwatch.monitoring.run(AROUND_NOON)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    # 0.49 - 0.25, less 1.8 sqrt(800 / 160,000)
    assert done.message == (
        "CompletedWithViolations: Baseline drift distance: 0.1127 exceeds threshold: 0.1"
    )
    assert done.baseline_id == stored.baseline_id
    assert signwatch.monitoring.executions(9) == [done]
    assert [rule["decides"] for rule in done.to_json()["rules"]] == [
        True,
        True,
        False,
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_threshold_may_be_given_for_once(signwatch: Services) -> None:
    put(signwatch, [14] * 8 + [1] * 2)
    assert signwatch.monitoring.run(AROUND_NOON, threshold=0.8).status is ExecutionStatus.COMPLETED
    assert signwatch.monitoring.run(AROUND_NOON).threshold == 0.5
    with raises(BadInput, "threshold must lie in (0, 1], got 0.0"):
        signwatch.monitoring.run(AROUND_NOON, threshold=0.0)
    assert len(signwatch.monitoring.executions(9)) == 2


def test_low_confidence_is_what_the_settings_say(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_LOW_CONFIDENCE", "0.8")
    signwatch = request.getfixturevalue("signwatch")
    put(signwatch, [14, 2])
    figures = signwatch.monitoring.figures(AROUND_NOON)
    assert (figures.total, figures.low_confidence, figures.mean_confidence) == (2, 2, 0.75)


def test_monitor_settings_are_the_defaults_until_some_are_set(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_THRESHOLD", "0.7")
    environment.setenv("SIGNWATCH_WINDOW_MINUTES", "15")
    signwatch = request.getfixturevalue("signwatch")
    assert signwatch.monitoring.settings() == MonitorSettings(0.7, 15)
    signwatch.monitoring.set_settings(MonitorSettings(0.25, 5))
    assert signwatch.monitoring.settings() == MonitorSettings(0.25, 5)
    window = signwatch.monitoring.live_window("cars")
    assert window.end - window.start == timedelta(minutes=5)
    assert window.endpoint == "cars"
    assert now() - window.end < timedelta(minutes=1)
    longer = signwatch.monitoring.live_window(minutes=90)
    assert longer.end - longer.start == timedelta(minutes=90)
    assert longer.endpoint is None
    done = signwatch.monitoring.run()
    assert done.threshold == 0.25
    assert done.window.end - done.window.start == timedelta(minutes=5)


def test_a_run_is_read_with_its_log_and_its_unreadable_records(signwatch: Services) -> None:
    put(signwatch, [14] * 3 + [1])
    done = signwatch.monitoring.run_with({"threshold": 0.8} | HTTP_NOON)
    document = signwatch.monitoring.execution_in_full(done.execution_id)
    assert document["counts"] == {"14": 3, "1": 1}
    assert document["log"][-1].endswith(f" UTC  {done.message}")
    assert document["unreadable_records"] == []
    with raises(NotFound, "no run none in the log"):
        signwatch.monitoring.execution_in_full("none")


def test_an_unknown_option_is_named_with_the_known_ones(signwatch: Services) -> None:
    with raises(BadInput, "unknown option 'a'; known: since, until, endpoint, threshold"):
        signwatch.monitoring.run_with({"b": 1, "a": 2})
    assert signwatch.monitoring.executions(9) == []


def test_the_class_that_is_furthest_from_the_baseline(signwatch: Services) -> None:
    put(signwatch, [14] * 6 + [1] * 4)
    without = signwatch.monitoring.run(AROUND_NOON)
    assert signwatch.monitoring.furthest_class(without) is None
    even = Baseline(43, {1: 50, 14: 50})
    signwatch.monitoring.baselines.add(files_of(even), origin="test")
    done = signwatch.monitoring.run(AROUND_NOON)
    # Both classes are 0.1 away; the lower id stands for the two.
    assert signwatch.monitoring.furthest_class(done) == ClassShift(1, 0.4, 0.5)


def test_every_rule_of_a_run_is_described(signwatch: Services) -> None:
    put(signwatch, [14])
    done = signwatch.monitoring.run(AROUND_NOON)
    assert {each.rule for each in done.outcomes} <= signwatch.monitoring.rules.keys()
