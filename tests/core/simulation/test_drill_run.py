"""A drill from its first request to its report."""

import pytest

from core.records.drills import DrillReport
from core.records.monitoring import Trigger
from core.services import Services
from core.simulation import drill_run
from core.simulation.drill_traffic import DISTINCT, Sign
from tests.support.drilling import captures, run, use_baseline
from tests.support.webhook import Webhook


def test_a_drill_ends_with_the_alarm_that_names_the_class_and_the_alert(
    drilled: Services, signs: list[Sign], hook: Webhook
) -> None:
    use_baseline(drilled, signs)
    drilled.start()
    report = run(drilled)
    assert report.alarm is not None
    assert report.alarm.class_id == 14
    assert report.alarm.description.startswith("Class 14 (Stop) is ")
    assert report.sentence.startswith(f"Alarm {report.alarm.after} predictions and ")
    (alert,) = report.alerts
    assert (alert.channel, alert.delivered, alert.reason) == (hook.label, True, "")
    the_times_are_those_of_the_log(drilled, report)
    assert hook.titles[0].startswith("Signwatch alert (drill): Class 14 ")
    assert "records of this window were sent by a drill" in hook.bodies[0]["message"]
    done = drilled.monitoring.execution(report.alarm.execution_id)
    assert done.trigger is Trigger.ALARM
    assert done.outcomes[-1].rule == "drill"
    assert not done.outcomes[-1].decides
    by_rule = {each.rule: each for each in report.detections}
    assert by_rule["drift detector, class"].class_id == 14
    assert by_rule["drift detector, class"].false_alarms == 0
    assert "class share (SageMaker-compatible)" in by_rule
    assert report.lasting == report.alarm.description  # MOST_CLEAN is 0 here
    assert drilled.simulation.drills.latest(9) == [report]
    the_captures_carry_the_mark(drilled, report)


def the_times_are_those_of_the_log(signwatch: Services, report: DrillReport) -> None:
    (alarm,) = signwatch.drift.alarms()  # nothing ended it
    assert report.alarm is not None
    run = signwatch.monitoring.execution(report.alarm.execution_id)
    ((_, delivery),) = signwatch.alerts.deliveries(9)
    since = [each.inferred_at for each in captures(signwatch) if each.inferred_at <= alarm.at]
    since = [each for each in since if each >= report.attack_at]
    assert report.alarm.after == len(since) > 1
    assert [
        report.alarm.alarm_seconds,
        report.alarm.reported_seconds,
        report.alerts[0].seconds,
    ] == [
        (moment - report.attack_at).total_seconds()
        for moment in (alarm.raised_at, run.ended_at, delivery.at)
    ]


def the_captures_carry_the_mark(signwatch: Services, report: DrillReport) -> None:
    kept = captures(signwatch)
    assert len(kept) == report.clean + report.attacked + report.interspersed
    sources = [each.provenance.source for each in kept]
    assert len(set(sources)) == len(sources)
    assert {str(each).rpartition("/")[0] for each in sources} == {f"drill/{report.drill_id}"}
    attacked = [each for each in kept if each.provenance.attack is not None]
    assert len(attacked) == report.attacked
    assert {(each.provenance.attack, each.provenance.target) for each in attacked} == {("fgsm", 14)}
    assert 1 <= len({each.image_sha256 for each in attacked}) <= DISTINCT
    assert min(each.inferred_at for each in attacked) == report.attack_at
    for each in attacked[:3]:
        assert signwatch.captures.stored_image(each.provenance.clean_sha256)
    assert len({each.image_sha256 for each in kept} - {each.image_sha256 for each in attacked}) > 20


def test_an_attack_that_nothing_looks_for_is_given_up_and_reported(
    drilled: Services, signs: list[Sign], environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(drill_run, "MOST", 40)
    environment.setattr(drill_run, "SEEN_SECONDS", 0.3)
    use_baseline(drilled, signs)
    report = run(drilled)  # nothing runs the drift detector
    assert (report.alarm, report.alerts, report.lasting) == (None, (), "")
    assert report.sentence == (
        "No alarm: 40 requests with 50 % of the traffic attacked towards 14 Stop raised no alarm "
        "that names the class."
    )
