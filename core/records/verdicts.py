"""What analysts say of predictions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.records.captures import Capture


class Verdict(StrEnum):
    """What an analyst can say of a flagged prediction."""

    ADVERSARIAL = "adversarial"
    MODEL_WRONG = "model wrong"
    RIGHT_AFTER_ALL = "right after all"
    NOT_A_SIGN = "not a sign"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Decision:
    """One verdict on one capture; later decisions stand beside earlier ones, the last counts."""

    capture_id: str
    verdict: Verdict
    right_class: int | None
    note: str
    analyst: str
    decided_at: datetime


@dataclass(frozen=True)
class TriageItem:
    """A capture in the queue, with the decision that counts, if there is one."""

    capture: Capture
    decision: Decision | None
