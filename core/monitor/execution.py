"""One execution: figures of a window -> status, message, violations."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from core.errors import BadInput
from core.monitor.side_by_side import NOTHING, Against, outcomes
from core.types import (
    Execution,
    ExecutionStatus,
    Outcome,
    RuleState,
    Trigger,
    Window,
    WindowFigures,
    now,
)

NO_VIOLATIONS = "Completed: Job completed successfully with no violations."


def evaluate(
    window: Window, figures: WindowFigures, *, threshold: float, trigger: Trigger,
    started_at: datetime, schedule: str | None = None, against: Against = NOTHING,
    beside: Sequence[Outcome] = (),
) -> Execution:  # fmt: skip
    """Every rule on `figures`, compared with `against`; threshold: the class share's, in (0, 1].

    beside: outcomes of rules that look at more than the figures of a window. An empty window that
    none of them calls a violation ends Failed, and so does one of which no rule that decides could
    be computed.
    """
    if not 0 < threshold <= 1:
        raise BadInput(f"threshold must lie in (0, 1], got {threshold}")
    said = (*outcomes(figures, against, threshold), *beside)
    deciding = [outcome for outcome in said if outcome.decides]
    status, message = _outcome(window, figures, deciding)
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
        violations=tuple(each for outcome in deciding for each in outcome.violations),
        outcomes=said,
        baseline_id=against.baseline_id,
    )


def _outcome(
    window: Window, figures: WindowFigures, deciding: Sequence[Outcome]
) -> tuple[ExecutionStatus, str]:
    violations = [each for outcome in deciding for each in outcome.violations]
    if violations:
        status = ExecutionStatus.COMPLETED_WITH_VIOLATIONS
        return status, f"{status.value}: {violations[0].description}"
    if figures.total == 0:
        stretch = f"{window.start:%Y-%m-%d %H:%M:%S} and {window.end:%Y-%m-%d %H:%M:%S} UTC"
        return ExecutionStatus.FAILED, (
            f"Failed: no captures between {stretch}, so nothing was evaluated. "
            "Send traffic to the endpoint or choose another window."
        )
    if all(outcome.state is RuleState.NOT_COMPUTED for outcome in deciding):
        return ExecutionStatus.FAILED, f"Failed: {deciding[0].sentence}"
    return ExecutionStatus.COMPLETED, NO_VIOLATIONS
