"""Alerts, and what became of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.records.monitoring import Execution, Violation


class NoticeKind(StrEnum):
    """Why somebody is told."""

    ALERT = "alert"
    REMINDER = "reminder"
    RECOVERY = "recovery"
    TEST = "test"


@dataclass(frozen=True)
class Notice:
    """One message, to all channels.

    endpoint: None for all of them; as_of: when the execution looked; since: when the first one with
    violations did; violations: identities of all that were told of since then.
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
    """The same for the same violation in every execution: feature, check and class, no figures."""
    named = re.search(r"\bclass (-?\d+)", violation.description, re.IGNORECASE)
    about = f" class {named[1]}" if named else ""
    return f"{violation.feature_name} {violation.constraint_check_type}{about}"


def as_of(execution: Execution) -> datetime:
    """When an execution looked: its window's end, or, where that is planned, when it was due.

    A schedule may look at windows that ended long before it runs.
    """
    return execution.due_at or min(execution.window.end, execution.ended_at)
