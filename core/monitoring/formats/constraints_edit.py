"""What of constraints.json decides on the predicted class, as a handful of values to be edited."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import Constraints, FeatureConstraints, effective
from core.monitoring.rules.window import (
    FEATURE,
    ChiSquared,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)

NONE = "none"
# How windows are compared with the baseline: a name -> what says so in the file.
METHODS: dict[str, dict[str, Any]] = {
    LInfinityRobust.name: {
        "perform_comparison": True,
        "categorical_drift_method": "LInfinity",
        "comparison_method": "Robust",
    },
    LInfinitySimple.name: {
        "perform_comparison": True,
        "categorical_drift_method": "LInfinity",
        "comparison_method": "Simple",
    },
    ChiSquared.name: {"perform_comparison": True, "categorical_drift_method": "ChiSquared"},
    NONE: {"perform_comparison": False},
}
OURS = {word for words in METHODS.values() for word in words} | {
    "evaluate_constraints",
    "categorical_comparison_threshold",
    "domain_content_threshold",
}
COMPARISONS: dict[str, type[WindowRule]] = {
    rule.name: rule for rule in (LInfinityRobust, LInfinitySimple, ChiSquared)
}


@dataclass(frozen=True)
class Deciding:
    """evaluate: whether constraints are evaluated at all. method: one of METHODS.

    comparison: the method's parameter, in [0, 1]. completeness, known: smallest share of readable
    records, and of predictions of known classes, in [0, 1]; 0: not checked.
    """

    evaluate: bool
    method: str
    comparison: float
    completeness: float
    known: float

    @staticmethod
    def of(constraints: Constraints) -> Deciding:
        """What is in force, the feature's own overrides included; raises BadInput."""
        feature = constraints.predicted_class()
        config = effective(constraints.config, feature)
        method = next(
            name
            for name, words in METHODS.items()
            if all(getattr(config, word) == value for word, value in words.items())
        )
        return Deciding(
            config.evaluate_constraints,
            method,
            config.categorical_comparison_threshold,
            feature.completeness,
            0.0 if feature.domains is None else config.domain_content_threshold,
        )

    def applied_to(self, constraints: Constraints, baseline: Baseline) -> Constraints:
        """Constraints of which this is in force; all that it says nothing of stays as it is."""
        words = METHODS[self.method] | {
            "evaluate_constraints": self.evaluate,
            "categorical_comparison_threshold": self.comparison,
            "domain_content_threshold": self.known,
        }
        features = tuple(
            self._feature(each, baseline) if each.name == FEATURE else each
            for each in constraints.features
        )
        return Constraints(features, replace(constraints.config, **words))

    def _feature(self, feature: FeatureConstraints, baseline: Baseline) -> FeatureConstraints:
        domains = feature.domains
        if domains is None and self.known > 0:
            domains = tuple(map(str, range(baseline.classes)))
        return replace(
            feature,
            completeness=self.completeness,
            domains=domains,
            overrides=_without(feature.overrides, OURS),
        )


def _without(overrides: Mapping[str, Any], names: Container[str]) -> Mapping[str, Any]:
    """Overrides, also those a level below, without these: they would go before what was edited."""
    kept: dict[str, Any] = {}
    for name, value in overrides.items():
        rest = _without(value, names) if isinstance(value, Mapping) else value
        if name not in names and rest != {}:
            kept[name] = rest
    return kept
