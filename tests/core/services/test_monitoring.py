"""The monitor: runs, settings, windows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BadInput, NotFound
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.monitoring import (
    ClassShift,
    ConfidenceAt,
    ExecutionStatus,
    MonitorSettings,
    Trigger,
)
from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable
from tests.support import observing
from tests.support.command_line import put
from tests.support.expect import raises
from tests.support.records import (
    NOON,
    make_capture,
    make_execution,
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


def test_options_of_a_run_are_those_asked_for(signwatch: Services) -> None:
    until = now() - timedelta(minutes=10)
    ran = signwatch.monitoring.run_with(
        {"until": until.isoformat(), "threshold": 0.75, "endpoint": 7}
    )
    assert (ran.window.end, ran.window.endpoint, ran.threshold) == (until, "7", 0.75)
    assert until - ran.window.start > timedelta(minutes=49)  # the monitor's hour ends now
    since = now() - timedelta(minutes=3)
    ran = signwatch.monitoring.run_with({"since": since.isoformat()})
    assert (ran.window.start, ran.window.endpoint, ran.threshold) == (since, None, 0.5)
    assert since < ran.window.end <= now()


def test_an_alarm_of_the_detector_starts_a_run(signwatch: Services) -> None:
    observing.use(signwatch)
    observing.put(signwatch, observing.clean(100))
    signwatch.monitoring.run_on_alarm()
    assert signwatch.monitoring.executions(9) == []
    observing.put(signwatch, observing.attacked(60))
    signwatch.monitoring.run_on_alarm()
    (ran,) = signwatch.monitoring.executions(9)
    assert (ran.trigger, ran.window.endpoint) == (Trigger.ALARM, None)
    assert ran.window.end - ran.window.start == timedelta(hours=1)


def test_what_lies_beside_a_run(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Two hours of predictions: 0.75 is low, 0.9 is not."""
    environment.setenv("SIGNWATCH_LOW_CONFIDENCE", "0.8")
    signwatch: Services = request.getfixturevalue("signwatch")
    later = NOON + timedelta(hours=1)
    signwatch.log.append(
        [
            make_capture(prediction=make_prediction(14, 0.75)),
            make_capture(prediction=make_prediction(2, 0.875)),
            make_capture(prediction=make_prediction(2, 0.75), inferred_at=later, endpoint="cars"),
        ],
        [],
    )
    monitoring = signwatch.monitoring
    window = Window(NOON, NOON + timedelta(hours=2))
    assert monitoring.low_confidence == 0.8
    assert monitoring.counts_over_time(window, 3600) == [(NOON, 2, 1), (NOON, 14, 1), (later, 2, 1)]
    assert monitoring.confidence_over_time(window, 3600) == [
        ConfidenceAt(NOON, 2, 0.8125, 1),
        ConfidenceAt(later, 1, 0.75, 1),
    ]
    assert monitoring.counts_over_time(replace(window, endpoint="cars"), 3600) == [(later, 2, 1)]


def test_runs_that_a_lost_process_began_are_ended(signwatch: Services) -> None:
    begun = [
        make_execution(now() - age, status=ExecutionStatus.IN_PROGRESS, figures=None)
        for age in (timedelta(days=1), timedelta(0))
    ]
    for each in begun:
        ExecutionsTable(signwatch.log.database).begin(each)
    signwatch.monitoring.end_lost_runs()
    found = [signwatch.monitoring.execution(each.execution_id) for each in begun]
    assert [each.status for each in found] == [ExecutionStatus.FAILED] * 2


def test_model_quality_is_estimated_from_the_baseline_in_force(signwatch: Services) -> None:
    put(signwatch, [14] * 40)
    without = signwatch.monitoring.quality(AROUND_NOON)
    observing.use(signwatch)
    with_one = signwatch.monitoring.quality(AROUND_NOON)
    assert without.estimated != with_one.estimated


def test_classes_that_violations_name(signwatch: Services) -> None:
    put(signwatch, [14] * 6 + [1] * 4)
    done = signwatch.monitoring.run(AROUND_NOON)
    assert signwatch.monitoring.classes_in_question(done) == [14]


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
    signwatch.monitoring.baselines.add(files_of(Baseline(43, {1: 40, 2: 10, 14: 50})), origin="x")
    # 0.4 - 0.4, 0 - 0.1 and 0.6 - 0.5: the lower id of two again
    later = signwatch.monitoring.run(AROUND_NOON)
    assert signwatch.monitoring.furthest_class(later) == ClassShift(2, 0.0, 0.1)


def test_every_rule_of_a_run_is_described(signwatch: Services) -> None:
    put(signwatch, [14])
    done = signwatch.monitoring.run(AROUND_NOON)
    assert {each.rule for each in done.outcomes} <= signwatch.monitoring.rules.keys()
