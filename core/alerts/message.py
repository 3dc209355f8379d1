"""A notice in words: what, how much against what, since when, and where to look."""

from __future__ import annotations

from datetime import datetime

from core.labels import class_name
from core.records.alerts import Notice, NoticeKind
from core.records.drills import mark_of
from core.records.monitoring import Execution, WindowFigures
from core.records.plain_text import visible
from core.records.window import duration

MOST_VIOLATIONS = 5  # in one message
MOST_CLASSES = 3
NOTHING = WindowFigures(0, {}, None, None, None)


def message(notice: Notice, execution: Execution | None, address: str | None) -> tuple[str, str]:
    """A notice as title and text.

    Parameters
    ----------
    notice
        What somebody is notified of.
    execution
        The run behind it; None for a test.
    address
        Of the dashboard, for a link; None if unknown.

    Examples
    --------
    >>> from datetime import UTC
    >>> from core.alerts.policy import test_notice
    >>> title, text = message(test_notice(datetime.now(UTC)), None, "https://signwatch.example.org")
    >>> title
    'Signwatch: test of the alert channels'
    >>> text.splitlines()
    ['Test message. Alerts will arrive here.', 'Details: https://signwatch.example.org']
    """
    if execution is None:
        title = "Signwatch: test of the alert channels"
        text = ["Test message. Alerts will arrive here."]
    elif notice.kind is NoticeKind.RECOVERY:
        lasted = duration(notice.as_of - notice.since)
        title = f"Signwatch{_drill(execution)}: clean again after {lasted}"
        text = [
            "The latest run found no violation.",
            "",
            *_facts(execution),
            f"Lasted: {lasted}, from {_utc(notice.since)} to {_utc(notice.as_of)}",
        ]
    else:
        word = "reminder" if notice.kind is NoticeKind.REMINDER else "alert"
        descriptions = [visible(violation.description) for violation in execution.violations]
        title = f"Signwatch {word}{_drill(execution)}: {descriptions[0]}"
        more = len(descriptions) - MOST_VIOLATIONS
        lasted = duration(notice.as_of - notice.since)
        new = notice.as_of <= notice.since
        text = [
            *descriptions[:MOST_VIOLATIONS],
            *([f"and {more} more"] if more > 0 else []),
            "",
            *_facts(execution),
            f"Since: {_utc(notice.since)}, {'first found now' if new else f'for {lasted}'}",
        ]
    if address:
        page = f"/monitor?execution={execution.execution_id}" if execution else ""
        text += [f"Details: {address.rstrip('/')}{page}"]
    return title, "\n".join(text)


def _drill(execution: Execution) -> str:
    """What stands in the title where a drill sent traffic into the window."""
    return " (drill)" if mark_of(execution.outcomes) else ""


def _facts(execution: Execution) -> list[str]:
    window, found = execution.window, execution.figures or NOTHING
    shares = list(found.shares().items())[:MOST_CLASSES]
    most = ", ".join(f"{class_name(k)} {share:.1%} ({found.counts[k]:,})" for k, share in shares)
    by = f", schedule {visible(execution.schedule)}" if execution.schedule else ""
    drill = mark_of(execution.outcomes)
    return [
        *([visible(drill)] if drill else []),
        f"Most predicted: {most}" if most else "No prediction could be read",
        f"Window: {_utc(window.start)} to {_utc(window.end)}, {found.total:,} "
        f"{'record' if found.total == 1 else 'records'}, "
        f"{f'endpoint {visible(window.endpoint)}' if window.endpoint else 'all endpoints'}{by}",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
