"""The schedules of the monitor: kept in the log, run when they are due, made up for when missed.

Every process on a log checks once a minute what is due. So a change takes effect within a minute
wherever it was made, and each run belongs to the process that began it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from core.alerts.policy import LIVE
from core.errors import BadInput
from core.monitoring.executions import LOST, Executions
from core.monitoring.schedules.cron import Cron
from core.monitoring.schedules.due import due, explain_set_back, next_run
from core.records.analysts import Permission
from core.records.monitoring import Execution, MonitorSettings
from core.records.permissions import needs
from core.records.schedules import (
    DEFAULT,
    HOURLY,
    ONCE,
    LastRun,
    Schedule,
    ScheduleStatus,
    StoredSchedule,
)
from core.records.window import Window, now
from core.store import SchedulesTable

logger = logging.getLogger(__name__)


class Schedules:
    """All schedules of one log.

    Parameters
    ----------
    table
        Of the log.
    executions
        Runs the monitor.
    settings
        Of the monitor, where a schedule has none of its own.
    clock
        The time, aware, in UTC.
    """

    def __init__(
        self,
        table: SchedulesTable,
        executions: Executions,
        settings: Callable[[], MonitorSettings],
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._table = table
        self._executions = executions
        self._settings = settings
        self._clock = clock
        self._closed = threading.Event()
        self._table.ensure(self._new(Schedule(DEFAULT, HOURLY)))

    def all(self) -> list[StoredSchedule]:
        """Every schedule, by name."""
        return self._table.all()

    def one(self, name: str) -> StoredSchedule:
        """The schedule of that name; raises NotFound."""
        return self._table.one(name)

    @needs(Permission.SCHEDULES)
    def create(self, schedule: Schedule) -> None:
        """Keep a new schedule; raises BadInput, or Conflict if its name is taken.

        One that runs ONCE does so before this returns.
        """
        self._check(schedule)
        self._table.create(self._new(schedule))
        if schedule.expression == ONCE:
            self.run_now(schedule.name)

    @needs(Permission.SCHEDULES)
    def change(self, schedule: Schedule) -> None:
        """Keep a schedule in the place of the one of its name; raises BadInput or NotFound."""
        self._check(schedule)
        before, at = self._table.one(schedule.name), self._clock()
        same = schedule.expression == before.schedule.expression
        self._table.change(
            replace(
                before, schedule=schedule, changed_at=at, runs_from=before.runs_from if same else at
            )
        )
        if schedule.expression == ONCE:
            self.run_now(schedule.name)

    @needs(Permission.SCHEDULES)
    def start(self, name: str) -> None:
        """Let a stopped schedule run again, from now on; raises NotFound."""
        before, at = self._table.one(name), self._clock()
        if before.status is ScheduleStatus.STOPPED:
            self._table.change(
                replace(before, status=ScheduleStatus.SCHEDULED, changed_at=at, runs_from=at)
            )

    @needs(Permission.SCHEDULES)
    def stop(self, name: str) -> None:
        """Let a schedule run no more until it is started; raises NotFound."""
        before = self._table.one(name)
        if before.status is ScheduleStatus.SCHEDULED:
            self._table.change(
                replace(before, status=ScheduleStatus.STOPPED, changed_at=self._clock())
            )

    @needs(Permission.SCHEDULES)
    def delete(self, name: str) -> None:
        """Forget a schedule, but not its runs; raises NotFound."""
        self._table.delete(replace(self._table.one(name), changed_at=self._clock()))

    @needs(Permission.SCHEDULES)
    def run_now(self, name: str) -> Execution:
        """Run over the window that the schedule would evaluate now; raises NotFound."""
        schedule = self._table.one(name).schedule
        window = self._window(schedule, self._clock())
        return self._executions.run(window, threshold=self._threshold(schedule), schedule=name)

    def next_run(self, stored: StoredSchedule) -> datetime | None:
        """When a schedule runs next; None if it is stopped, or has no run any more."""
        if not _runs(stored):
            return None
        last = self._executions.last_run(stored.schedule.name)
        return next_run(
            Cron.parse(stored.schedule.expression),
            last=last.due_at if last else None,
            runs_from=stored.runs_from,
            at=self._clock(),
        )

    def describe(self, expression: str) -> str:
        """A cron expression in words; raises BadInput."""
        return Cron.parse(expression).describe()

    def next_after_now(self, expression: str) -> datetime | None:
        """The next time of a cron expression; None if there is none. Raises BadInput."""
        return Cron.parse(expression).next_after(self._clock())

    def tick(self) -> None:
        """Run what is due, of every schedule. To be called at the beginning of each minute."""
        self._executions.end_lost(begun_before=self._clock() - LOST)
        for stored in filter(_runs, self._table.all()):
            try:
                while not self._closed.is_set() and self._advance(stored):
                    pass
                self._put_right(stored)
            except Exception:
                logger.exception("Schedule %s could not run", stored.schedule.name)

    def close(self) -> None:
        """Begin nothing more; what is under way ends."""
        self._closed.set()

    def _advance(self, stored: StoredSchedule) -> bool:
        """Do what the schedule has to do first; False if there is nothing."""
        schedule, at = stored.schedule, self._clock()
        last = self._executions.last_run(schedule.name)
        found = due(
            Cron.parse(schedule.expression),
            last=last.due_at if last else None,
            runs_from=stored.runs_from,
            at=at,
        )
        if found.set_back_from:
            why = explain_set_back(schedule.name, found.set_back_from, at)
            self._mark(schedule, self._window(schedule, at), at, last, why)
        elif found.missed:
            first, end = (
                self._window(schedule, moment) for moment in (found.missed.first, found.missed.last)
            )
            self._mark(
                schedule,
                replace(first, end=end.end),
                found.missed.last,
                last,
                found.missed.explain(schedule.name),
            )
        elif found.runs:
            self._executions.run_due(
                self._window(schedule, found.runs[0]),
                threshold=self._threshold(schedule),
                schedule=schedule.name,
                due_at=found.runs[0],
                after=last,
                notify=len(found.runs) == 1 or at - found.runs[0] <= LIVE,
            )
        return bool(found.set_back_from or found.runs)

    def _put_right(self, stored: StoredSchedule) -> None:
        """What was made while the clock was ahead runs from now on, not from then on."""
        at = self._clock()
        if stored.runs_from > at:
            self._table.change(replace(stored, runs_from=at))

    def _mark(
        self, schedule: Schedule, window: Window, due_at: datetime, last: LastRun | None, why: str
    ) -> None:
        self._executions.mark(
            window,
            threshold=self._threshold(schedule),
            schedule=schedule.name,
            due_at=due_at,
            after=last,
            reason=f"Failed: {why}",
        )

    def _check(self, schedule: Schedule) -> None:
        """Raise BadInput unless the schedule has something to do."""
        if schedule.expression == ONCE:
            return
        if Cron.parse(schedule.expression).next_after(self._clock()) is None:
            raise BadInput(f"{schedule.expression} has no run in the future; choose a later year")

    def _new(self, schedule: Schedule) -> StoredSchedule:
        at = self._clock()
        return StoredSchedule(schedule, ScheduleStatus.SCHEDULED, at, at, at)

    def _window(self, schedule: Schedule, moment: datetime) -> Window:
        return schedule.window(moment, timedelta(minutes=self._settings().window_minutes))

    def _threshold(self, schedule: Schedule) -> float:
        own = schedule.threshold
        return self._settings().threshold if own is None else own


def _runs(stored: StoredSchedule) -> bool:
    return stored.status is ScheduleStatus.SCHEDULED and stored.schedule.expression != ONCE
