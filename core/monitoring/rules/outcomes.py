"""Outcomes of rules, made in one way."""

from __future__ import annotations

from core.records.monitoring import Outcome, RuleState, Violation


def not_computed(rule: str, threshold: float, reason: str) -> Outcome:
    """The outcome of a rule that had nothing to measure."""
    return Outcome(rule, RuleState.NOT_COMPUTED, None, threshold, f"Not computed: {reason}")


def judged(
    rule: str, figure: float, threshold: float, sentence: str, violations: tuple[Violation, ...]
) -> Outcome:
    """Violated if there are violations, otherwise the rule holds."""
    state = RuleState.VIOLATED if violations else RuleState.HOLDS
    return Outcome(rule, state, figure, threshold, sentence, violations)
