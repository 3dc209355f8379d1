"""The rules that look at one window, side by side: `Rule(parameter)(figures, baseline) -> Outcome`.

A rule that has nothing to measure says `not computed` and why; it never passes in silence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.rules import window
from core.monitoring.rules.distances import chi_squared_p_value, linf_robust, linf_simple
from core.monitoring.rules.outcomes import judged, not_computed
from core.records.monitoring import Outcome, Violation, WindowFigures, check_threshold

EMPTY = "the window holds no prediction"
NO_BASELINE = "there is no baseline to compare with. Create one first"
EMPTY_BASELINE = "the baseline holds no prediction. Create it anew"


@dataclass(frozen=True)
class WindowRule(ABC):
    """threshold: the rule's one parameter, in (0, 1]. Subclasses say what it means."""

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
        """What the rule says of a window, beside a baseline where it needs one."""

    def _not_computed(self, reason: str) -> Outcome:
        return not_computed(self.name, self.threshold, reason)

    def _judged(
        self, figure: float, sentence: str, violations: tuple[Violation, ...] = ()
    ) -> Outcome:
        return judged(self.name, figure, self.threshold, sentence, violations)


class ClassShare(WindowRule):
    """One class holds too much of the window. The rule, and the words, of the blog."""

    name = "class share (SageMaker-compatible)"
    parameter = "largest share"
    explanation = "Alarms when one class holds more than this share of a window's predictions."

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        shares = figures.shares()
        if not shares:
            return self._not_computed(EMPTY)
        violations = tuple(window.class_share(figures, self.threshold))
        class_id, share = next(iter(shares.items()))
        largest = f"Class {class_id} holds the largest share, {share:.2%}"
        words = violations[0].description if violations else largest
        return self._judged(share, words, violations)


class Completeness(WindowRule):
    """Too many records could not be read."""

    name = "completeness_check"
    parameter = "smallest share of readable records"
    explanation = "Alarms when fewer of a window's records than this share could be read."

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        if figures.total == 0:
            return self._not_computed("the window holds no record")
        share = 1 - figures.unreadable / figures.total
        violations = tuple(window.completeness(figures)) if share < self.threshold else ()
        return self._judged(
            share, f"{share:.2%} of {figures.total} records could be read", violations
        )


class _Drift(WindowRule):
    """A distance of class shares from the baseline's is too large."""

    parameter = "largest distance"
    distance: ClassVar[Callable[..., float]]

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        missing = _nothing_to_compare(figures, baseline)
        if missing or baseline is None:
            return self._not_computed(missing)
        distance = type(self).distance(figures.counts, baseline.counts)
        description = (
            f"Baseline drift distance: {distance:.4f} exceeds threshold: {self.threshold:g}"
        )
        if distance > self.threshold:
            violation = Violation(window.FEATURE, "baseline_drift_check", description)
            return self._judged(distance, description, (violation,))
        return self._judged(distance, f"Baseline drift distance: {distance:.4f}")


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
        missing = _nothing_to_compare(figures, baseline)
        if missing or baseline is None:
            return self._not_computed(missing)
        p_value = chi_squared_p_value(figures.counts, baseline.counts)
        if p_value is None:
            return self._not_computed("fewer than two classes are expected often enough to compare")
        unseen = sum(n for k, n in figures.counts.items() if not baseline.counts.get(k))
        beside = f"; left out: {unseen:,} of classes that the baseline never saw" if unseen else ""
        if p_value < self.threshold:
            words = f"Baseline drift p-value: {p_value:.3g} is below threshold: {self.threshold:g}"
            violation = Violation(window.FEATURE, "baseline_drift_check", words)
            return self._judged(p_value, words + beside, (violation,))
        return self._judged(p_value, f"Baseline drift p-value: {p_value:.3g}{beside}")


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
            return self._not_computed(EMPTY)
        if baseline is None:
            return self._not_computed(NO_BASELINE)
        unknown = {k: n for k, n in figures.counts.items() if not 0 <= k < baseline.classes}
        share = 1 - sum(unknown.values()) / readable
        if share >= self.threshold:
            return self._judged(share, f"{share:.2%} of predictions are of known classes")
        words = (
            f"Only {share:.2%} of predictions are of the {baseline.classes} classes of the "
            f"baseline, expected at least {self.threshold:.2%}; unknown: "
            f"{', '.join(map(str, sorted(unknown)[:10]))}"
        )
        violation = Violation(window.FEATURE, "categorical_values_check", words)
        return self._judged(share, words, (violation,))


WINDOW_RULES: dict[str, type[WindowRule]] = {
    rule.name: rule
    for rule in (
        ClassShare,
        Completeness,
        LInfinitySimple,
        LInfinityRobust,
        ChiSquared,
        CategoricalValues,
    )
}

BARE_DISTANCES = frozenset(rule.name for rule in (LInfinitySimple, LInfinityRobust, ChiSquared))
"""Rules whose words give a distance, and neither a class nor a cause."""


def _nothing_to_compare(figures: WindowFigures, baseline: Baseline | None) -> str:
    """Why there is nothing to compare; empty if there is."""
    if sum(figures.counts.values()) == 0:
        return EMPTY
    if baseline is None:
        return NO_BASELINE
    return "" if baseline.total else EMPTY_BASELINE


FEATURE = "PredictedClass"


def class_share(figures: WindowFigures, threshold: float) -> list[Violation]:
    """One violation for each class whose share of the window exceeds `threshold` in (0, 1]."""
    check_threshold(threshold)
    return [
        Violation(
            FEATURE,
            "baseline_drift_check",
            f"Class {class_id} predicted {share:.2%} of the time: "
            f"Exceeded {threshold:.2%} threshold",
        )
        for class_id, share in figures.shares().items()
        if share > threshold
    ]


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
