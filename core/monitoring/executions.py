"""Executions of the monitor: begun where everybody sees it, evaluated, kept with a log, told of."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from core.alerts.dispatcher import Alerts
from core.alerts.message import duration
from core.metrics import Metrics
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.evaluate import evaluate
from core.monitoring.rules.volume import volume_before
from core.monitoring.schedules.due import MOMENT
from core.records.drills import marked
from core.records.execution_log import ExecutionLog, Journal, UnreadableRecord
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    Outcome,
    Trigger,
    WindowFigures,
    check_threshold,
)
from core.records.schedules import LastRun
from core.records.window import Window, now
from core.store import ExecutionsTable, VolumeTable

logger = logging.getLogger(__name__)

LOST = timedelta(minutes=10)  # longer than any execution takes
ON_TIME = timedelta(minutes=1)
CUT_OFF = (
    "Failed: its process ended before the execution did, so its window was not evaluated. Run the "
    "monitor over it once more."
)


class Executions:
    """Runs the monitor. figures: what a window holds; stream: the watch, which is told as well.

    drilled: how many records of a window drills sent.
    """

    def __init__(
        self,
        table: ExecutionsTable,
        volume: VolumeTable,
        figures: Callable[[Window], WindowFigures],
        baselines: Baselines,
        stream: DriftMonitor,
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
        self._stream = stream
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
        """One execution, now; raises BadInput for a threshold outside (0, 1]."""
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
        tell: bool = True,
    ) -> Execution | None:
        """The run of a schedule that follows on `after`; None if another process has it.

        tell: whether anybody is told of what it finds.
        """
        begun = self._begun(window, threshold, Trigger.SCHEDULED, schedule, due_at)
        if not self._table.begin(begun, after=after):
            return None
        late = begun.started_at - due_at
        made_up = f", made up for {duration(late)} later" if late > ON_TIME else ""
        said = f"Due at {due_at:{MOMENT}} UTC by schedule {schedule}{made_up}"
        return self._finish(begun, said, tell=tell)

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
        """Let executions under way end that began before then: nobody works on them any more."""
        for each in self._table.latest(1000, status=ExecutionStatus.IN_PROGRESS):
            # One that began in the future was there before the clock was set back.
            if each.started_at < begun_before or each.started_at > self._clock() + LOST:
                self._fail(each, CUT_OFF)

    def last_run(self, schedule: str) -> LastRun | None:
        """The run of a schedule that began last; None before the first."""
        return self._table.last_run(schedule)

    def log_of(self, execution_id: str) -> ExecutionLog | None:
        """The log of an execution; None while it is under way, and for those of before."""
        return self._table.log_of(execution_id)

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

    def _finish(self, begun: Execution, said: str, *, tell: bool = True) -> Execution:
        """Evaluate and keep it; what goes wrong meanwhile is kept with it."""
        journal, done = Journal(self._clock), begun
        journal.say(said)
        unreadable: tuple[UnreadableRecord, ...] = ()
        try:
            if self._stream.covers(begun.window):
                self._stream.catch_up()
            figures = self._figures(begun.window)
            if figures.unreadable:
                unreadable = self._table.unreadable(begun.window)
            done = replace(begun, figures=figures)
            done = self._evaluate(begun, figures, journal)
        except Exception as error:
            logger.exception("Execution %s broke off", begun.execution_id)
            done = _failed(done, f"Failed: it broke off with {type(error).__name__}: {error}")
        done = replace(done, ended_at=self._clock())
        journal.say(done.message)
        self._table.keep(done, ExecutionLog(journal.lines(), unreadable))
        self._metrics.executed(done)
        if tell:
            self._stream.mark_reported([each for said in done.outcomes for each in said.violations])
            self._alerts.consider(done)
        return done

    def _evaluate(self, begun: Execution, figures: WindowFigures, journal: Journal) -> Execution:
        """The rules on what was read of its window."""
        window, against = begun.window, self._baselines.against()
        journal.say(
            f"Window {window.start:{MOMENT}} to {window.end:{MOMENT}} UTC, "
            f"{f'endpoint {window.endpoint}' if window.endpoint else 'all endpoints'}: "
            f"{sum(figures.counts.values()):,} predictions, "
            f"{figures.unreadable:,} records that could not be read"
        )
        journal.say(str(figures.ordered()))  # as the blog's log has it
        journal.say(f"Baseline {against.baseline_id or against.problem or 'none'}")
        done = evaluate(
            window,
            figures,
            threshold=begun.threshold,
            trigger=begun.trigger,
            started_at=begun.started_at,
            schedule=begun.schedule,
            against=against,
            journal=journal,
            beside=self._beside(window, figures),
        )
        return replace(done, execution_id=begun.execution_id, due_at=begun.due_at)

    def _beside(self, window: Window, figures: WindowFigures) -> Iterator[Outcome]:
        """What the rules say that look at more than the figures of a window."""
        yield from self._stream.outcomes(window)
        drilled = self._drilled(window)
        yield volume_before(window, figures.total - drilled, self._volume.before)
        yield from marked(drilled, figures.total)

    def _fail(self, begun: Execution, reason: str) -> None:
        """Keep that an execution failed without having computed anything."""
        done = replace(_failed(begun, reason), ended_at=self._clock())
        journal = Journal(self._clock)
        journal.say(reason)
        self._table.keep(done, ExecutionLog(journal.lines()))
        self._metrics.executed(done)


def _failed(execution: Execution, message: str) -> Execution:
    return replace(execution, status=ExecutionStatus.FAILED, message=message)
