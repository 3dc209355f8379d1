"""What a drill asks of the running program."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.alerts.channels import AlertChannel
from core.alerts.dispatcher import Alerts
from core.errors import Conflict
from core.metrics import Metrics
from core.monitoring.rules.in_force import Against
from core.records.alerts import Delivery, Notice, NoticeKind
from core.records.captures import Provenance
from core.records.drift import DriftAlarm
from core.records.drills import AlertOutcome, ReportedAlarm, marked
from core.records.monitoring import Violation
from core.records.window import now
from core.services import Services
from core.simulation.detection_delay import AttackedTraffic, detections
from core.simulation.drill_traffic import Sign
from core.simulation.system import SystemUnderTest
from core.store import AlertsTable, DrillsTable, ExecutionsTable
from tests.support.drifting import SECOND, Stream
from tests.support.drilling import run, use_baseline
from tests.support.observing import BASELINE, STOP, attacked, captures, clean
from tests.support.records import NOON, make_execution

OF_A_DRILL = Provenance("drill/d1/7", 3, "pgd", STOP)


def test_while_an_alert_lasts_that_is_no_drills(drilled: Services, signs: list[Sign]) -> None:
    use_baseline(drilled, signs)
    execution = make_execution(now())
    ExecutionsTable(drilled.log.database).begin(execution)
    drilled.alerts.consider(execution)
    drilled.alerts.flush()
    with pytest.raises(
        Conflict, match=r"^an alert has lasted since .* that is not from a drill \("
    ):
        run(drilled)


# Over a log of its own, with a clock


@pytest.fixture
def system(stream: Stream) -> SystemUnderTest:
    """The parts of the program over that log; alerts would go to two channels."""
    database = stream.log.database
    alerts = Alerts(
        [AlertChannel("one", ""), AlertChannel("two", "")],
        AlertsTable(database),
        Metrics(),
        chart=lambda *_: b"",
        reminder=timedelta(0),
        address=lambda: None,
    )
    return SystemUnderTest(
        DrillsTable(database),
        stream.log,
        stream.monitor(false_alarm_every=5_000.0),
        alerts,
        lambda window: make_execution(window.end),
        lambda: 0.4,
    )


def raise_alarm(stream: Stream, system: SystemUnderTest, **changes: object) -> DriftAlarm:
    """Half of the traffic turned to Stop, until the detector has its alarm."""
    stream.put(attacked(60), **changes)
    assert system.drift.catch_up()
    (alarm,) = system.drift.alarms()
    assert alarm.class_id == STOP
    return alarm


def put_run(stream: Stream, begun_at: datetime, *descriptions: str, **changes: object) -> str:
    """A run that reports violations of these descriptions; its id."""
    violations = [
        Violation("PredictedClass", "baseline_drift_check", text) for text in descriptions
    ]
    execution = make_execution(begun_at, violations=tuple(violations), **changes)
    ExecutionsTable(stream.log.database).begin(execution)
    return execution.execution_id


def put_notice(
    stream: Stream, execution_id: str | None, endpoint: str | None = None, notice_id: str = "n"
) -> None:
    """An alert that lasts."""
    notice = Notice(
        notice_id, NoticeKind.ALERT, endpoint, NOON, ("share",), execution_id, NOON, NOON
    )
    AlertsTable(stream.log.database).add(notice)


def test_the_alarm_is_the_one_at_the_target_with_the_first_run_that_reports_it(
    stream: Stream, system: SystemUnderTest
) -> None:
    alarm = raise_alarm(stream, system)
    assert system.reported_alarm(STOP, NOON) is None
    put_run(stream, NOON - SECOND, alarm.description)  # begun before the drill
    put_run(stream, NOON + 20 * SECOND, "another violation")
    first = put_run(stream, NOON + 21 * SECOND, "another violation", alarm.description)
    put_run(stream, NOON + 22 * SECOND, alarm.description)
    found = system.reported_alarm(STOP, NOON)
    assert found is not None
    assert (found[0], found[1].execution_id) == (alarm, first)
    assert system.reported_alarm(STOP, alarm.at) is not None
    assert system.reported_alarm(STOP, alarm.at + timedelta(microseconds=1)) is None
    assert system.reported_alarm(3, NOON) is None


def test_the_detector_has_to_have_come_past_the_last_capture(
    stream: Stream, system: SystemUnderTest
) -> None:
    assert not system.checked_everything()
    stream.put(clean(20))
    assert not system.checked_everything()
    system.drift.catch_up()
    assert system.checked_everything()
    as_of = system.drift.status().as_of
    assert as_of is not None
    stream.log.append(captures([1], as_of - timedelta(microseconds=1)), [])
    assert system.checked_everything()
    stream.log.append(captures([1], as_of), [])
    assert not system.checked_everything()


def test_the_attack_begins_with_the_drills_own_first_attacked_prediction(
    stream: Stream, system: SystemUnderTest
) -> None:
    message = r"^none of the drill's requests was captured"
    others = Provenance("drill/d10/1", 3, "pgd", STOP), Provenance("replay", 3, "pgd", STOP)
    for number, provenance in enumerate([*others, Provenance("drill/d1/0", 3)]):
        stream.log.append(captures([3], NOON + number * SECOND, provenance=provenance), [])
    with pytest.raises(Conflict, match=message):
        system.attack_began("d1")
    stream.log.append(captures([14, 14], NOON + 9 * SECOND, provenance=OF_A_DRILL), [])
    assert system.attack_began("d1") == NOON + 9 * SECOND
    with pytest.raises(Conflict, match=message):
        system.attack_began("d")


def test_rules_notice_from_the_first_attacked_prediction_on(
    stream: Stream, system: SystemUnderTest
) -> None:
    stream.put(clean(40, seed=3))  # before the drill
    since = stream.clock.at
    stream.put(clean(220))
    attack_at = stream.clock.at
    stream.put(attacked(80))
    seen = system.drift.predictions(since, attack_at + timedelta(hours=1))
    assert len(seen) == 300
    against = Against(BASELINE)
    found = system.detections(since, attack_at, against)
    traffic = AttackedTraffic(seen, 220)
    assert found == detections(traffic, against, threshold=0.4, false_alarm_every=5_000.0)
    assert {each.threshold for each in found} >= {0.4, 5_000.0}
    (flags,) = [each for each in found if each.rule == "drift detector, class x flag"]
    assert flags.after is not None and flags.seconds == pytest.approx((flags.after - 1) * 0.1)


def test_an_alarm_is_counted_and_timed_from_the_first_attacked_prediction(
    stream: Stream, system: SystemUnderTest
) -> None:
    stream.put(clean(20))  # a tenth of a second apart
    alarm = DriftAlarm(8, STOP, 9e3, "Stop", NOON + 0.7 * SECOND, NOON + 4 * SECOND)
    run = make_execution(NOON + 8 * SECOND, ended_at=NOON + 10.5 * SECOND, execution_id="run")
    found = system.describe_alarm(alarm, run, NOON + 0.3 * SECOND)
    # Predictions at 0.3, 0.4, 0.5, 0.6 and 0.7 s.
    assert found == ReportedAlarm("Stop", STOP, 5, pytest.approx(3.7), "run", pytest.approx(10.2))


def test_every_channel_is_named_with_what_became_of_the_alert(
    stream: Stream, system: SystemUnderTest
) -> None:
    table = AlertsTable(stream.log.database)
    put_notice(stream, "this", notice_id="a")
    put_notice(stream, "another", notice_id="b")
    at = NOON + 5 * SECOND
    table.add_deliveries([Delivery("a", "two", False, "refused", at)])
    table.add_deliveries([Delivery("b", "one", True, "", at)])
    missing = AlertOutcome("one", False, "nothing was sent within 7 s", 7.0)
    assert system.alert_outcomes("this", NOON + 2 * SECOND, 7.0) == (
        AlertOutcome("two", False, "refused", 3.0),
        missing,
    )
    assert [each.notice_id for each in system.deliveries_of("this")] == ["a"]
    assert system.alert_outcomes("none", NOON, 7.0) == (missing, replace(missing, channel="two"))


# Whether a drill may begin


def test_nothing_stands_in_the_way(system: SystemUnderTest) -> None:
    system.check_quiet()


def test_an_alarm_of_the_traffic_would_be_hidden(stream: Stream, system: SystemUnderTest) -> None:
    alarm = raise_alarm(stream, system)
    with pytest.raises(Conflict) as error:
        system.check_quiet()
    assert str(error.value) == (
        f"an alarm stands that is not from a drill: {alarm.description}. Resolve it first; "
        "a drill would hide it"
    )


def test_an_alarm_of_a_drill_is_no_obstacle(stream: Stream, system: SystemUnderTest) -> None:
    raise_alarm(stream, system, provenance=OF_A_DRILL)
    system.check_quiet()


def test_an_alert_that_lasts_is_one_unless_a_drill_caused_it(
    stream: Stream, system: SystemUnderTest
) -> None:
    put_notice(stream, put_run(stream, NOON, "x", outcomes=marked(3, 4)))
    system.check_quiet()
    put_notice(stream, None, endpoint="cars")  # an alert of one endpoint is another matter
    system.check_quiet()


@pytest.mark.parametrize("of_a_run", [True, False])
def test_other_alerts_would_keep_a_drills_from_being_sent(
    stream: Stream, system: SystemUnderTest, of_a_run: bool
) -> None:
    put_notice(stream, put_run(stream, NOON, "x") if of_a_run else None)
    with pytest.raises(
        Conflict,
        match=r"^an alert has lasted since 2026-02-14 12:00:00 UTC that is not from a drill "
        r"\(share\)",
    ):
        system.check_quiet()
    replace(system, alerts=without_channels(stream)).check_quiet()  # then nothing is sent anyway


def without_channels(stream: Stream) -> Alerts:
    return Alerts(
        [],
        AlertsTable(stream.log.database),
        Metrics(),
        chart=lambda *_: b"",
        reminder=timedelta(0),
        address=lambda: None,
    )
