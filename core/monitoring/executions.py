"""Runs of the monitor: begun where every process sees them, evaluated, kept, reported."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from core.alerts.dispatcher import Alerts
from core.metrics import Metrics
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.evaluate import evaluate
from core.monitoring.rules.volume import volume_before
from core.records.drills import marked
from core.records.execution_log import ExecutionLog, RunLog, UnreadableRecord
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    Outcome,
    Trigger,
    WindowFigures,
    check_threshold,
)
from core.records.schedules import LastRun
from core.records.window import MOMENT, Window, duration, now
from core.store import ExecutionsTable, VolumeTable

logger = logging.getLogger(__name__)

LOST = timedelta(minutes=10)  # longer than any run takes
ON_TIME = timedelta(minutes=1)
CUT_OFF = (
    "Failed: the process ended during the run, so the window was not evaluated. Run the monitor "
    "over it again."
)


class Executions:
    """Runs the monitor.

    Parameters
    ----------
    table, volume
        Of the log: runs, and counts of requests for the volume rule.
    figures
        Counts and scores of a window.
    baselines, drift
        What the window is compared with, and the drift detector, whose outcomes are added.
    metrics, alerts
        Where the end of a run is reported.
    drilled
        How many records of a window were sent by drills.
    clock
        The time, aware, in UTC.
    """

    def __init__(
        self,
        table: ExecutionsTable,
        volume: VolumeTable,
        figures: Callable[[Window], WindowFigures],
        baselines: Baselines,
        drift: DriftMonitor,
        metrics: Metrics,
        alerts: Alerts,
        *,
        drilled: Callable[[Window], int],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._table = table
        self._volume = volume
        self._figures = figures
        self._baselines = baselines
        self._drift = drift
        self._metrics = metrics
        self._alerts = alerts
        self._drilled = drilled
        self._clock = clock

    def run(
        self,
        window: Window,
        *,
        threshold: float,
        trigger: Trigger = Trigger.MANUAL,
        schedule: str | None = None,
    ) -> Execution:
        """Run now; raises BadInput for a threshold outside (0, 1]."""
        begun = self._begun(window, threshold, trigger, schedule)
        self._table.begin(begun)
        asked = f", schedule {schedule}" if schedule else ""
        return self._finish(begun, f"Started now, {trigger}{asked}")

    def run_due(
        self,
        window: Window,
        *,
        threshold: float,
        schedule: str,
        due_at: datetime,
        after: LastRun | None,
        notify: bool = True,
    ) -> Execution | None:
        """The run of a schedule that follows `after`; None if another process has it.

        notify: whether its violations may send an alert.
        """
        begun = self._begun(window, threshold, Trigger.SCHEDULED, schedule, due_at)
        if not self._table.begin(begun, after=after):
            return None
        late = begun.started_at - due_at
        made_up = f", made up for {duration(late)} later" if late > ON_TIME else ""
        why = f"Due at {due_at:{MOMENT}} UTC by schedule {schedule}{made_up}"
        return self._finish(begun, why, notify=notify)

    def mark(
        self,
        window: Window,
        *,
        threshold: float,
        schedule: str,
        due_at: datetime,
        after: LastRun | None,
        reason: str,
    ) -> None:
        """Keep that a schedule goes on from `due_at` without having run, and why."""
        begun = self._begun(window, threshold, Trigger.SCHEDULED, schedule, due_at)
        if self._table.begin(begun, after=after):
            self._fail(begun, reason)

    def end_lost(self, *, begun_before: datetime) -> None:
        """End runs under way that began before then: no process works on them any more."""
        for each in self._table.latest(1000, status=ExecutionStatus.IN_PROGRESS):
            # One that began in the future was there before the clock was set back.
            if each.started_at < begun_before or each.started_at > self._clock() + LOST:
                self._fail(each, CUT_OFF)

    def last_run(self, schedule: str) -> LastRun | None:
        """The run of a schedule that began last; None before the first."""
        return self._table.last_run(schedule)

    def _begun(
        self,
        window: Window,
        threshold: float,
        trigger: Trigger,
        schedule: str | None,
        due_at: datetime | None = None,
    ) -> Execution:
        check_threshold(threshold)
        at = self._clock()
        return Execution(
            str(uuid.uuid4()),
            trigger,
            schedule,
            ExecutionStatus.IN_PROGRESS,
            f"InProgress: under way since {at:{MOMENT}} UTC.",
            window,
            threshold,
            at,
            at,
            figures=None,
            violations=(),
            due_at=due_at,
        )

    def _finish(self, begun: Execution, why: str, *, notify: bool = True) -> Execution:
        """Evaluate and keep the run; an error is kept with it."""
        log, done = RunLog(self._clock), begun
        log.write(why)
        unreadable: tuple[UnreadableRecord, ...] = ()
        try:
            if self._drift.covers(begun.window):
                self._drift.catch_up()
            figures = self._figures(begun.window)
            if figures.unreadable:
                unreadable = self._table.unreadable(begun.window)
            done = replace(begun, figures=figures)
            done = self._evaluate(begun, figures, log)
        except Exception as error:
            logger.exception("Run %s broke off", begun.execution_id)
            done = _failed(done, f"Failed: it broke off with {type(error).__name__}: {error}")
        done = replace(done, ended_at=self._clock())
        log.write(done.message)
        self._table.keep(done, ExecutionLog(log.lines(), unreadable))
        self._metrics.executed(done)
        if notify:
            self._drift.mark_reported(
                [each for found in done.outcomes for each in found.violations]
            )
            self._alerts.consider(done)
        return done

    def _evaluate(self, begun: Execution, figures: WindowFigures, log: RunLog) -> Execution:
        """Evaluate the rules on the figures of the window."""
        window, against = begun.window, self._baselines.against()
        log.write(
            f"Window {window.start:{MOMENT}} to {window.end:{MOMENT}} UTC, "
            f"{f'endpoint {window.endpoint}' if window.endpoint else 'all endpoints'}: "
            f"{sum(figures.counts.values()):,} predictions, "
            f"{figures.unreadable:,} records that could not be read"
        )
        log.write(str(figures.ordered()))  # as the log of the blog's container has it
        log.write(f"Baseline {against.baseline_id or against.problem or 'none'}")
        done = evaluate(
            window,
            figures,
            threshold=begun.threshold,
            trigger=begun.trigger,
            started_at=begun.started_at,
            schedule=begun.schedule,
            against=against,
            log=log,
            beside=self._beside(window, figures),
        )
        return replace(done, execution_id=begun.execution_id, due_at=begun.due_at)

    def _beside(self, window: Window, figures: WindowFigures) -> Iterator[Outcome]:
        """Outcomes of the rules that look at more than the figures of a window."""
        yield from self._drift.outcomes(window)
        drilled = self._drilled(window)
        yield volume_before(window, figures.total - drilled, self._volume.before)
        yield from marked(drilled, figures.total)

    def _fail(self, begun: Execution, reason: str) -> None:
        """Keep that a run failed before it computed anything."""
        done = replace(_failed(begun, reason), ended_at=self._clock())
        log = RunLog(self._clock)
        log.write(reason)
        self._table.keep(done, ExecutionLog(log.lines()))
        self._metrics.executed(done)


def _failed(execution: Execution, message: str) -> Execution:
    return replace(execution, status=ExecutionStatus.FAILED, message=message)
