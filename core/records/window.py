"""Stretches of time, aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import BadInput

MOMENT = "%Y-%m-%d %H:%M:%S"  # how a time is written, in UTC


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Window:
    """A stretch of time, start included, end excluded; one endpoint, or all of them (None)."""

    start: datetime
    end: datetime
    endpoint: str | None = None

    def checked(self) -> Window:
        """The window itself; raises BadInput if it is empty."""
        if self.start >= self.end:
            raise BadInput(f"the window must begin before it ends, got {self.start} to {self.end}")
        return self


def parse_time(text: object) -> datetime | None:
    """ISO 8601 with a zone (or UTC without one) -> aware, in UTC; None stays None.

    Raises BadInput.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"expected a time like 2026-02-14T17:00:00Z, got {text!r}") from None


def duration(length: timedelta) -> str:
    """`2 days 3 h`, `2 h 5 min`, `40 s`: two units at most."""
    seconds = max(0, round(length.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    units = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min")]
    first = next((place for place, (count, _) in enumerate(units) if count), None)
    if first is None:
        return f"{seconds} s"
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)
