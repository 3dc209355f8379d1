"""The log of one run of the monitor: what was done when, and the unreadable records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.records.window import now


@dataclass(frozen=True)
class UnreadableRecord:
    """A line of a capture file that could not be read. line: its number, from 1.

    content: how it begins; the whole line is among the imported ones, until retention deletes it.
    """

    path: str
    line: int
    inferred_at: datetime
    reason: str
    content: str

    def to_json(self) -> dict[str, Any]:
        """What programs read."""
        return vars(self) | {"inferred_at": self.inferred_at.isoformat()}

    @staticmethod
    def from_json(document: dict[str, Any]) -> UnreadableRecord:
        """The record that `to_json` wrote."""
        moment = datetime.fromisoformat(document["inferred_at"])
        return UnreadableRecord(**document | {"inferred_at": moment})


@dataclass(frozen=True)
class ExecutionLog:
    """What is kept of a run beside its outcome. lines: each with its time, in UTC.

    unreadable: the first records of the window that could not be read; its figures say how many
    there are.
    """

    lines: tuple[str, ...]
    unreadable: tuple[UnreadableRecord, ...] = ()


class RunLog:
    """Collects the lines of one run's log."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self._clock = clock
        self._lines: list[str] = []

    def write(self, text: str) -> None:
        """Add a line, with the time of now."""
        self._lines.append(f"{self._clock():%Y-%m-%d %H:%M:%S.%f} UTC  {text}")

    def lines(self) -> tuple[str, ...]:
        """All of them so far."""
        return tuple(self._lines)
