"""Alerts, and what became of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.records.monitoring import Execution, Violation


class NoticeKind(StrEnum):
    """Why somebody is notified."""

    ALERT = "alert"
    REMINDER = "reminder"
    RECOVERY = "recovery"
    TEST = "test"


@dataclass(frozen=True)
class Notice:
    """One message, to all channels.

    Parameters
    ----------
    notice_id, kind
        Which one, and why it is sent.
    endpoint
        Where the violations are; None for all endpoints together.
    since
        When the first run with violations was.
    violations
        Identities of all that were reported since then.
    execution_id, as_of
        The run, and the time that it is about; no run for a test.
    made_at
        When the notice was made.
    """

    notice_id: str
    kind: NoticeKind
    endpoint: str | None
    since: datetime
    violations: tuple[str, ...]
    execution_id: str | None
    as_of: datetime
    made_at: datetime


@dataclass(frozen=True)
class Delivery:
    """What became of a notice on one channel; reason: why it was not delivered, else empty."""

    notice_id: str
    channel: str
    delivered: bool
    reason: str
    at: datetime


def identity(violation: Violation) -> str:
    """The same for the same violation in every run: feature, check and class, no figures."""
    named = re.search(r"\bclass (-?\d+)", violation.description, re.IGNORECASE)
    about = f" class {named[1]}" if named else ""
    return f"{violation.feature_name} {violation.constraint_check_type}{about}"


def as_of(execution: Execution) -> datetime:
    """The time that a run is about: its window's end, or, where it was planned, when it was due.

    A schedule may evaluate windows that ended long before it runs.
    """
    return execution.due_at or min(execution.window.end, execution.ended_at)
