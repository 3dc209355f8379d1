"""What a rule says of a window: it holds, it is violated, or it could not be computed and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.types import Violation


class RuleState(StrEnum):
    """How a rule came out."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_COMPUTED = "not computed"


@dataclass(frozen=True)
class Outcome:
    """figure: what was measured, None where it was not; threshold: what it was compared with.

    sentence: the outcome in words; for `not computed` it says why. violations: for
    constraint_violations.json, at least one where the state is `violated`, none otherwise.
    """

    rule: str
    state: RuleState
    figure: float | None
    threshold: float
    sentence: str
    violations: tuple[Violation, ...] = ()


def not_computed(rule: str, threshold: float, reason: str) -> Outcome:
    """The outcome of a rule that had nothing to measure."""
    return Outcome(rule, RuleState.NOT_COMPUTED, None, threshold, f"Not computed: {reason}")


def judged(
    rule: str, figure: float, threshold: float, sentence: str, violations: tuple[Violation, ...]
) -> Outcome:
    """Violated if there are violations, otherwise the rule holds."""
    state = RuleState.VIOLATED if violations else RuleState.HOLDS
    return Outcome(rule, state, figure, threshold, sentence, violations)
