"""One class holds too much of the window: the rule, and the words, of the blog."""

from __future__ import annotations

from core.monitoring.baseline import Baseline
from core.monitoring.rules.base import EMPTY, FEATURE, WindowRule
from core.records.monitoring import Outcome, Violation, WindowFigures, check_threshold


class ClassShare(WindowRule):
    """One class holds too much of the window.

    Examples
    --------
    >>> figures = WindowFigures(400, {14: 322, 1: 78}, None, None, None)
    >>> outcome = ClassShare(0.5)(figures, None)
    >>> outcome.state.value, outcome.figure
    ('violated', 0.805)
    >>> outcome.sentence
    'Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold'
    """

    name = "class share (SageMaker-compatible)"
    parameter = "largest share"
    explanation = "Alarms when one class holds more than this share of a window's predictions."

    def __call__(self, figures: WindowFigures, baseline: Baseline | None) -> Outcome:
        shares = figures.shares()
        if not shares:
            return self.not_computed(EMPTY)
        violations = tuple(class_share(figures, self.threshold))
        class_id, share = next(iter(shares.items()))
        largest = f"Class {class_id} holds the largest share, {share:.2%}"
        words = violations[0].description if violations else largest
        return self.judged(share, words, violations)


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
