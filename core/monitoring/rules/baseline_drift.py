"""Distances of class shares from the baseline's, by the methods of Model Monitor."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.monitoring.baseline import Baseline
from core.monitoring.rules.base import FEATURE, WindowRule, nothing_to_compare
from core.monitoring.rules.distances import (
    chi_squared_p_value,
    linf_robust,
    linf_simple,
    unseen_predictions,
)
from core.records.monitoring import Outcome, Violation, WindowFigures


class _Drift(WindowRule):
    """A distance of class shares from the baseline's is too large."""

    parameter = "largest distance"
    distance: ClassVar[Callable[..., float]]

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        missing = nothing_to_compare(figures, baseline)
        if missing or baseline is None:
            return self.not_computed(missing)
        distance = type(self).distance(figures.counts, baseline.counts)
        description = (
            f"Baseline drift distance: {distance:.4f} exceeds threshold: {self.threshold:g}"
        )
        if distance > self.threshold:
            violation = Violation(FEATURE, "baseline_drift_check", description)
            return self.judged(distance, description, (violation,))
        return self.judged(distance, f"Baseline drift distance: {distance:.4f}")


class LInfinitySimple(_Drift):
    """Model Monitor's LInfinity with comparison_method Simple."""

    name = "baseline_drift_check, LInfinity Simple"
    explanation = "Alarms when a class's share is further than this from its share in the baseline."
    distance = staticmethod(linf_simple)


class LInfinityRobust(_Drift):
    """Model Monitor's LInfinity with comparison_method Robust."""

    name = "baseline_drift_check, LInfinity Robust"
    explanation = (
        "Alarms when a class's share is further than this from its share in the baseline, after "
        "what chance explains in windows of this size is taken off."
    )
    distance = staticmethod(linf_robust)


class ChiSquared(WindowRule):
    """Model Monitor's categorical_drift_method ChiSquared."""

    name = "baseline_drift_check, ChiSquared"
    parameter = "smallest p-value"
    explanation = (
        "Alarms when class counts like these would come from the baseline's shares with a "
        "probability below this."
    )

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        missing = nothing_to_compare(figures, baseline)
        if missing or baseline is None:
            return self.not_computed(missing)
        p_value = chi_squared_p_value(figures.counts, baseline.counts)
        if p_value is None:
            return self.not_computed("fewer than two classes are expected often enough to compare")
        unseen = unseen_predictions(figures.counts, baseline.counts)
        beside = f"; {unseen:,} of classes that the baseline never saw" if unseen else ""
        if p_value < self.threshold:
            words = f"Baseline drift p-value: {p_value:.3g} is below threshold: {self.threshold:g}"
            violation = Violation(FEATURE, "baseline_drift_check", words)
            return self.judged(p_value, words + beside, (violation,))
        return self.judged(p_value, f"Baseline drift p-value: {p_value:.3g}{beside}")
