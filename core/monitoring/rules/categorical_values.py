"""Predictions of classes that the baseline's label set does not have."""

from __future__ import annotations

from core.monitoring.baseline import Baseline
from core.monitoring.rules.base import EMPTY, FEATURE, NO_BASELINE, WindowRule
from core.records.monitoring import Outcome, Violation, WindowFigures


class CategoricalValues(WindowRule):
    """Predictions outside the domain: classes that the baseline's label set does not have."""

    name = "categorical_values_check"
    parameter = "smallest share inside the domain"
    explanation = (
        "Alarms when fewer of a window's predictions than this share are of known classes."
    )

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        readable = sum(figures.counts.values())
        if readable == 0:
            return self.not_computed(EMPTY)
        if baseline is None:
            return self.not_computed(NO_BASELINE)
        unknown = {k: n for k, n in figures.counts.items() if not 0 <= k < baseline.classes}
        share = 1 - sum(unknown.values()) / readable
        if share >= self.threshold:
            return self.judged(share, f"{share:.2%} of predictions are of known classes")
        words = (
            f"Only {share:.2%} of predictions are of the {baseline.classes} classes of the "
            f"baseline, expected at least {self.threshold:.2%}; unknown: "
            f"{', '.join(map(str, sorted(unknown)[:10]))}"
        )
        violation = Violation(FEATURE, "categorical_values_check", words)
        return self.judged(share, words, (violation,))
