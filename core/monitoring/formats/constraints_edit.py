"""What of constraints.json decides on the predicted class: read, and edited without loss."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import Constraints, FeatureConstraints, effective
from core.monitoring.rules import FEATURE
from core.records.baselines import COMPARISON_METHODS, ConstraintSettings

# How windows are compared with the baseline: a method -> the entries of the file that choose it.
METHODS: dict[str, dict[str, Any]] = dict(
    zip(
        COMPARISON_METHODS,
        (
            {
                "perform_comparison": True,
                "categorical_drift_method": "LInfinity",
                "comparison_method": "Robust",
            },
            {
                "perform_comparison": True,
                "categorical_drift_method": "LInfinity",
                "comparison_method": "Simple",
            },
            {"perform_comparison": True, "categorical_drift_method": "ChiSquared"},
            {"perform_comparison": False},
        ),
        strict=True,
    )
)
EDITED = {name for entries in METHODS.values() for name in entries} | {
    "evaluate_constraints",
    "categorical_comparison_threshold",
    "domain_content_threshold",
}


def settings_of(constraints: Constraints) -> ConstraintSettings:
    """What is in force, the feature's own overrides included; raises BadInput."""
    feature = constraints.predicted_class()
    config = effective(constraints.config, feature)
    method = next(
        name
        for name, entries in METHODS.items()
        if all(getattr(config, entry) == value for entry, value in entries.items())
    )
    return ConstraintSettings(
        config.evaluate_constraints,
        method,
        config.categorical_comparison_threshold,
        feature.completeness,
        0.0 if feature.domains is None else config.domain_content_threshold,
    )


def edited(
    constraints: Constraints, settings: ConstraintSettings, baseline: Baseline
) -> Constraints:
    """Constraints with these settings in force; everything else stays as it is."""
    entries = METHODS[settings.method] | {
        "evaluate_constraints": settings.evaluate,
        "categorical_comparison_threshold": settings.comparison,
        "domain_content_threshold": settings.known,
    }
    features = tuple(
        _edited_feature(each, settings, baseline) if each.name == FEATURE else each
        for each in constraints.features
    )
    return Constraints(features, replace(constraints.config, **entries))


def _edited_feature(
    feature: FeatureConstraints, settings: ConstraintSettings, baseline: Baseline
) -> FeatureConstraints:
    domains = feature.domains
    if domains is None and settings.known > 0:
        domains = tuple(map(str, range(baseline.classes)))
    return replace(
        feature,
        completeness=settings.completeness,
        domains=domains,
        overrides=_without(feature.overrides, EDITED),
    )


def _without(overrides: Mapping[str, Any], names: Container[str]) -> Mapping[str, Any]:
    """Overrides, also those a level below, without these: they take precedence over an edit."""
    kept: dict[str, Any] = {}
    for name, value in overrides.items():
        rest = _without(value, names) if isinstance(value, Mapping) else value
        if name not in names and rest != {}:
            kept[name] = rest
    return kept
