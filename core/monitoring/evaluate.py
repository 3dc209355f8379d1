"""Evaluation of one window: figures -> status, message, violations."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from core.monitoring.rules import ChiSquared, LInfinityRobust, LInfinitySimple
from core.monitoring.rules.in_force import NOTHING, Against, outcomes
from core.records.execution_log import RunLog
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    Outcome,
    RuleState,
    Trigger,
    Violation,
    WindowFigures,
    check_threshold,
)
from core.records.window import Window, now

# Rules whose words give a distance, and neither a class nor a cause.
BARE_DISTANCES = {rule.name for rule in (LInfinitySimple, LInfinityRobust, ChiSquared)}
NO_VIOLATIONS = "Completed: Job completed successfully with no violations."


def evaluate(
    window: Window,
    figures: WindowFigures,
    *,
    threshold: float,
    trigger: Trigger,
    started_at: datetime,
    schedule: str | None = None,
    against: Against = NOTHING,
    log: RunLog | None = None,
    beside: Iterable[Outcome] = (),
) -> Execution:
    """Evaluate every rule on the figures of a window.

    The message is the first violation; violations that name a class or a cause come before bare
    distances. An empty window without a violation ends Failed, and so does a window for which no
    rule that decides could be computed.

    Parameters
    ----------
    window
        The window that the figures are of.
    figures
        Its counts and scores.
    threshold
        Largest share of one class, in (0, 1].
    trigger, started_at, schedule
        Kept with the run.
    against
        The baseline and its constraints.
    log
        Where each rule's outcome and time are written.
    beside
        Outcomes of rules that look at more than the figures of a window.

    Raises
    ------
    BadInput
        For a threshold outside (0, 1].

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> noon = datetime(2026, 2, 14, 12, tzinfo=UTC)
    >>> run = evaluate(
    ...     Window(noon - timedelta(hours=1), noon),
    ...     WindowFigures(400, {14: 322, 1: 78}, None, None, None),
    ...     threshold=0.5,
    ...     trigger=Trigger.MANUAL,
    ...     started_at=noon,
    ... )
    >>> run.message
    'CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold'
    """
    check_threshold(threshold)
    every = chain(outcomes(figures, against, threshold), beside)
    found = tuple(_logged(every, log or RunLog()))
    deciding = [outcome for outcome in found if outcome.decides]
    violations = _most_telling_first(deciding)
    status, message = _outcome(window, figures, deciding, violations)
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
        outcomes=found,
        baseline_id=against.baseline_id,
    )


def _logged(found: Iterable[Outcome], log: RunLog) -> Iterator[Outcome]:
    """The outcomes as they come, each logged with the time that it took."""
    begun = time.perf_counter()
    for outcome in found:
        took = (time.perf_counter() - begun) * 1000
        part = "decides" if outcome.decides else "for comparison"
        log.write(
            f"Rule {outcome.rule}, {outcome.threshold:g} ({part}): {outcome.state} "
            f"after {took:.1f} ms. {outcome.sentence}"
        )
        yield outcome
        begun = time.perf_counter()


def _most_telling_first(deciding: Sequence[Outcome]) -> tuple[Violation, ...]:
    """Violations that name a class or a cause, before those that give a distance alone."""
    ranked = sorted(deciding, key=lambda outcome: outcome.rule in BARE_DISTANCES)
    return tuple(each for outcome in ranked for each in outcome.violations)


def _outcome(
    window: Window,
    figures: WindowFigures,
    deciding: Sequence[Outcome],
    violations: Sequence[Violation],
) -> tuple[ExecutionStatus, str]:
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
