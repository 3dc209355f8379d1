"""One drill from its first request to its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from core.errors import Cancelled, Conflict
from core.jobs import IsCancelled, Progress
from core.monitoring.drift.detector import SETTLE
from core.monitoring.rules.in_force import Against
from core.records.drift import DriftAlarm
from core.records.drills import AlertOutcome, DrillPlan, DrillReport, ReportedAlarm
from core.records.monitoring import Execution
from core.records.window import Window, now
from core.simulation.drill_traffic import DrillTraffic
from core.simulation.sending import OverHttp, send
from core.simulation.system import SystemUnderTest
from core.simulation.traffic import SimulatedRequest

CLEAN = 300  # requests before the attack, at least
MOST_CLEAN = 3_000  # requests until an alarm that a drill raised is over
MOST = 3_000  # requests of an attack that nobody notices
MOST_SECONDS = 600.0  # of either, where the endpoint is slow
CLIENTS = 8  # that send at a time: the endpoint takes requests of one moment together
AT_ONCE = 40  # requests between two checks of what the program noticed
SEEN_SECONDS = 60.0  # that the drift detector may take to check what was sent
ALERT_SECONDS = 60.0  # that an alert may take
PAUSE = 0.1  # seconds between two checks where nothing is sent
STOPPED = "the drill was cancelled; what it sent stays in the log, marked as a drill"


class DrillRun:
    """Sends a drill's traffic and checks what the running program makes of it.

    Parameters
    ----------
    system
        The running program.
    plan, traffic
        The attack, and the requests.
    against
        What traffic is compared with, to find when each rule noticed.
    url
        Address of the endpoint.
    progress, cancelled
        Reported and asked after every few requests.
    """

    def __init__(
        self,
        system: SystemUnderTest,
        plan: DrillPlan,
        traffic: DrillTraffic,
        against: Against,
        *,
        url: str,
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._system = system
        self._plan = plan
        self._traffic = traffic
        self._against = against
        self._url = url
        self._progress = progress
        self._cancelled = cancelled
        self._attacked = 0
        self._begin()

    def run(self, drill_id: str, *, uncovered: float) -> DrillReport:
        """Clean traffic, the attack until it is reported, clean traffic until the alarm is over.

        Raises
        ------
        Conflict
            Where the clean traffic before raises an alarm that does not end.
        Unavailable
            Where the endpoint stops answering.
        Cancelled
            Once `cancelled` says so.
        """
        began_at = now()
        clean, lasting = self._send_clean("clean traffic", CLEAN, began_at)
        if lasting:
            raise Conflict(
                f"the clean traffic of the drill itself is in violation ({lasting}), so an attack "
                "would not stand out. Create a baseline from traffic like it"
            )
        found = self._attack()
        attack_at, sent = self._system.attack_began(drill_id), self._sent
        report = DrillReport(
            drill_id,
            self._plan,
            began_at,
            attack_at,
            now(),
            clean,
            self._attacked,
            sent - self._attacked,
            uncovered,
            self._system.detections(began_at, attack_at, self._against),
            self._system.describe_alarm(*found, attack_at) if found else None,
        )
        what = "not noticed; clean traffic"
        if report.alarm is not None:
            what = f"noticed after {report.alarm.after:,} predictions; clean traffic"
            report = replace(report, alerts=self._alerts(report.alarm, attack_at))
        _, lasting = self._send_clean(what, 0, now())
        return replace(report, lasting=lasting, ended_at=now())

    def _send_clean(self, what: str, least: int, since: datetime) -> tuple[int, str]:
        """Clean traffic until no alarm stands; how much, and what lasts all the same."""
        self._begin()
        raised = False
        while (standing := self._system.drift.alarms()) or self._sent < least:
            raised = raised or bool(standing)
            if standing and not self._goes_on(MOST_CLEAN):
                return self._sent, standing[0].description
            total, until = (SETTLE, " until the alarm is over") if standing else (least, "")
            self._send(self._traffic.clean(AT_ONCE), total, f"{what}{until}")
        if not raised and not self._system.alerts.lasting():
            return self._sent, ""
        done = self._system.run_monitor(Window(since, now()))
        return self._sent, done.violations[0].description if done.violations else ""

    def _attack(self) -> tuple[DriftAlarm, Execution] | None:
        """The attack until a run reports an alarm that names its target."""
        self._begin()
        since = now()

        def reported() -> tuple[DriftAlarm, Execution] | None:
            return self._system.reported_alarm(self._plan.target, since)

        while (found := reported()) is None and self._goes_on(MOST):
            requests = self._traffic.attacked(AT_ONCE)
            self._attacked += sum(each.provenance.attack is not None for each in requests)
            self._send(requests, MOST, f"{self._plan.title}, no alarm yet")
        if found is None:
            self._wait(
                lambda: reported() is not None or self._system.checked_everything(), SEEN_SECONDS
            )
            found = reported()
        return found

    def _alerts(self, alarm: ReportedAlarm, attack_at: datetime) -> tuple[AlertOutcome, ...]:
        """What became of the alert on each channel; waits for it."""
        channels = len(self._system.alerts.channels)
        self._progress(0, 0, "waiting for the alert")
        self._wait(
            lambda: len(self._system.deliveries_of(alarm.execution_id)) >= channels, ALERT_SECONDS
        )
        return self._system.alert_outcomes(alarm.execution_id, attack_at, ALERT_SECONDS)

    def _begin(self) -> None:
        """A phase: nothing of it was sent yet."""
        self._sent, self._deadline = 0, time.monotonic() + MOST_SECONDS

    def _goes_on(self, most: int) -> bool:
        """Whether the current phase may send more."""
        return self._sent < most and time.monotonic() < self._deadline

    def _send(self, requests: Sequence[SimulatedRequest], total: int, what: str) -> None:
        """Several clients at a time, each its part of the requests."""
        parts = [requests[n::CLIENTS] for n in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as clients:
            for _ in clients.map(self._send_part, parts):
                pass
        self._sent += len(requests)
        self._progress(min(self._sent, total), total, f"{what}, {self._sent:,} sent")

    def _send_part(self, requests: Sequence[SimulatedRequest]) -> None:
        with OverHttp(self._url) as transport:
            send(transport, requests, progress=lambda *_: self._stop_if_cancelled())

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        """Until it holds, at most so long; nothing is sent meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self._stop_if_cancelled()
            time.sleep(PAUSE)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise Cancelled(STOPPED)
