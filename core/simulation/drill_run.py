"""One drill from its first request to its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from core.alerts.dispatcher import Alerts
from core.errors import Cancelled, Conflict
from core.jobs import Progress
from core.monitoring.drift.detector import SETTLE
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.rules.in_force import Against
from core.records.alerts import Delivery
from core.records.drift import DriftAlarm
from core.records.drills import DrillPlan, DrillReport, Noticed, Reached, Told
from core.records.monitoring import Execution
from core.records.window import Window, now
from core.simulation.detection_delay import Attacked, noticed
from core.simulation.drill_traffic import Traffic
from core.simulation.replay import Message, send
from core.store import CaptureLog, DrillsTable

CLEAN = 300  # requests before the attack, at least
MOST_CLEAN = 3_000  # requests until an alarm that a drill raised is over
MOST = 3_000  # requests of an attack that nobody notices
MOST_SECONDS = 600.0  # of either, where the endpoint is slow
CLIENTS = 8  # that send at a time: the endpoint takes requests of one moment together
AT_ONCE = 40  # requests between two looks at what the program noticed
SEEN_SECONDS = 60.0  # that the watch may take to see what was sent
ALERT_SECONDS = 60.0  # that an alert may take
PAUSE = 0.1  # seconds between two looks where nothing is sent
EXECUTIONS = 50  # the latest ones, among which the one is that tells of an alarm
DELIVERIES = 200
STOPPED = "the drill was cancelled; what it sent stays in the log, marked as a drill"


@dataclass(frozen=True)
class Program:
    """What a drill asks of the rest of the program. run_monitor: over a window, kept and told."""

    table: DrillsTable
    log: CaptureLog
    stream: DriftMonitor
    alerts: Alerts
    run_monitor: Callable[[Window], Execution]
    threshold: Callable[[], float]


class DrillRun:
    """Sends a drill's traffic to `url` and looks at what the running program makes of it."""

    def __init__(
        self,
        program: Program,
        plan: DrillPlan,
        traffic: Traffic,
        against: Against,
        *,
        url: str,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._program = program
        self._plan = plan
        self._traffic = traffic
        self._against = against
        self._url = url
        self._progress = progress
        self._cancelled = cancelled
        self._attacked = 0
        self._begin()

    def run(self, drill_id: str, *, uncovered: float) -> DrillReport:
        """Clean traffic, the attack until it is told of, clean traffic until all is quiet again.

        Raises Conflict where the clean traffic before itself raises an alarm that does not end,
        Unavailable where the endpoint stops to answer, and Cancelled.
        """
        began_at = now()
        clean, lasting = self._calm("clean traffic", CLEAN, began_at)
        if lasting:
            raise Conflict(
                f"the clean traffic of the drill itself is in violation ({lasting}), so nothing "
                "could be told from the attack. Make a baseline of traffic like it"
            )
        told = self._attack()
        attack_at, sent = self._attack_at(drill_id), self._sent
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
            self._noticed(began_at, attack_at),
            self._told(*told, attack_at) if told else None,
        )
        what = "not noticed; clean traffic"
        if report.told is not None:
            what = f"noticed after {report.told.after:,} predictions; clean traffic"
            report = replace(report, alerts=self._alerts(report.told, attack_at))
        _, lasting = self._calm(what, 0, now())
        return replace(report, lasting=lasting, ended_at=now())

    def _calm(self, what: str, least: int, since: datetime) -> tuple[int, str]:
        """Clean traffic until no alarm stands; how much, and what lasts all the same."""
        self._begin()
        raised = False
        while standing := self._program.stream.alarms():
            raised = True
            if not self._goes_on(MOST_CLEAN):
                return self._sent, standing[0].description
            self._send(self._traffic.quiet(AT_ONCE), SETTLE, f"{what} until the alarm is over")
        while self._sent < least:
            self._send(self._traffic.quiet(AT_ONCE), least, what)
        if not raised and not self._program.alerts.lasting():
            return self._sent, ""
        done = self._program.run_monitor(Window(since, now()))
        return self._sent, done.violations[0].description if done.violations else ""

    def _attack(self) -> tuple[DriftAlarm, Execution] | None:
        """The attack until an execution tells of an alarm that names it."""
        self._begin()
        since = now()
        while (told := self._alarm(since)) is None and self._goes_on(MOST):
            messages = self._traffic.attacked(AT_ONCE)
            self._attacked += sum(each.provenance.attack is not None for each in messages)
            self._send(messages, MOST, f"{self._plan.title}, no alarm yet")
        if told is None:
            self._wait(lambda: self._alarm(since) is not None or self._all_seen(), SEEN_SECONDS)
            told = self._alarm(since)
        return told

    def _begin(self) -> None:
        """A phase: nothing of it was sent yet."""
        self._sent, self._deadline = 0, time.monotonic() + MOST_SECONDS

    def _goes_on(self, most: int) -> bool:
        """Whether the phase under way may send more."""
        return self._sent < most and time.monotonic() < self._deadline

    def _send(self, messages: Sequence[Message], total: int, what: str) -> None:
        def stop_if_asked(done: int, of: int, text: str) -> None:
            self._stop_if_asked()

        parts = [messages[n::CLIENTS] for n in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as clients:
            for _ in clients.map(
                lambda part: send(self._url, part, rate=None, progress=stop_if_asked), parts
            ):
                pass
        self._sent += len(messages)
        self._progress(min(self._sent, total), total, f"{what}, {self._sent:,} sent")

    def _alarm(self, since: datetime) -> tuple[DriftAlarm, Execution] | None:
        """The alarm that names the target, with the first execution that tells of it."""
        for alarm in self._program.stream.alarms():
            if alarm.class_id == self._plan.target and alarm.at >= since:
                for execution in reversed(self._program.log.executions(EXECUTIONS)):
                    if any(v.description == alarm.description for v in execution.violations):
                        return alarm, execution
        return None

    def _all_seen(self) -> bool:
        """Whether the watch took everything that was sent."""
        as_of = self._program.stream.status().as_of
        last = self._program.log.last_capture_at()
        return as_of is not None and last is not None and as_of > last

    def _attack_at(self, drill_id: str) -> datetime:
        found = self._program.table.first_attacked(drill_id)
        if found is None:
            raise Conflict(
                "none of the drill's requests was captured: somebody turned capturing off, or "
                "deleted them meanwhile. Start the drill again"
            )
        return found

    def _noticed(self, since: datetime, attack_at: datetime) -> tuple[Noticed, ...]:
        seen = self._program.stream.predictions(since, now())
        begins = int(seen.at.searchsorted(np.datetime64(attack_at.replace(tzinfo=None))))
        return noticed(
            Attacked(seen, begins),
            self._against,
            threshold=self._program.threshold(),
            false_alarm_every=self._program.stream.settings().false_alarm_every,
        )

    def _told(self, alarm: DriftAlarm, execution: Execution, attack_at: datetime) -> Told:
        until = alarm.at + timedelta(microseconds=1)
        return Told(
            alarm.description,
            alarm.class_id,
            len(self._program.stream.predictions(attack_at, until)),
            (alarm.raised_at - attack_at).total_seconds(),
            execution.execution_id,
            (execution.ended_at - attack_at).total_seconds(),
        )

    def _alerts(self, told: Told, attack_at: datetime) -> tuple[Reached, ...]:
        """What became of the alert on each channel; waits for it."""
        channels = self._program.alerts.channels
        found: list[Delivery] = []

        def all_known() -> bool:
            found[:] = [
                delivery
                for notice, delivery in self._program.alerts.deliveries(DELIVERIES)
                if notice.execution_id == told.execution_id
            ]
            return len(found) >= len(channels)

        self._progress(0, 0, "waiting for the alert")
        self._wait(all_known, ALERT_SECONDS)
        known = tuple(
            Reached(
                each.channel, each.delivered, each.reason, (each.at - attack_at).total_seconds()
            )
            for each in found
        )
        missing = {each.label for each in channels} - {each.channel for each in found}
        return known + tuple(
            Reached(label, False, f"nothing was sent within {ALERT_SECONDS:g} s", ALERT_SECONDS)
            for label in sorted(missing)
        )

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        """Until it holds, at most so long; nothing is sent meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self._stop_if_asked()
            time.sleep(PAUSE)

    def _stop_if_asked(self) -> None:
        if self._cancelled():
            raise Cancelled(STOPPED)
