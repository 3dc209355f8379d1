"""What a schedule has to do now, from how far it has come.

That is in the log and not in a process, so runs that did not take place are found after a restart,
a machine's sleep or a change of the clock. The latest MADE_UP runs are made up for; earlier ones
are missed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.monitoring.schedules.cron import Cron
from core.records.window import MOMENT

MADE_UP = 24
SET_BACK = timedelta(minutes=10)  # the clocks of replicas may differ by less


@dataclass(frozen=True)
class Missed:
    """Runs that are too many to be made up for: when the first and the last were due."""

    first: datetime
    last: datetime
    count: int

    def explain(self, schedule: str) -> str:
        """What did not take place, and why, in words."""
        runs = f"{self.count:,} {'run' if self.count == 1 else 'runs'}"
        return (
            f"{runs} of schedule {schedule}, due from {self.first:{MOMENT}} to "
            f"{self.last:{MOMENT}} UTC, did not take place: Signwatch was not running then, its "
            f"machine slept, or its clock was set forward. Only the {MADE_UP} runs that were due "
            "after them are made up for. Run the monitor over this stretch if it matters."
        )


@dataclass(frozen=True)
class Due:
    """runs: those that are due, MADE_UP at most, rising; missed: those before them.

    set_back_from: how far the schedule had come, where that lies in the future; nothing else is
    known then.
    """

    runs: tuple[datetime, ...] = ()
    missed: Missed | None = None
    set_back_from: datetime | None = None


def explain_set_back(schedule: str, come_to: datetime, at: datetime) -> str:
    """That the clock was set back, in words."""
    return (
        f"the clock was set back. Schedule {schedule} had come to {come_to:{MOMENT}} UTC, and now "
        f"it is {at:{MOMENT}} UTC. It goes on from here."
    )


def due(cron: Cron, *, last: datetime | None, runs_from: datetime, at: datetime) -> Due:
    """What is due at `at`. last: when the last run was due; runs_from: nothing is due before."""
    come_to = runs_from if last is None else last
    if come_to > at + SET_BACK:
        return Due(set_back_from=come_to)
    latest: deque[datetime] = deque(maxlen=MADE_UP)
    missed: Missed | None = None
    for moment in cron.between(reached(last, runs_from, at), at):
        if len(latest) == MADE_UP:
            first, count = (missed.first, missed.count) if missed else (latest[0], 0)
            missed = Missed(first, latest[0], count + 1)
        latest.append(moment)
    return Due(tuple(latest), missed)


def reached(last: datetime | None, runs_from: datetime, at: datetime) -> datetime:
    """Up to when a schedule has nothing left to do; times in the future are ignored."""
    known = [moment for moment in (last, runs_from) if moment and moment <= at + SET_BACK]
    return max(known, default=at)


def next_run(
    cron: Cron, *, last: datetime | None, runs_from: datetime, at: datetime
) -> datetime | None:
    """When the next run is due; None if there is none any more."""
    return cron.next_after(max(at, reached(last, runs_from, at)))
