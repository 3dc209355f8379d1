"""Figures of windows, and what a rule makes of them."""

from typing import Any

from core.monitoring.baseline import Baseline
from core.records.monitoring import Outcome, RuleState, WindowFigures

EVEN = Baseline(4, {0: 100, 1: 100, 2: 100, 3: 100})


def figures(counts: dict[int, int], **changes: Any) -> WindowFigures:
    """A window with these counts by class, all of them confident."""
    values: dict[str, Any] = {"total": sum(counts.values()), "counts": counts}
    values |= {"mean_confidence": 0.9, "low_confidence": 0, "flagged": 0}
    return WindowFigures(**values | changes)


def says(outcome: Outcome) -> tuple[RuleState, float | None, str]:
    """The outcome as a triple."""
    return outcome.state, outcome.figure, outcome.sentence
