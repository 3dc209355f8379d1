"""Records of work that several analysts share: what waits, in groups, who has it, what was said.

Flagged predictions belong together where endpoint, source and predicted class are the same and no
two that follow each other lie further apart than PAUSE: what one camera sees of one sign, or what
one sender attacks in one go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.records.queries import CaptureFilter
from core.records.verdicts import Decision

PAUSE = timedelta(minutes=5)
LEASE = timedelta(minutes=5)  # how long an opened prediction is kept for whoever opened it


class Status(StrEnum):
    """How far a flagged prediction is."""

    NEW = "new"
    IN_WORK = "in work"
    DONE = "done"


@dataclass(frozen=True)
class Seat:
    """Where somebody works: two windows of one analyst are two seats."""

    analyst: str
    window: str


@dataclass(frozen=True)
class Assignment:
    """A capture is in work at a seat, until then or until it is decided or given back."""

    capture_id: str
    seat: Seat
    taken_at: datetime
    until: datetime


@dataclass(frozen=True)
class Wanted:
    """Which of the waiting predictions. status: NEW or IN_WORK; None: both."""

    captures: CaptureFilter = CaptureFilter()
    status: Status | None = None


@dataclass(frozen=True)
class Group:
    """Flagged predictions that belong together, of which some wait.

    first: id of the earliest of them, which names the group; captures: how many they are; waiting:
    without a verdict, and wanted; elsewhere: of these, in work at other seats; p_value: the lowest
    that waits, None where none was computed; shown: id of that one; free: ids to look at next, the
    most suspicious first.
    """

    first: str
    endpoint: str
    source: str | None
    class_id: int
    start: datetime
    end: datetime
    captures: int
    waiting: int
    elsewhere: int
    p_value: float | None
    shown: str
    free: tuple[str, ...]


@dataclass(frozen=True)
class Queue:
    """The groups with something that waits, the most suspicious first, as many as were asked for.

    in_all: how many groups there are; waiting, in_work: predictions in all of them.
    """

    groups: tuple[Group, ...] = ()
    in_all: int = 0
    waiting: int = 0
    in_work: int = 0


@dataclass(frozen=True)
class Standing:
    """How far a capture is. seat: who has it in work, None: nobody."""

    status: Status
    seat: Seat | None = None


@dataclass(frozen=True)
class Statement:
    """What an analyst said of a capture: a verdict, or that a verdict is taken back.

    counts: whether it is the verdict that counts now.
    """

    decision: Decision
    analyst: str
    said_at: datetime
    taken_back: bool
    counts: bool

    def to_json(self) -> dict[str, Any]:
        """One line of the audit trail."""
        of = self.decision
        return {
            "said_at": self.said_at.isoformat(),
            "analyst": self.analyst,
            "statement": "taken back" if self.taken_back else "verdict",
            "capture_id": of.capture_id,
            "verdict": of.verdict.value,
            "right_class": of.right_class,
            "note": of.note,
            "decided_by": of.analyst,
            "decided_at": of.decided_at.isoformat(),
            "counts": self.counts,
        }
