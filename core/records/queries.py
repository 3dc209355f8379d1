"""Which captures are asked for, and a place in their list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.records.verdicts import TriageItem, Verdict
from core.records.window import Window


@dataclass(frozen=True)
class CaptureFilter:
    """Which captures: every field that is set narrows the choice.

    analyst: whose verdict counts; suspect: its sender names an attack, or it was
    flagged; with_image: the image was captured; drills: a drill sent it; text: found in the id (its
    beginning), the source, the name of the predicted class, or a note.
    """

    window: Window | None = None
    class_id: int | None = None
    flagged: bool | None = None
    decided: bool | None = None
    verdict: Verdict | None = None
    analyst: str | None = None
    source: str | None = None
    endpoint: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    capture_ids: tuple[str, ...] | None = None
    suspect: bool | None = None
    with_image: bool | None = None
    drills: bool | None = None
    text: str | None = None

    def without_verdict(self) -> CaptureFilter:
        """The same choice, whatever was decided."""
        return replace(self, decided=None, verdict=None, analyst=None)


WAITING = CaptureFilter(flagged=True, decided=False, drills=False)  # for a verdict in triage


class Direction(StrEnum):
    """Which way a list of captures is read."""

    OLDER = "older"
    NEWER = "newer"

    @property
    def opposite(self) -> Direction:
        """The way back."""
        return Direction.NEWER if self is Direction.OLDER else Direction.OLDER


@dataclass(frozen=True)
class Cursor:
    """A place in the list of captures (newest first, of one moment by id), and a direction.

    inferred_at, capture_id: the capture next to the place, itself excluded; without an id, a
    direction of `older` includes the moment. inferred_at None: the end that `direction` leaves.
    """

    direction: Direction = Direction.OLDER
    inferred_at: datetime | None = None
    capture_id: str = "00000000-0000-0000-0000-000000000000"


NEWEST = Cursor(Direction.OLDER)


OLDEST = Cursor(Direction.NEWER)


@dataclass(frozen=True)
class Page:
    """Some captures, newest first. newer, older: where the list goes on; None where it ends."""

    items: tuple[TriageItem, ...]
    newer: Cursor | None
    older: Cursor | None
