"""The rules of the blog's evaluation, SageMaker-compatible in name and wording."""

from __future__ import annotations

from core.types import Violation, WindowFigures, check_threshold

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
