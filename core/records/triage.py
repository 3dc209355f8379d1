"""Records of triage: the queue in its groups, who works on what, and the context of an item.

Flagged predictions form a group where endpoint, source and predicted class are the same and
neighbours lie at most PAUSE apart: frames of one sign from one camera, or one run of an attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.records.captures import Capture
from core.records.monitoring import Execution
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, Statement, TriageItem

PAUSE = timedelta(minutes=5)
LEASE = timedelta(minutes=5)  # how long an opened prediction is kept for whoever opened it
COMPARED = 120  # images of a large group that are compared: those nearest in time


class Status(StrEnum):
    """How far a flagged prediction is."""

    NEW = "new"
    IN_WORK = "in work"
    DONE = "done"


@dataclass(frozen=True)
class Holder:
    """Who works on a prediction: an analyst in one window. Two windows are two holders."""

    analyst: str
    window: str


@dataclass(frozen=True)
class Assignment:
    """A capture is in work with its holder until then, or until it is decided or given back."""

    capture_id: str
    holder: Holder
    taken_at: datetime
    until: datetime


@dataclass(frozen=True)
class Wanted:
    """Which of the waiting predictions. status: NEW or IN_WORK; None: both.

    What drills sent is left out unless `captures` asks for it: it is no work.
    """

    captures: CaptureFilter = CaptureFilter(drills=False)
    status: Status | None = None


@dataclass(frozen=True)
class Group:
    """A group of flagged predictions of which some wait.

    first: id of the earliest of them, which names the group; captures: how many they are; waiting:
    without a verdict, and wanted; elsewhere: of these, in work with other holders; p_value: the
    lowest that waits, None where none was computed; shown: id of that one; free: ids that come
    next, the most suspicious first.
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
    """The first groups in which something waits, the most suspicious first.

    in_all: how many groups there are; waiting, in_work: predictions in all of them.
    """

    groups: tuple[Group, ...] = ()
    in_all: int = 0
    waiting: int = 0
    in_work: int = 0


@dataclass(frozen=True)
class Standing:
    """How far a capture is. holder: who has it in work, None: nobody."""

    status: Status
    holder: Holder | None = None


@dataclass(frozen=True)
class Opened:
    """The item that a session has open.

    turn: counts openings, so that a late key press is known to be late. suggestions: classes that
    may be true if the predicted one is wrong, the most likely first; sender_class: the true class
    that its sender names, where it is another one. until: how long it is kept for this session,
    None: it is not; elsewhere: who else has it in work.
    """

    turn: int
    item: TriageItem
    trail: tuple[Statement, ...]
    suggestions: tuple[int, ...]
    sender_class: int | None
    until: datetime | None
    elsewhere: Assignment | None

    @property
    def capture_id(self) -> str:
        """Id of the capture."""
        return self.item.capture.capture_id

    @property
    def decisions(self) -> list[Decision]:
        """The verdicts that it had when it was opened."""
        return [each.decision for each in self.trail if not each.taken_back]


@dataclass(frozen=True)
class Panel:
    """An image under its heat map, as JPEG. prediction: the class, and how sure it is."""

    title: str
    prediction: str
    overlay: bytes


@dataclass(frozen=True)
class Thumbnail:
    """A capture, small.

    image: a URL that holds it; similar: a near-duplicate of the item; copies: in a group, ids of
    all captures of this very image, its own among them.
    """

    capture: Capture
    image: str
    similar: bool
    copies: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemContext:
    """What surrounds one item.

    image: a file of it; panels: itself and clean images under their heat maps, on one scale;
    problem: why there are none. around: captures of the same endpoint and source, itself among
    them; group: the flagged ones of its group, each image once, at most COMPARED; both in order of
    time. `executions`: runs of the monitor over it. members: ids of the whole group, however large.
    """

    image: bytes | None
    panels: tuple[Panel, ...]
    problem: str | None
    around: tuple[Thumbnail, ...]
    group: tuple[Thumbnail, ...]
    executions: tuple[Execution, ...]
    members: tuple[str, ...] = ()
