"""Stretches of time, aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Window:
    """A stretch of time, start included, end excluded; one endpoint, or all of them (None)."""

    start: datetime
    end: datetime
    endpoint: str | None = None
