"""A schedule of the monitor: when it runs, over which window, and whose threshold counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import BadInput
from core.records.monitoring import check_threshold
from core.records.names import check_name
from core.records.window import Window

HOURLY = "cron(0 * ? * * *)"
DEFAULT = "hourly"  # the schedule that is there from the start
ONCE = "NOW"  # in place of a cron expression: at once, and never again
LONGEST = timedelta(days=366)
_OFFSET = re.compile(
    r"-P(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,9})S)?)?"
)


class ScheduleStatus(StrEnum):
    """Model Monitor's schedule states that a schedule here can be in."""

    SCHEDULED = "Scheduled"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class Schedule:
    """What is to run when. Times of the window are lengths before a run is due.

    expression: cron(...) in UTC (core.monitoring.schedules.cron), or ONCE. begins: None for as
    long before the window's end as the monitor's window is. endpoint: None for all of them.
    threshold: share in (0, 1], None for the monitor's. definition: the MonitoringScheduleConfig
    that it was made from, as JSON, where there is one.
    """

    name: str
    expression: str
    begins: timedelta | None = None
    ends: timedelta = timedelta()
    endpoint: str | None = None
    threshold: float | None = None
    definition: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "schedule name")
        if self.endpoint is not None:
            check_name(self.endpoint, "endpoint name")
        if self.threshold is not None:
            check_threshold(self.threshold)
        begins = LONGEST if self.begins is None else self.begins
        if not timedelta() <= self.ends < begins <= LONGEST:
            raise BadInput(
                "the window must begin before it ends, at most 366 days before a run, and end no "
                f"later than the run; got from {format_offset(begins)} to "
                f"{format_offset(self.ends)}"
            )

    def window(self, due: datetime, length: timedelta) -> Window:
        """The window of the run that is due then; length: of the monitor's window."""
        end = due - self.ends
        start = end - length if self.begins is None else due - self.begins
        return Window(start, end, self.endpoint)


@dataclass(frozen=True)
class StoredSchedule:
    """A schedule in the log. runs_from: nothing is due before."""

    schedule: Schedule
    status: ScheduleStatus
    created_at: datetime
    changed_at: datetime
    runs_from: datetime


@dataclass(frozen=True)
class LastRun:
    """How far a schedule has come: the run that began last. number: rises with each run."""

    number: int
    due_at: datetime


def parse_offset(text: object) -> timedelta:
    """`-PT1H` -> how long before: one hour. Raises BadInput."""
    found = _OFFSET.fullmatch(text) if isinstance(text, str) else None
    if not found or str(text).endswith(("P", "T")):
        raise BadInput(f"expected an offset like -PT1H or -P1DT30M, got {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def format_offset(length: timedelta) -> str:
    """One hour before -> `-PT1H`; what `parse_offset` reads, in whole seconds."""
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    time = "".join(
        f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count
    )
    days = f"{length.days}D" if length.days else ""
    return f"-P{days}T{time}" if time else f"-P{days}" if days else "-PT0H"
