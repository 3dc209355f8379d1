"""A drill from its first request to its report."""

import threading
from datetime import timedelta

import numpy as np
import pytest

from core.errors import Conflict
from core.images import ImageFile
from core.jobs import never
from core.monitoring.baseline import Baseline
from core.monitoring.drift.detector import Detector
from core.monitoring.rules.in_force import Against
from core.records.captures import Capture, Provenance
from core.records.drills import DrillPlan, DrillReport
from core.records.execution_log import ExecutionLog
from core.records.monitoring import Execution, Trigger, Violation
from core.records.window import Window, now
from core.services import Services
from core.simulation import drill_run
from core.simulation.drill_run import DrillRun
from core.simulation.drill_traffic import DISTINCT, CleanMix, DrillTraffic, Sign
from core.simulation.traffic import SimulatedRequest
from core.store import ExecutionsTable
from tests.support.drifting import Stream
from tests.support.drilling import captures, run, system_over, use_baseline
from tests.support.images import blocks
from tests.support.observing import BASELINE, STOP, confidence
from tests.support.records import CLASSES, make_capture, make_execution, make_prediction
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
    reported = report.alarm
    assert reported is not None
    (alarm,) = [  # nothing ended it
        each for each in signwatch.drift.alarms() if each.description == reported.description
    ]
    run = signwatch.monitoring.execution(reported.execution_id)
    (delivery,) = [
        each
        for notice, each in signwatch.alerts.deliveries(9)
        if notice.execution_id == reported.execution_id
    ]
    since = [each.inferred_at for each in captures(signwatch) if each.inferred_at <= alarm.at]
    since = [each for each in since if each >= report.attack_at]
    assert reported.after == len(since) > 1
    assert [reported.alarm_seconds, reported.reported_seconds, report.alerts[0].seconds] == [
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


# Without a program around it

SETTLE = 200  # predictions until an alarm is over


class Straight:
    """A drill whose requests go straight into the log; what the program does follows on each part.

    windows: those over which the drill runs the monitor.
    """

    def __init__(self, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stream, self.windows = stream, list[Window]()
        self.system = system_over(stream, run_monitor=self.run_monitor)
        self.violations: tuple[Violation, ...] = ()
        self.sent: list[Capture] = []
        self._waiting: list[Capture] = []
        self._one_at_a_time = threading.Lock()
        monkeypatch.setattr(drill_run, "OverHttp", self.transport)
        monkeypatch.setitem(Detector.__init__.__kwdefaults__, "settle", SETTLE)

    def transport(self, _: str) -> "Straight":
        return self

    def __enter__(self) -> "Straight":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def keep_reference(self, image: ImageFile) -> None:
        assert image.sha256 == ImageFile.from_pixels(blocks(STOP)).sha256

    def predict(self, image: ImageFile, provenance: Provenance) -> int:
        """As the target where it is attacked."""
        assert provenance.label is not None
        class_id = provenance.label if provenance.target is None else provenance.target
        with self._one_at_a_time:
            number = len(self.sent) + len(self._waiting)
            made = make_prediction(class_id, 0.05 + 0.9 * confidence(number))
            capture = make_capture(prediction=made, provenance=provenance, inferred_at=now())
            self._waiting.append(capture)
        return class_id

    def run_monitor(self, window: Window) -> Execution:
        self.windows.append(window)
        return make_execution(violations=self.violations)

    def go_on(self, *_: object) -> None:
        """Captures become visible; the detector takes them, and an alarm is reported by a run."""
        self.stream.log.append(self._waiting, [])
        self.sent, self._waiting = self.sent + self._waiting, []
        self.stream.clock.at = now() + timedelta(seconds=2)  # the lag
        if self.system.drift.catch_up():
            found = [v for each in self.system.drift.status().outcomes for v in each.violations]
            done = make_execution(now(), violations=tuple(found))
            ExecutionsTable(self.stream.log.database).keep(done, ExecutionLog(()))
            self.system.drift.mark_reported(found)

    def drill(self, plan: DrillPlan) -> DrillReport:
        signs = [Sign(ImageFile.from_pixels(blocks(k)), k) for k in range(CLASSES)]
        shown = signs[STOP].image
        provenance = Provenance(None, 3, "fgsm", plan.target, shown.sha256)
        mix = CleanMix(signs, np.full(CLASSES, 1 / CLASSES), 0.25)
        traffic = DrillTraffic("one", plan, mix, [SimulatedRequest(shown, shown, provenance)])
        made = DrillRun(
            self.system,
            plan,
            traffic,
            Against(BASELINE),
            url="",
            progress=self.go_on,
            cancelled=never,
        )
        return made.run("one", uncovered=mix.uncovered)


@pytest.fixture
def straight(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Straight:
    return Straight(stream, monkeypatch)


def test_clean_traffic_follows_until_the_alarm_is_over_and_a_run_finds_nothing(
    straight: Straight,
) -> None:
    report = straight.drill(DrillPlan(0.3, 14, "fgsm"))
    attacked = [each for each in straight.sent if each.provenance.attack is not None]
    first, last = attacked[0].inferred_at, attacked[-1].inferred_at
    assert (report.attack_at, report.attacked, report.uncovered) == (first, len(attacked), 0.25)
    assert report.clean == drill_run.CLEAN + -drill_run.CLEAN % drill_run.AT_ONCE
    assert report.clean == sum(each.inferred_at < first for each in straight.sent)
    assert report.alarm is not None
    assert report.alarm.class_id == STOP
    assert (report.lasting, straight.system.drift.alarms()) == ("", ())
    (window,) = straight.windows
    assert last < window.start < window.end <= report.ended_at
    after = [each for each in straight.sent if each.inferred_at >= window.start]
    assert report.clean + report.attacked + report.interspersed == len(straight.sent) - len(after)
    assert SETTLE <= len(after) < drill_run.MOST_CLEAN
    assert report.began_at < straight.sent[0].inferred_at


def test_what_the_last_run_finds_lasts(straight: Straight) -> None:
    straight.violations = (Violation("PredictedClass", "check", "something else"),)
    assert straight.drill(DrillPlan(1.0, 14, "fgsm")).lasting == "something else"


def test_clean_traffic_that_raises_an_alarm_itself_is_not_attacked(
    straight: Straight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not somebody would be notified."""
    monkeypatch.setattr(drill_run, "MOST_CLEAN", 400)
    straight.stream.clock.go(hours=1)
    straight.stream.use(Baseline(CLASSES, {k: 100 for k in range(CLASSES) if k != 30}))
    with pytest.raises(Conflict) as caught:
        straight.drill(DrillPlan(1.0, 14, "fgsm"))
    (alarm,) = straight.system.drift.alarms()
    assert alarm.class_id == 30
    assert str(caught.value) == (
        f"the clean traffic of the drill itself is in violation ({alarm.description}), so an "
        "attack would not stand out. Create a baseline from traffic like it"
    )
    assert not any(each.provenance.attack for each in straight.sent)
