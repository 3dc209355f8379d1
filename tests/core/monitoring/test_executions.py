"""The drift detector in the running program: alarm -> run -> alert -> recovery."""

from datetime import timedelta
from typing import Any

import pytest

from core.monitoring.rules.volume import MIN_INTERVALS
from core.records.captures import Provenance
from core.records.execution_log import ExecutionLog
from core.records.monitoring import ExecutionStatus, Outcome, RuleState, Trigger
from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable
from tests.support.observing import attacked, captures, checked_at, clean, put, use
from tests.support.records import make_execution
from tests.support.waiting import until
from tests.support.webhook import Webhook

SECOND = timedelta(seconds=1)
DRILL = Provenance("drill/one/1")


def outcome(outcomes: tuple[Outcome, ...], rule: str) -> Outcome:
    (found,) = [each for each in outcomes if each.rule == rule]
    return found


def test_every_live_run_has_the_outcomes_of_the_drift_detector(signwatch: Services) -> None:
    use(signwatch)
    put(signwatch, clean(50))
    done = signwatch.monitoring.run()
    assert done.status is ExecutionStatus.COMPLETED
    found = outcome(done.outcomes, "drift detector, class x flag")
    assert (found.state, found.decides, found.threshold) == (RuleState.HOLDS, True, 10_000)
    assert "of 50 predictions since" in found.sentence
    assert signwatch.monitoring.executions(1) == [done]


def test_without_a_baseline_the_run_says_what_to_do(signwatch: Services) -> None:
    put(signwatch, clean(50))
    done = signwatch.monitoring.run()
    assert done.status is ExecutionStatus.COMPLETED
    assert outcome(done.outcomes, "drift detector").sentence.startswith(
        "Not computed: there is no baseline. Create one"
    )


def test_an_alarm_runs_the_monitor_and_is_reported_at_once(
    alerting: Services, hook: Webhook
) -> None:
    use(alerting)
    put(alerting, clean(100))
    alerting.monitoring.run_on_alarm()
    assert alerting.monitoring.executions(9) == []
    put(alerting, attacked(60, share=0.4))
    alerting.monitoring.run_on_alarm()
    (done,) = alerting.monitoring.executions(9)
    assert (done.trigger, done.schedule) == (Trigger.ALARM, None)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    named = [each for each in done.violations if each.description.startswith("Class 14 (Stop) is")]
    assert named[0].feature_name == "PredictedClass"
    assert named[0].constraint_check_type == "baseline_drift_check"
    alerting.alerts.flush()
    (body,) = hook.bodies
    assert "Class 14 (Stop) is" in body["message"]
    alerting.monitoring.run_on_alarm()
    assert len(alerting.monitoring.executions(9)) == 1


def test_an_alarm_of_a_channel_that_does_not_decide_is_reported_with_the_others(
    signwatch: Services,
) -> None:
    use(signwatch)
    put(signwatch, attacked(60))
    signwatch.monitoring.run_on_alarm()
    (done,) = signwatch.monitoring.executions(9)
    compared = outcome(done.outcomes, "drift detector, class")
    assert (compared.state, compared.decides) == (RuleState.VIOLATED, False)
    put(signwatch, clean(400))
    signwatch.monitoring.run_on_alarm()
    assert signwatch.monitoring.executions(9) == [done]


def test_while_it_stands_a_clean_window_is_no_recovery_and_afterwards_it_is(
    alerting: Services, hook: Webhook
) -> None:
    use(alerting)
    put(alerting, attacked(60))
    alerting.monitoring.run_on_alarm()
    put(alerting, clean(900))
    later = alerting.monitoring.run(Window(now() - SECOND, now()))
    assert later.figures.total == 0
    assert later.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    put(alerting, clean(400, seed=4))
    alerting.monitoring.run_on_alarm()
    over = alerting.monitoring.run(Window(checked_at(alerting) - 30 * SECOND, now()))
    assert over.status is ExecutionStatus.COMPLETED
    alerting.alerts.flush()
    kinds = [title.partition(":")[0] for title in hook.titles]
    assert (kinds[0], kinds[-1]) == ("Signwatch alert", "Signwatch")
    assert "clean again" in hook.titles[-1]
    assert len([title for title in hook.titles if "clean again" in title]) == 1


def test_a_run_over_the_past_neither_takes_nor_reports_what_is_live(alerting: Services) -> None:
    use(alerting)
    put(alerting, attacked(60))
    past = Window(now() - timedelta(hours=5), now() - timedelta(hours=4))
    for window in (past, Window(now() - timedelta(hours=1), now(), "cars")):
        done = alerting.monitoring.run(window)
        assert outcome(done.outcomes, "drift detector").decides is False
    alerting.monitoring.run_on_alarm()
    assert alerting.monitoring.executions(1)[0].trigger is Trigger.ALARM


def test_a_run_that_another_process_has_reports_nothing(signwatch: Services) -> None:
    use(signwatch)
    put(signwatch, attacked(60))
    due_at = now()
    begun = make_execution(due_at, status=ExecutionStatus.IN_PROGRESS, due_at=due_at)
    assert ExecutionsTable(signwatch.log.database).begin(begun)
    mine = signwatch.monitoring._executions.run_due(
        Window(due_at - timedelta(hours=1), due_at),
        threshold=0.5,
        schedule="hourly",
        due_at=due_at,
        after=None,
    )
    assert mine is None
    signwatch.monitoring.run_on_alarm()
    assert signwatch.monitoring.executions(1)[0].trigger is Trigger.ALARM


def test_a_run_that_notifies_nobody_leaves_its_alarms_to_one_that_does(
    alerting: Services, hook: Webhook
) -> None:
    use(alerting)
    put(alerting, attacked(60))
    due_at, last = now(), None
    for notify in (False, True):
        done = alerting.monitoring._executions.run_due(
            Window(due_at - timedelta(hours=1), due_at),
            threshold=0.5,
            schedule="hourly",
            due_at=due_at,
            after=last,
            notify=notify,
        )
        assert done is not None and done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
        alerting.alerts.flush()
        assert [alarm.reported for alarm in alerting.drift.alarms()] == [notify]
        assert len(hook.titles) == notify
        last = alerting.monitoring._executions.last_run("hourly")


# Volume


def test_traffic_that_stopped_is_a_violation_of_an_empty_window(signwatch: Services) -> None:
    end = now()
    minute = timedelta(minutes=1)
    for number in range(1, 13):
        begin = end - number * minute
        signwatch.log.append(captures(clean(100), begin, seconds=0.2), [])
    ordinary = signwatch.monitoring.run(Window(end - minute, end))
    assert outcome(ordinary.outcomes, "volume").state is RuleState.HOLDS
    assert outcome(ordinary.outcomes, "volume").decides
    silent = signwatch.monitoring.run(Window(end, end + minute))
    assert silent.figures.total == 0
    assert silent.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert silent.message.startswith(
        "CompletedWithViolations: Traffic stopped: 0 requests in the window, 100 on average in "
        "the 12 before"
    )


def test_a_drill_neither_raises_the_volume_nor_is_missed_afterwards(signwatch: Services) -> None:
    end = now()
    minute = timedelta(minutes=1)
    for number in range(1, 13):
        signwatch.log.append(captures(clean(100), end - number * minute, seconds=0.2), [])
    for begin in (end - minute, end - 2 * minute):
        sent = captures(clean(2000), begin, seconds=0.02, provenance=DRILL)
        signwatch.log.append(sent, [])
    window = Window(end - minute, end)
    during = signwatch.monitoring.run(window)
    assert during.figures.total == 2100
    assert outcome(during.outcomes, "volume").sentence == (
        "100 requests in the window, 100 on average in the 11 before"
    )
    assert outcome(during.outcomes, "drill").sentence == (
        "Drill: 2,000 of the 2,100 records of this window were sent by a drill"
    )


def test_a_newcomers_first_traffic_is_no_alarm_by_volume(signwatch: Services) -> None:
    end = now()
    signwatch.log.append(captures([1, 2], end - timedelta(hours=30)), [])
    signwatch.log.append(captures(clean(400), end - timedelta(minutes=5)), [])
    done = signwatch.monitoring.run(Window(end - timedelta(hours=1), end))
    found = outcome(done.outcomes, "volume")
    assert (found.state, found.decides) == (RuleState.NOT_COMPUTED, False)
    assert found.sentence == (
        "Not computed: 1 of the 29 stretches of 60 min before the window had traffic, and at "
        f"least {MIN_INTERVALS} are needed to compare"
    )


# Every few seconds


def test_the_program_checks_the_stream_automatically(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.services.root.DETECTOR_SECONDS", 0.05)
    use(signwatch)
    put(signwatch, attacked(60))
    signwatch.start()
    until(lambda: signwatch.monitoring.executions(1), "a run at the alarm")
    assert signwatch.monitoring.executions(1)[0].trigger is Trigger.ALARM


def test_upkeep_forgets_old_e_values(signwatch: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(signwatch.drift, "forget_e_values", lambda: asked.append(1))
    signwatch.maintain()
    assert asked == [1]


def test_a_run_at_an_alarm_is_the_same_when_it_is_read(signwatch: Services) -> None:
    done = make_execution(trigger=Trigger.ALARM, schedule=None)
    ExecutionsTable(signwatch.log.database).keep(done, ExecutionLog(()))
    assert signwatch.monitoring.execution(done.execution_id) == done
