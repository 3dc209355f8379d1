"""Schedules over any course of the clock: exactly what is due runs, once, whoever looks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from core.metrics import Metrics
from core.monitoring.executions import Executions
from core.monitoring.rules.in_force import NOTHING
from core.monitoring.schedules.scheduler import Schedules
from core.records.monitoring import Execution, MonitorSettings, WindowFigures
from core.records.schedules import DEFAULT, HOURLY, Schedule
from core.records.window import Window
from core.store import CaptureLog, ExecutionsTable, SchedulesTable
from tests.support.clock import Clock
from tests.support.records import NOON

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# What is not asked here: traffic, a baseline, the drift detector.
EVEN = WindowFigures(2, {1: 1, 2: 1}, None, None, None)
NO_DRIFT: Any = SimpleNamespace(
    covers=lambda _: False, outcomes=lambda _: (), mark_reported=lambda _: None
)
NO_BASELINES: Any = SimpleNamespace(against=lambda: NOTHING)
NO_HISTORY: Any = SimpleNamespace(before=lambda *_: [])

# Expressions with what they mean: on which days, at which minutes of these.
PLANS: dict[str, tuple[Callable[[datetime], bool], list[int]]] = {
    "cron(* * ? * * *)": (lambda day: True, list(range(1440))),
    "cron(0/7 * * * ? *)": (lambda day: True, [m for m in range(1440) if m % 60 % 7 == 0]),
    HOURLY: (lambda day: True, list(range(0, 1440, 60))),
    "cron(45 1/6 ? * * *)": (lambda day: True, [105, 465, 825, 1185]),
    "cron(0 13 ? * SUN-MON *)": (lambda day: day.weekday() in (6, 0), [780]),
    "cron(30 23 L * ? *)": (lambda day: (day + DAY).day == 1, [1410]),
}


def moments(expression: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every time of an expression after `since` and up to `until`, day by day."""
    on_day, minutes = PLANS[expression]
    day = since.replace(hour=0, minute=0, second=0)
    while day <= until:
        if on_day(day):
            yield from (day + m * MINUTE for m in minutes if since < day + m * MINUTE <= until)
        day += DAY


@dataclass
class Planned:
    """A schedule as this test knows it."""

    expression: str
    runs_from: datetime
    runs: bool = True


@dataclass(frozen=True)
class Found:
    """What somebody sees of a run."""

    schedule: str | None
    due_at: datetime | None
    window: Window
    message: str
    notified: bool


class AnyClock(RuleBasedStateMachine):
    """Two processes on one log. The clock moves and jumps; schedules come, change, stop, go."""

    def __init__(self, log: CaptureLog) -> None:
        super().__init__()
        self.log, self.clock = log, Clock(NOON + 30 * MINUTE)
        for table in ("log.executions", "log.execution_logs", "log.schedules"):
            log.database.rows(f"DELETE FROM {table}")
        self.considered: list[Execution] = []
        self.processes = [self.started() for _ in range(2)]
        self.known = {DEFAULT: Planned(HOURLY, self.clock.at)}
        self.last: dict[str, datetime] = {}  # when the last run of a name was due
        self.seen = 0

    def started(self) -> Schedules:
        executions = Executions(
            ExecutionsTable(self.log.database),
            NO_HISTORY,
            lambda _: EVEN,
            NO_BASELINES,
            NO_DRIFT,
            Metrics(),
            SimpleNamespace(consider=self.considered.append),  # type: ignore[arg-type]
            drilled=lambda _: 0,
            clock=self.clock,
        )
        table = SchedulesTable(self.log.database)
        return Schedules(table, executions, lambda: MonitorSettings(0.5, 20), clock=self.clock)

    # The clock

    @rule(length=st.sampled_from([20 / 60, 1, 1, 2, 7, 45, 60, 190, 1441, 3 * 1440, 17 * 1440]))
    def goes_on(self, length: float) -> None:
        self.clock.at += length * MINUTE

    @rule(length=st.sampled_from([1, 9.5, 10, 10.5, 50, 125, 1440]))
    def is_set_back(self, length: float) -> None:
        self.clock.at -= length * MINUTE

    # The processes

    @rule(process=st.integers(0, 1))
    def starts_again(self, process: int) -> None:
        self.processes[process] = self.started()

    @rule(process=st.integers(0, 1))
    def looks(self, process: int) -> None:
        self.processes[process].tick()
        expected = [each for name in sorted(self.known) for each in self.due(name)]
        table = ExecutionsTable(self.log.database)
        rows = table.latest(10_000, rising=True, skip=self.seen)
        self.seen += len(rows)
        notified = {each.execution_id for each in self.considered}
        found = [
            Found(e.schedule, e.due_at, e.window, e.message, e.execution_id in notified)
            for e in rows
        ]
        assert found == expected
        for name, planned in self.known.items():
            stored = self.processes[process].one(name)
            assert self.processes[process].next_run(stored) == self.next_run(name, planned)

    # The schedules

    def names(self) -> st.SearchStrategy[str]:
        return st.sampled_from(sorted(self.known))

    @precondition(lambda self: len(self.known) < 3)
    @rule(data=st.data(), process=st.integers(0, 1), expression=st.sampled_from(sorted(PLANS)))
    def is_created(self, data: st.DataObject, process: int, expression: str) -> None:
        name = data.draw(st.sampled_from(sorted({DEFAULT, "a", "b"} - self.known.keys())))
        self.processes[process].create(Schedule(name, expression))
        self.known[name] = Planned(expression, self.clock.at)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), process=st.integers(0, 1), expression=st.sampled_from(sorted(PLANS)))
    def gets_an_expression(self, data: st.DataObject, process: int, expression: str) -> None:
        name = data.draw(self.names())
        self.processes[process].change(Schedule(name, expression))
        if self.known[name].expression != expression:
            self.known[name].runs_from = self.clock.at
        self.known[name].expression = expression

    @precondition(lambda self: self.known)
    @rule(data=st.data(), process=st.integers(0, 1))
    def stops(self, data: st.DataObject, process: int) -> None:
        name = data.draw(self.names())
        self.processes[process].stop(name)
        self.known[name].runs = False

    @precondition(lambda self: self.known)
    @rule(data=st.data(), process=st.integers(0, 1))
    def is_started(self, data: st.DataObject, process: int) -> None:
        """Where it is stopped; it goes on as it did otherwise."""
        name = data.draw(self.names())
        self.processes[process].start(name)
        planned = self.known[name]
        planned.runs_from = planned.runs_from if planned.runs else self.clock.at
        planned.runs = True

    @precondition(lambda self: self.known)
    @rule(data=st.data(), process=st.integers(0, 1))
    def is_deleted(self, data: st.DataObject, process: int) -> None:
        name = data.draw(self.names())
        self.processes[process].delete(name)
        del self.known[name]

    def teardown(self) -> None:
        self.looks(0)
        self.looks(1)

    # What is to be

    def come_to(self, name: str, planned: Planned) -> datetime:
        """Up to when nothing is left; what lies more than ten minutes ahead counts for nothing."""
        known = [planned.runs_from, *([self.last[name]] if name in self.last else [])]
        return max(
            (each for each in known if each - self.clock.at <= 10 * MINUTE), default=self.clock.at
        )

    def next_run(self, name: str, planned: Planned) -> datetime | None:
        since = max(self.clock.at, self.come_to(name, planned))
        times = moments(planned.expression, since, since + 40 * DAY)
        return next(times) if planned.runs else None

    def due(self, name: str) -> Iterator[Found]:
        """What a schedule has to do now, in its order."""
        planned, at = self.known[name], self.clock.at
        if not planned.runs:
            return
        ahead = self.last.get(name, planned.runs_from)
        if ahead - at > 10 * MINUTE:
            self.last[name] = at
            why = (
                f"Failed: the clock was set back. Schedule {name} had come to "
                f"{ahead:%Y-%m-%d %H:%M:%S} UTC, and now it is {at:%Y-%m-%d %H:%M:%S} UTC. It goes "
                "on from here."
            )
            yield Found(name, at, Window(at - 20 * MINUTE, at), why, False)
        times = list(moments(planned.expression, self.come_to(name, planned), at))
        missed, made_up = times[:-24], times[-24:]
        if missed:
            yield self.passed_over(name, missed)
        for moment in made_up:
            latest = moment == made_up[-1]
            yield Found(
                name,
                moment,
                Window(moment - 20 * MINUTE, moment),
                "Completed: Job completed successfully with no violations.",
                latest or at - moment <= 2 * HOUR,
            )
        self.last |= {name: made_up[-1]} if made_up else {}
        planned.runs_from = min(planned.runs_from, at)

    def passed_over(self, name: str, missed: list[datetime]) -> Found:
        runs = f"{len(missed):,} run{'s' if len(missed) > 1 else ''}"
        why = (
            f"Failed: {runs} of schedule {name}, due from {missed[0]:%Y-%m-%d %H:%M:%S} to "
            f"{missed[-1]:%Y-%m-%d %H:%M:%S} UTC, did not take place: Signwatch was not running "
            "then, its machine slept, or its clock was set forward. Only the 24 runs that were due "
            "after them are made up for. Run the monitor over this stretch if it matters."
        )
        return Found(name, missed[-1], Window(missed[0] - 20 * MINUTE, missed[-1]), why, False)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


def test_exactly_what_is_due_runs_whatever_the_clock_does(log: CaptureLog) -> None:
    """Fewer examples than other properties have: each is a log, and dozens of runs."""
    run_state_machine_as_test(
        lambda: AnyClock(log),
        settings=settings(max_examples=settings().max_examples // 5, stateful_step_count=20),
    )
