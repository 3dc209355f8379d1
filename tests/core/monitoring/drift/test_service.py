"""The drift detector over a log: what it reports, to whom, and once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines, files_of
from core.monitoring.drift import consumer
from core.monitoring.drift.service import ELSEWHERE, NO_BASELINE, STARTING
from core.records.drift import DriftSettings
from core.records.monitoring import RuleState, Violation
from core.records.window import Window
from core.store import BaselinesTable, CaptureLog, DriftTable
from tests.support.clock import Clock
from tests.support.drifting import SECOND, Stream, standing, summary
from tests.support.observing import BASELINE, STOP, attacked, clean
from tests.support.records import CLASSES, NOON, make_capture, make_prediction

HOUR = timedelta(hours=1)


# Nothing to compare with


def test_without_a_baseline_it_says_what_to_do(log: CaptureLog) -> None:
    monitor = Stream(log, Clock()).monitor()
    assert not monitor.catch_up()
    status = monitor.status()
    assert status.problem == f"Not computed: {NO_BASELINE}"
    (outcome,) = status.outcomes
    assert (outcome.rule, outcome.state, outcome.decides) == (
        "drift detector",
        RuleState.NOT_COMPUTED,
        True,
    )
    assert outcome.sentence == f"Not computed: {NO_BASELINE}"
    assert DriftTable(log.database).saved() is None


def test_a_baseline_of_another_label_set_is_named_as_the_problem(log: CaptureLog) -> None:
    stream = Stream(log, Clock())
    five = Baselines(BaselinesTable(log.database), 5)
    five.add(files_of(Baseline(5, {1: 3})), origin="a test")
    monitor = stream.monitor()
    assert not monitor.catch_up()
    assert monitor.status().problem == (
        "Not computed: the baseline is of 5 classes and the model tells 43 apart: it belongs to "
        "another label set. Create a baseline for this model"
    )


# Starting anew


def test_another_baseline_starts_it_anew(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(attacked(60))
    assert monitor.catch_up()
    assert standing(monitor)
    stream.use(replace(BASELINE, right=1))
    stream.put(clean(10))
    assert not monitor.catch_up()
    assert standing(monitor) == []
    assert summary(monitor) == (
        "10 predictions checked since 2026-02-14 12:00:08 UTC, when another baseline was put in "
        "force."
    )


def test_other_constraints_leave_e_values_and_alarms_as_they_are(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(attacked(60))
    assert monitor.catch_up()
    before = stream.state_text()
    found = stream.baselines.in_force()
    assert found is not None
    stream.baselines.edit(replace(found.settings, comparison=0.3))
    assert standing(monitor)
    assert not monitor.catch_up()
    assert stream.state_text() == before


def test_a_baseline_of_one_endpoint_judges_that_endpoint_alone(stream: Stream) -> None:
    stream.clock.at += SECOND
    stream.use(replace(BASELINE, endpoint="cars"))
    monitor = stream.monitor()
    monitor.catch_up()
    stream.put(attacked(60), endpoint="vans")
    stream.put(clean(10), endpoint="cars")
    assert not monitor.catch_up()
    assert standing(monitor) == []
    assert summary(monitor).startswith("10 predictions checked since")
    stream.put(attacked(60), endpoint="cars")
    assert monitor.catch_up()
    assert standing(monitor)


def test_another_rate_of_false_alarms_starts_it_anew(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(10))
    monitor.catch_up()
    monitor.set_settings(DriftSettings(500))
    assert monitor.status().problem == STARTING
    stream.put(clean(7))
    monitor.catch_up()
    assert monitor.settings() == DriftSettings(500)
    assert {each.threshold for each in monitor.status().outcomes} == {500}
    assert summary(monitor).startswith("7 predictions")
    assert summary(monitor).endswith("when the rate of false alarms was set.")


def test_a_state_that_cannot_be_read_is_not_passed_over_in_silence(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(10))
    monitor.catch_up()
    stream.log.database.rows("UPDATE log.stream_state SET state = '{}'")
    assert monitor.status().problem == STARTING
    monitor.catch_up()
    assert summary(monitor).endswith("when its saved state could not be read.")


def test_a_model_of_another_label_set_stops_it(stream: Stream) -> None:
    stream.put(clean(10))
    stream.monitor().catch_up()
    stream.baselines = Baselines(BaselinesTable(stream.log.database), 7)
    monitor = stream.monitor()
    assert not monitor.catch_up()
    assert monitor.status().problem.startswith(
        "Not computed: the baseline is of 43 classes and the model tells 7"
    )


# Reporting


def test_an_alarm_is_to_be_reported_once(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(attacked(60))
    assert monitor.catch_up()
    assert not monitor.catch_up()
    (violation,) = monitor.status().outcomes[0].violations
    assert violation.description.startswith("Class 14 (Stop) is ")
    monitor.mark_reported([violation, *monitor.status().outcomes[-1].violations])
    stream.clock.at += HOUR
    assert not monitor.catch_up()


def test_an_alarm_is_to_be_reported_in_whichever_step_it_came(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "AT_ONCE", 40)
    monitor = stream.monitor()
    stream.put([*attacked(60), *clean(120)])
    assert monitor.catch_up()
    assert not monitor.catch_up()


def test_alarms_are_those_of_channels_that_decide(stream: Stream) -> None:
    monitor = stream.monitor()
    assert monitor.alarms() == ()
    stream.put(attacked(60))
    monitor.catch_up()
    assert standing(monitor) == ["drift detector, class x flag", "drift detector, class"]
    (alarm,) = monitor.alarms()
    (violation,) = monitor.status().outcomes[0].violations
    assert (alarm.class_id, alarm.description) == (STOP, violation.description)


def test_the_status_is_as_of_the_last_look_of_the_process(stream: Stream) -> None:
    """By the lag of two seconds."""
    looking, other = stream.monitor(), stream.monitor()
    stream.put(clean(10))
    looking.catch_up()
    last = stream.clock.at - 2 * SECOND
    stream.clock.at += HOUR
    looking.catch_up()  # nothing came
    assert looking.status().as_of == stream.clock.at - 2 * SECOND
    assert other.status().as_of == last


def test_an_alarm_that_nobody_reported_is_reported_by_another_process(stream: Stream) -> None:
    stream.put(attacked(60))
    assert stream.monitor().catch_up()  # and then that process died
    other = stream.monitor()
    assert not other.catch_up()
    stream.clock.at += 31 * SECOND
    assert other.catch_up()


def test_an_alarm_ends_after_a_thousand_predictions_without_another(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(attacked(60))
    monitor.catch_up()
    monitor.mark_reported([v for each in monitor.status().outcomes for v in each.violations])
    stream.put(clean(900))
    monitor.catch_up()
    assert standing(monitor)
    stream.put(clean(200, seed=3))
    monitor.catch_up()
    stream.put(clean(1))
    monitor.catch_up()
    assert standing(monitor) == []


@pytest.mark.parametrize(
    "window", [Window(NOON - HOUR, NOON, "cars"), Window(NOON - 5 * HOUR, NOON - 3 * HOUR)]
)
def test_windows_of_the_past_and_of_one_endpoint_are_another_matter(
    stream: Stream, window: Window
) -> None:
    (outcome,) = stream.monitor().outcomes(window)
    assert (outcome.state, outcome.decides) == (RuleState.NOT_COMPUTED, False)
    assert outcome.sentence == f"Not computed: {ELSEWHERE}"


def test_metrics_have_e_values_and_alarms(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(attacked(60))
    monitor.catch_up()
    body = stream.metrics.render().decode()
    e_values = {each.rule.split(", ")[1]: each for each in monitor.status().outcomes}
    assert set(e_values) == {"class", "class x flag", "confidence"}
    value = stream.metrics.registry.get_sample_value
    assert value("signwatch_stream_evidence", {"channel": "confidence"}) == pytest.approx(
        e_values["confidence"].figure
    )
    assert value("signwatch_stream_alarms_total", {"channel": "class"}) >= 1
    assert 'signwatch_stream_alarms_total{channel="confidence"} 0.0' in body
    stream.baselines = Baselines(BaselinesTable(stream.log.database), 7)
    stream.monitor().catch_up()
    assert "signwatch_stream_evidence{" not in stream.metrics.render().decode()


def test_old_e_values_are_forgotten(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(50))
    monitor.catch_up()
    always = Window(NOON - HOUR, NOON + 1000 * HOUR)
    assert monitor.e_values(always)
    monitor.forget_e_values()
    assert monitor.e_values(always)
    stream.clock.at += timedelta(days=8)
    monitor.forget_e_values()
    assert monitor.e_values(always) == []


def test_a_class_never_seen_alarms(stream: Stream) -> None:
    stream.clock.at += SECOND
    stream.use(Baseline(CLASSES, dict.fromkeys(range(42), 100)))
    monitor = stream.monitor()
    stream.put([1, 2, 42, 3, 4, 42, 5, 42, 6, 42])
    assert monitor.catch_up()
    (outcome,) = monitor.status().outcomes
    assert outcome.violations == (
        Violation(
            "PredictedClass", "baseline_drift_check", outcome.sentence.partition(". Alarm since")[0]
        ),
    )
    assert outcome.sentence.startswith("Class 42 ")
    assert "expected 0" in outcome.sentence


def test_one_prediction(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.log.append([make_capture(prediction=make_prediction(3), inferred_at=NOON)], [])
    stream.clock.at += 5 * SECOND
    assert not monitor.catch_up()
    assert [each.state for each in monitor.status().outcomes] == [RuleState.HOLDS] * 3


def test_bursts_of_one_source_count_once(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put([STOP] * 60)
    assert not monitor.catch_up()
    assert summary(monitor).startswith("60 predictions")
