"""The running program as a drill sees it: what it noticed, what it reported, who was notified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from core.alerts.dispatcher import Alerts
from core.errors import Conflict
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.rules.in_force import Against
from core.records.alerts import Delivery
from core.records.drift import DriftAlarm
from core.records.drills import AlertOutcome, Detection, ReportedAlarm, mark_of
from core.records.monitoring import Execution
from core.records.window import Window, now
from core.simulation.detection_delay import AttackedTraffic, detections
from core.store import CaptureLog, DrillsTable

RUNS = 50  # the latest ones, among which the one is that reports an alarm
DELIVERIES = 200


@dataclass(frozen=True)
class SystemUnderTest:
    """The parts of the running program that a drill looks at.

    Parameters
    ----------
    drills, log
        The captures that drills sent, and the log of all.
    drift, alerts
        The drift detector, and the alerts.
    run_monitor
        Runs the monitor over a window, keeps the run and sends its alert.
    share_threshold
        The monitor's threshold, the largest share of one class.
    """

    drills: DrillsTable
    log: CaptureLog
    drift: DriftMonitor
    alerts: Alerts
    run_monitor: Callable[[Window], Execution]
    share_threshold: Callable[[], float]

    def check_quiet(self) -> None:
        """Raise Conflict where something lasts that is not of a drill: a drill would hide it."""
        for alarm in self.drift.alarms():
            if not self.drills.sent_at(alarm.at):
                raise Conflict(
                    f"an alarm stands that is not from a drill: {alarm.description}. Resolve it "
                    "first; a drill would hide it"
                )
        for notice in self.alerts.lasting() if self.alerts.channels else ():
            run = self.log.execution(notice.execution_id) if notice.execution_id else None
            if notice.endpoint is None and not (run and mark_of(run.outcomes)):
                raise Conflict(
                    f"an alert has lasted since {notice.since:%Y-%m-%d %H:%M:%S} UTC that is not "
                    f"from a drill ({', '.join(notice.violations)}), so a drill's alert might not "
                    "be sent. Resolve it first, and run the monitor over clean traffic"
                )

    def reported_alarm(self, target: int, since: datetime) -> tuple[DriftAlarm, Execution] | None:
        """The alarm that names the target, with the first run that reports it."""
        for alarm in self.drift.alarms():
            if alarm.class_id == target and alarm.at >= since:
                for run in reversed(self.log.executions(RUNS)):
                    reported = any(v.description == alarm.description for v in run.violations)
                    if reported and run.started_at >= since:
                        return alarm, run
        return None

    def checked_everything(self) -> bool:
        """Whether the drift detector checked every capture."""
        as_of = self.drift.status().as_of
        last = self.log.last_capture_at()
        return as_of is not None and last is not None and as_of > last

    def attack_began(self, drill_id: str) -> datetime:
        """When the first attacked prediction of a drill was made; raises Conflict without one."""
        found = self.drills.first_attacked(drill_id)
        if found is None:
            raise Conflict(
                "none of the drill's requests was captured: somebody turned capturing off, or "
                "deleted them meanwhile. Start the drill again"
            )
        return found

    def detections(
        self, since: datetime, attack_at: datetime, against: Against
    ) -> tuple[Detection, ...]:
        """When each rule noticed, from the captures of the drill."""
        seen = self.drift.predictions(since, now())
        begins = int(seen.at.searchsorted(np.datetime64(attack_at.replace(tzinfo=None))))
        return detections(
            AttackedTraffic(seen, begins),
            against,
            threshold=self.share_threshold(),
            false_alarm_every=self.drift.settings().false_alarm_every,
        )

    def describe_alarm(
        self, alarm: DriftAlarm, run: Execution, attack_at: datetime
    ) -> ReportedAlarm:
        """An alarm and its run, counted from the first attacked prediction."""
        until = alarm.at + timedelta(microseconds=1)
        return ReportedAlarm(
            alarm.description,
            alarm.class_id,
            len(self.drift.predictions(attack_at, until)),
            (alarm.raised_at - attack_at).total_seconds(),
            run.execution_id,
            (run.ended_at - attack_at).total_seconds(),
        )

    def deliveries_of(self, execution_id: str) -> list[Delivery]:
        """What became of the alert of a run, as far as it is known."""
        return [
            delivery
            for notice, delivery in self.alerts.deliveries(DELIVERIES)
            if notice.execution_id == execution_id
        ]

    def alert_outcomes(
        self, execution_id: str, attack_at: datetime, patience: float
    ) -> tuple[AlertOutcome, ...]:
        """The same for every channel. patience: seconds that somebody waited for it."""
        found = self.deliveries_of(execution_id)
        known = tuple(
            AlertOutcome(
                each.channel, each.delivered, each.reason, (each.at - attack_at).total_seconds()
            )
            for each in found
        )
        missing = {each.label for each in self.alerts.channels} - {each.channel for each in found}
        why = f"nothing was sent within {patience:g} s"
        return known + tuple(AlertOutcome(label, False, why, patience) for label in sorted(missing))
