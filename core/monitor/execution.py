"""One execution: figures of a window -> status, message, violations."""

from __future__ import annotations

import uuid
from datetime import datetime

from core.monitor import rules
from core.types import (
    Execution,
    ExecutionStatus,
    Trigger,
    Violation,
    Window,
    WindowFigures,
    now,
)

NO_VIOLATIONS = "Completed: Job completed successfully with no violations."


def evaluate(
    window: Window, figures: WindowFigures, *, threshold: float, trigger: Trigger,
    started_at: datetime, schedule: str | None = None,
) -> Execution:  # fmt: skip
    """Apply every rule to `figures`. An empty window ends Failed: nothing was evaluated."""
    violations = tuple(rules.class_share(figures, threshold) + rules.completeness(figures))
    status, message = _outcome(window, figures, violations)
    return Execution(
        execution_id=str(uuid.uuid4()),
        trigger=trigger,
        schedule=schedule,
        status=status,
        message=message,
        window=window,
        threshold=threshold,
        started_at=started_at,
        ended_at=now(),
        figures=figures,
        violations=violations,
    )


def _outcome(
    window: Window, figures: WindowFigures, violations: tuple[Violation, ...]
) -> tuple[ExecutionStatus, str]:
    if figures.total == 0:
        stretch = f"{window.start:%Y-%m-%d %H:%M:%S} and {window.end:%Y-%m-%d %H:%M:%S} UTC"
        return ExecutionStatus.FAILED, (
            f"Failed: no captures between {stretch}, so nothing was evaluated. "
            "Send traffic to the endpoint or choose another window."
        )
    if violations:
        status = ExecutionStatus.COMPLETED_WITH_VIOLATIONS
        return status, f"{status.value}: {violations[0].description}"
    return ExecutionStatus.COMPLETED, NO_VIOLATIONS
