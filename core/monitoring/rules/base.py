"""What rules on one window have in common: `Rule(parameter)(figures, baseline) -> Outcome`.

A rule that has nothing to measure is `not computed` and says why; it never passes in silence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.rules import outcomes
from core.records.monitoring import Outcome, Violation, WindowFigures

FEATURE = "PredictedClass"
EMPTY = "the window holds no prediction"
NO_BASELINE = "there is no baseline to compare with. Create one first"
EMPTY_BASELINE = "the baseline holds no prediction. Create it anew"


@dataclass(frozen=True)
class WindowRule(ABC):
    """A rule with one parameter; subclasses say what it means.

    Parameters
    ----------
    threshold
        The parameter, in (0, 1].

    Raises
    ------
    BadInput
        For another parameter.
    """

    threshold: float
    name: ClassVar[str]
    parameter: ClassVar[str]
    explanation: ClassVar[str]

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise BadInput(
                f"{self.name}: {self.parameter} must lie in (0, 1], got {self.threshold}"
            )

    @abstractmethod
    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        """Evaluate the rule.

        Parameters
        ----------
        figures
            Counts of the window.
        baseline
            Counts to compare with, for rules that need them.
        """

    def not_computed(self, reason: str) -> Outcome:
        return outcomes.not_computed(self.name, self.threshold, reason)

    def judged(
        self, figure: float, sentence: str, violations: tuple[Violation, ...] = ()
    ) -> Outcome:
        return outcomes.judged(self.name, figure, self.threshold, sentence, violations)


def nothing_to_compare(figures: WindowFigures, baseline: Baseline | None) -> str:
    """Why there is nothing to compare; empty if there is."""
    if sum(figures.counts.values()) == 0:
        return EMPTY
    if baseline is None:
        return NO_BASELINE
    return "" if baseline.total else EMPTY_BASELINE
