"""One execution: figures of a window -> status, message, violations."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from core.monitoring.rules.in_force import NOTHING, Against, outcomes
from core.monitoring.rules.window import BARE_DISTANCES
from core.records.execution_log import Journal
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
    journal: Journal | None = None,
    beside: Iterable[Outcome] = (),
) -> Execution:
    """Every rule on `figures`, compared with `against`; threshold: the class share's, in (0, 1].

    journal: where it is written down what each rule took and said; beside: outcomes of rules that
    look at more than the figures of a window. The message is the first violation, and those that
    name a class or a cause come before bare distances. An empty window that none of the rules
    calls a violation ends Failed, and so does one of which no rule that decides could be computed.
    """
    check_threshold(threshold)
    every = chain(outcomes(figures, against, threshold), beside)
    said = tuple(_told(every, journal or Journal()))
    deciding = [outcome for outcome in said if outcome.decides]
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
        outcomes=said,
        baseline_id=against.baseline_id,
    )


def _told(said: Iterable[Outcome], journal: Journal) -> Iterator[Outcome]:
    """The outcomes as they come, each written down with the time that it took."""
    begun = time.perf_counter()
    for outcome in said:
        took = (time.perf_counter() - begun) * 1000
        part = "decides" if outcome.decides else "for comparison"
        journal.say(
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
