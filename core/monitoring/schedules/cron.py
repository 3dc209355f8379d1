"""When a schedule runs: Model Monitor's cron expressions, in UTC, down to a minute.

`cron(minutes hours day-of-month month day-of-week year)`, as AWS writes it: days of the week are 1
(Sunday) to 7 or SUN to SAT, and one of the two days is `?`. Not read: `W`, which the scheduler
library does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from core.errors import BadInput
from core.records.schedules import HOURLY

MAX_LENGTH = 256
END = datetime.max.replace(tzinfo=UTC)
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")


@dataclass(frozen=True)
class _Field:
    """One of the six. names: words for its values from `lowest` on."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    def refused(self, text: str, why: str) -> BadInput:
        return BadInput(f"cron expression, {self.name} {text!r}: {why}")

    def value(self, text: str, whole: str) -> int:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.lowest
        if re.fullmatch(r"[0-9]{1,4}", text) and self.lowest <= int(text) <= self.highest:
            return int(text)
        words = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        raise self.refused(whole, f"expected {self.lowest}-{self.highest}{words}, got {text!r}")

    def values(self, whole: str) -> list[int]:
        """`5`, `1-5`, `*/10`, `8/2`, `1-30/7`, and lists of them -> the values, rising."""
        chosen: set[int] = set()
        for part in whole.split(","):
            stretch, slash, step_text = part.partition("/")
            step = 1
            if slash:
                if not re.fullmatch(r"[0-9]{1,4}", step_text) or int(step_text) < 1:
                    raise self.refused(whole, f"expected a step of at least 1, got {step_text!r}")
                step = int(step_text)
            first_text, dash, last_text = stretch.partition("-")
            if stretch == "*":
                first, last = self.lowest, self.highest
            else:
                first = self.value(first_text, whole)
                single = self.highest if slash else first
                last = self.value(last_text, whole) if dash else single
            if last < first:
                raise self.refused(whole, f"expected a range that rises, got {stretch!r}")
            chosen.update(range(first, last + 1, step))
        return sorted(chosen)


MINUTES = _Field("minutes", 0, 59)
HOURS = _Field("hours", 0, 23)
DAY_OF_MONTH = _Field("day of month", 1, 31)
MONTH = _Field("month", 1, 12, tuple(MONTHS))
DAY_OF_WEEK = _Field("day of week", 1, 7, tuple(DAYS))
YEAR = _Field("year", 1970, 2199)


@dataclass(frozen=True)
class Cron:
    """A cron expression, as it was written; times are UTC.

    APScheduler's trigger finds the days: last days of a month, nth weekdays, leap years. The times
    of a day are the same on every day, and there are up to 1,440 of them, which the trigger finds
    at a millisecond each; a year that nobody watched would take minutes. So they are a list.

    days: midnight of each day with runs; times: when they are, since midnight, rising.
    """

    text: str
    days: CronTrigger
    times: tuple[timedelta, ...]

    @staticmethod
    def parse(text: str) -> Cron:
        """Read a cron expression; raises BadInput, which names the field.

        Examples
        --------
        >>> noon = datetime(2026, 2, 14, 12, tzinfo=UTC)
        >>> every_six_hours = Cron.parse("cron(0 0/6 ? * * *)")
        >>> [f"{each:%d %H:%M}" for each in every_six_hours.between(noon, noon + timedelta(days=1))]
        ['14 18:00', '15 00:00', '15 06:00', '15 12:00']
        >>> every_six_hours.next_after(noon)
        datetime.datetime(2026, 2, 14, 18, 0, tzinfo=datetime.timezone.utc)
        >>> every_six_hours.describe()
        'every 6 hours of a day, from 00:00 UTC on'
        """
        matched = (
            re.fullmatch(r"cron\(([^()]*)\)", text.strip()) if len(text) <= MAX_LENGTH else None
        )
        fields = matched[1].split() if matched else []
        if len(fields) != 6:
            raise BadInput(
                "expected cron(minutes hours day-of-month month day-of-week year), for example "
                f"{HOURLY} for every hour, got {text[:MAX_LENGTH]!r}"
            )
        minutes, hours, day, month, weekday, year = fields
        for field, part in zip((MINUTES, HOURS), (minutes, hours), strict=True):
            if "[" in part:
                example = "17/12" if "/" in part else "12"
                raise field.refused(
                    part, f"write a number in place of the brackets, as in {example}"
                )
        days = {"month": _joined(MONTH, month), "year": _joined(YEAR, year), "timezone": UTC}
        days |= _days(day, weekday)
        times = tuple(
            timedelta(hours=hour, minutes=minute)
            for hour in HOURS.values(hours)
            for minute in MINUTES.values(minutes)
        )
        return Cron(text.strip(), CronTrigger(hour=0, minute=0, **days), times)

    def next_after(self, moment: datetime) -> datetime | None:
        """The first run after `moment` (aware), in UTC; None if there is none any more."""
        return next(self.between(moment, END), None)

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Every run after `start` and up to `end` (aware), rising, in UTC."""
        midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day = self.days.get_next_fire_time(None, midnight)
        while day is not None and day <= end:
            yield from (day + time for time in self.times if start < day + time <= end)
            day = self.days.get_next_fire_time(day, day)

    def describe(self) -> str:
        """`every hour at minute 0 (UTC)` for common ones, else the expression and its zone."""
        minutes, hours, *rest = self.text[5:-1].split()
        if rest not in (["?", "*", "*", "*"], ["*", "*", "?", "*"]):
            return f"{self.text} (UTC)"
        if minutes == hours == "*":
            return "every minute"
        every = re.fullmatch(r"[*0]/([2-9]|[1-9][0-9])", minutes)
        if hours == "*" and every and 60 % int(every[1]) == 0:
            return f"every {int(every[1])} minutes"
        if minutes.isdecimal() and hours == "*":
            return f"every hour at minute {int(minutes)} (UTC)"
        if minutes.isdecimal() and hours.isdecimal():
            return f"every day at {int(hours):02d}:{int(minutes):02d} UTC"
        first, _, step = hours.partition("/")
        if minutes.isdecimal() and first.isdecimal() and step.isdecimal():
            start = f"{int(first):02d}:{int(minutes):02d} UTC"
            return f"every {int(step)} hours of a day, from {start} on"
        return f"{self.text} (UTC)"


def _joined(field: _Field, text: str) -> str:
    if text == "*":
        return "*"
    return ",".join(map(str, field.values(text)))


def _days(day: str, weekday: str) -> dict[str, str]:
    """The scheduler's `day` and `day_of_week` for AWS's two fields."""
    if (day == "?") == (weekday == "?"):
        raise DAY_OF_WEEK.refused(
            weekday, f"exactly one of the two days must be ?, and day of month is {day!r}"
        )
    if weekday == "?":
        if "W" in day.upper():
            raise DAY_OF_MONTH.refused(day, "W (nearest weekday) is not supported; name the day")
        return {"day": "last" if day.upper() == "L" else _joined(DAY_OF_MONTH, day)}
    if weekday.upper() == "L":
        return {"day_of_week": "sat"}
    special = re.fullmatch(r"(\w+?)(?:#([1-5])|L)", weekday, re.IGNORECASE)
    if special:
        name = DAYS[DAY_OF_WEEK.value(special[1], weekday) - 1].lower()
        which = ORDINALS[int(special[2]) - 1] if special[2] else "last"
        return {"day": f"{which} {name}"}
    if weekday == "*":
        return {}
    return {
        "day_of_week": ",".join(DAYS[value - 1].lower() for value in DAY_OF_WEEK.values(weekday))
    }
