"""Verdicts of analysts on predictions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.records.captures import Capture

PACE_MINUTES = 10


class Verdict(StrEnum):
    """An analyst's word on a flagged prediction; the values are those of the log."""

    ADVERSARIAL = "adversarial"
    MODEL_WRONG = "model wrong"
    FALSE_POSITIVE = "right after all"
    NOT_A_SIGN = "not a sign"
    UNREADABLE = "unreadable"

    @property
    def words(self) -> str:
        """What people read."""
        return "false positive" if self is Verdict.FALSE_POSITIVE else self.value

    @property
    def needs_true_class(self) -> bool:
        """Whether the analyst has to name the true class."""
        return self in (Verdict.ADVERSARIAL, Verdict.MODEL_WRONG)


@dataclass(frozen=True)
class Decision:
    """One verdict on one capture. Later decisions stand beside earlier ones; the last counts."""

    capture_id: str
    verdict: Verdict
    true_class: int | None
    note: str
    analyst: str
    decided_at: datetime

    def to_json(self) -> dict[str, Any]:
        """The decision as the manifest of an export has it."""
        return {
            "capture_id": self.capture_id,
            "verdict": self.verdict.value,
            "right_class": self.true_class,
            "note": self.note,
            "analyst": self.analyst,
            "decided_at": self.decided_at.isoformat(),
        }


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict as an analyst gives it."""

    verdict: Verdict
    true_class: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Recorded:
    """The result of a verdict on some captures.

    meanwhile: decisions of others that the analyst did not know of; deleted: how many of the
    captures the log no longer has; left_out: how many got no verdict, as somebody else had them.
    """

    decisions: tuple[Decision, ...]
    meanwhile: tuple[Decision, ...] = ()
    deleted: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Statement:
    """A verdict on a capture, or its withdrawal. counts: whether it is the verdict in force."""

    decision: Decision
    analyst: str
    stated_at: datetime
    taken_back: bool
    counts: bool

    def to_json(self) -> dict[str, Any]:
        """One line of the audit trail."""
        of = self.decision
        return {
            "said_at": self.stated_at.isoformat(),
            "analyst": self.analyst,
            "statement": "taken back" if self.taken_back else "verdict",
            "capture_id": of.capture_id,
            "verdict": of.verdict.value,
            "right_class": of.true_class,
            "note": of.note,
            "decided_by": of.analyst,
            "decided_at": of.decided_at.isoformat(),
            "counts": self.counts,
        }


@dataclass(frozen=True)
class Pace:
    """How many predictions an analyst has decided.

    today: since midnight UTC; a_minute: on average over the last PACE_MINUTES.
    """

    today: int
    a_minute: float


@dataclass(frozen=True)
class TriageItem:
    """A capture in the queue, with the decision that counts, if there is one."""

    capture: Capture
    decision: Decision | None
