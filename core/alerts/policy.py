"""When a run is worth an alert: new violations, a reminder while they last, clean again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core.records.alerts import Delivery, Notice, NoticeKind, as_of, identity
from core.records.monitoring import Execution, ExecutionStatus, Violation

# Nobody is notified of a run over an earlier window.
LIVE = timedelta(hours=2)
# What was to be sent this long ago, and has no outcome, was lost with its process.
UNDER_WAY = timedelta(minutes=10)


def test_notice(at: datetime) -> Notice:
    """A notice about nothing, to try the channels."""
    return Notice(str(uuid.uuid4()), NoticeKind.TEST, None, at, (), None, at, at)


test_notice.__test__ = False  # type: ignore[attr-defined]


def decide(
    execution: Execution,
    last: Notice | None,
    deliveries: Sequence[Delivery],
    elsewhere: Sequence[Violation] = (),
    *,
    reminder: timedelta,
    at: datetime,
) -> Notice | None:
    """The notice that a run is worth, after the endpoint's last one.

    Parameters
    ----------
    execution
        The run.
    last, deliveries
        The endpoint's last notice, and what became of it; one that nobody got is made again.
    elsewhere
        What other schedules found at the endpoint in their latest run. While one of them is in
        violation, nothing is over.
    reminder
        While violations last, a notice is repeated after so long; 0 means never.
    at
        The time now.

    Returns
    -------
    Notice or None
        None where nobody has to be notified.
    """
    moment = as_of(execution)
    late = execution.due_at is None and execution.started_at - moment > LIVE
    # A clock that was set back makes the last notice lie ahead; then its window says nothing.
    if late or (last is not None and moment < last.as_of <= at):
        return None
    if execution.status is ExecutionStatus.FAILED:  # nothing was evaluated
        return None
    found = {identity(violation) for violation in execution.violations}
    lasting = last if last is not None and last.kind is not NoticeKind.RECOVERY else None
    kind = _kind(found, last, lasting, deliveries, reminder, at)
    if kind is None or (kind is NoticeKind.RECOVERY and elsewhere):
        return None
    if kind is NoticeKind.RECOVERY:
        before = last
        known: set[str] = set()
    else:
        before = lasting
        known = found | set(lasting.violations if lasting else ())
    return Notice(
        str(uuid.uuid4()),
        kind,
        execution.window.endpoint,
        min(before.since, moment) if before else moment,
        tuple(sorted(known)),
        execution.execution_id,
        moment,
        max(at, last.made_at + timedelta(microseconds=1)) if last else at,
    )


def _kind(
    found: set[str],
    last: Notice | None,
    lasting: Notice | None,
    deliveries: Sequence[Delivery],
    reminder: timedelta,
    at: datetime,
) -> NoticeKind | None:
    again = last.kind if last is not None and _lost(last, deliveries, at) else None
    if not found:
        return NoticeKind.RECOVERY if lasting or again is NoticeKind.RECOVERY else None
    if lasting is None or not found <= set(lasting.violations):
        return NoticeKind.ALERT
    if again:
        return again
    due = reminder > timedelta() and at - _made(lasting, at) >= reminder
    return NoticeKind.REMINDER if due else None


def _lost(notice: Notice, deliveries: Sequence[Delivery], at: datetime) -> bool:
    """Whether nobody got it, and nobody will."""
    if deliveries:
        return not any(delivery.delivered for delivery in deliveries)
    return at - _made(notice, at) >= UNDER_WAY


def _made(notice: Notice, at: datetime) -> datetime:
    """When it was made, as far as that is known: a clock that is set back makes it lie ahead."""
    past = [moment for moment in (notice.made_at, notice.as_of) if moment <= at]
    return max(past, default=datetime.min.replace(tzinfo=UTC))
