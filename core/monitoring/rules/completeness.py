"""Records of the window that could not be read."""

from __future__ import annotations

from core.monitoring.baseline import Baseline
from core.monitoring.rules.base import FEATURE, WindowRule
from core.records.monitoring import Outcome, Violation, WindowFigures


class Completeness(WindowRule):
    """Too many records could not be read."""

    name = "completeness_check"
    parameter = "smallest share of readable records"
    explanation = "Alarms when fewer of a window's records than this share could be read."

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        if figures.total == 0:
            return self.not_computed("the window holds no record")
        share = 1 - figures.unreadable / figures.total
        violations = tuple(completeness(figures)) if share < self.threshold else ()
        return self.judged(
            share, f"{share:.2%} of {figures.total} records could be read", violations
        )


def completeness(figures: WindowFigures) -> list[Violation]:
    """A violation if records of the window could not be read."""
    if figures.unreadable == 0:
        return []
    share = figures.unreadable / figures.total
    return [
        Violation(
            FEATURE,
            "completeness_check",
            f"{figures.unreadable} of {figures.total} records ({share:.2%}) could not be read",
        )
    ]
