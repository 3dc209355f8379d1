"""What a window has to keep to, as constraints.json in Model Monitor's format (COMPAT)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.formats.json_fields import JsonFile
from core.monitoring.formats.statistics import CONFIDENCE, SUSPICION
from core.monitoring.rules.window import (
    FEATURE,
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)

SWITCH = {"Enabled": True, "Disabled": False}
COMPARISON_METHODS = {
    "Simple": "Simple",
    "Robust": "Robust",
    "linf_simple": "Simple",
    "linf_robust": "Robust",
}
DRIFT_METHODS = {"LInfinity": "LInfinity", "ChiSquared": "ChiSquared"}
TYPES = {name: name for name in ("Integral", "Fractional", "String", "Unknown")}


@dataclass(frozen=True)
class FeatureConstraints:
    """completeness: smallest share of records that have it. domains: its values, None for any.

    overrides: a part of the monitoring configuration for this feature alone, as it was read.
    """

    name: str
    inferred_type: str
    completeness: float
    non_negative: bool | None = None
    domains: tuple[str, ...] | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MonitoringConfig:
    """Switches and thresholds; shares and distances lie in [0, 1]."""

    evaluate_constraints: bool = True
    emit_metrics: bool = True
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    perform_comparison: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_comparison_threshold: float = 0.1
    categorical_drift_method: str = "LInfinity"


@dataclass(frozen=True)
class Constraints:
    """The content of constraints.json."""

    features: tuple[FeatureConstraints, ...]
    config: MonitoringConfig = MonitoringConfig()

    @staticmethod
    def suggested(baseline: Baseline) -> Constraints:
        """What a baseline suggests: its label set, complete records, thresholds as the samples."""
        domains = tuple(map(str, range(baseline.classes)))
        features = [FeatureConstraints(FEATURE, "String", 1.0, domains=domains)]
        for name, scores in ((CONFIDENCE, baseline.confidence), (SUSPICION, baseline.suspicion)):
            if scores is not None:
                share = scores.present / (scores.present + scores.missing)
                features.append(FeatureConstraints(name, "Fractional", share, non_negative=True))
        return Constraints(tuple(features))

    def predicted_class(self) -> FeatureConstraints:
        """The constraints on the predicted class; raises BadInput where there are none."""
        feature = next((each for each in self.features if each.name == FEATURE), None)
        if feature is None:
            raise BadInput(f"constraints.json has no feature {FEATURE}; create it from a baseline")
        return feature

    def rules(self) -> tuple[WindowRule, ...]:
        """The rules on the predicted class; none where constraints are not to be evaluated.

        A threshold of 0 is none that a rule can be violated below, so its rule is left out.
        Raises BadInput where the predicted class has no constraints.
        """
        feature = self.predicted_class()
        config = effective(self.config, feature)
        if not config.evaluate_constraints:
            return ()
        chosen: list[tuple[type[WindowRule], float]] = [(Completeness, feature.completeness)]
        if feature.domains is not None:
            chosen.append((CategoricalValues, config.domain_content_threshold))
        if config.perform_comparison:
            robust = config.comparison_method == "Robust"
            linf = LInfinityRobust if robust else LInfinitySimple
            by_method = {"LInfinity": linf, "ChiSquared": ChiSquared}
            method = by_method[config.categorical_drift_method]
            chosen.append((method, config.categorical_comparison_threshold))
        return tuple(rule(threshold) for rule, threshold in chosen if threshold > 0)


def write_constraints(constraints: Constraints) -> str:
    """The text of constraints.json."""
    document = {
        "version": 0.0,
        "features": [_feature_json(each) for each in constraints.features],
        "monitoring_config": _config_json(constraints.config),
    }
    return json.dumps(document, indent=2) + "\n"


def read_constraints(content: bytes) -> Constraints:
    """The constraints in constraints.json; raises BadInput or TooLarge. What is left out has its
    default."""
    file = JsonFile.parse(content, "constraints.json")
    features = tuple(map(_read_feature, file.parts("features")))
    names = [each.name for each in features]
    if len(set(names)) < len(names):
        raise BadInput("constraints.json: a feature stands there twice")
    config = MonitoringConfig()
    if file.has("monitoring_config"):
        config = _read_config(file.part("monitoring_config"), config)
    return Constraints(features, config)


def effective(config: MonitoringConfig, feature: FeatureConstraints) -> MonitoringConfig:
    """The configuration that counts for a feature: with its own overrides; raises BadInput."""
    path = f"constraints.json: {feature.name}: monitoringConfigOverrides"
    return _read_config(JsonFile(dict(feature.overrides), path), config)


def _feature_json(feature: FeatureConstraints) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": feature.name,
        "inferred_type": feature.inferred_type,
        "completeness": feature.completeness,
    }
    if feature.non_negative is not None:
        document["num_constraints"] = {"is_non_negative": feature.non_negative}
    if feature.domains is not None:
        document["string_constraints"] = {"domains": list(feature.domains)}
    if feature.overrides:
        document["monitoringConfigOverrides"] = dict(feature.overrides)
    return document


def _config_json(config: MonitoringConfig) -> dict[str, Any]:
    words = {value: word for word, value in SWITCH.items()}
    return {
        "evaluate_constraints": words[config.evaluate_constraints],
        "emit_metrics": words[config.emit_metrics],
        "datatype_check_threshold": config.datatype_check_threshold,
        "domain_content_threshold": config.domain_content_threshold,
        "distribution_constraints": {
            "perform_comparison": words[config.perform_comparison],
            "comparison_threshold": config.comparison_threshold,
            "comparison_method": config.comparison_method,
            "categorical_comparison_threshold": config.categorical_comparison_threshold,
            "categorical_drift_method": config.categorical_drift_method,
        },
    }


def _read_feature(part: JsonFile) -> FeatureConstraints:
    non_negative = domains = None
    overrides: Mapping[str, Any] = {}
    if part.has("num_constraints") and part.part("num_constraints").has("is_non_negative"):
        non_negative = part.part("num_constraints").flag("is_non_negative")
    if part.has("string_constraints") and part.part("string_constraints").has("domains"):
        values = part.part("string_constraints").items("domains")
        if not all(isinstance(value, str) for value in values):
            raise BadInput(f"{part.path}: domains must list texts")
        domains = tuple(values)
    if part.has("monitoringConfigOverrides"):
        overrides = part.part("monitoringConfigOverrides").content
    feature = FeatureConstraints(
        part.text("name"),
        part.text("inferred_type", TYPES),
        part.number("completeness", 0, 1) if part.has("completeness") else 0.0,
        non_negative,
        domains,
        overrides,
    )
    effective(MonitoringConfig(), feature)
    return feature


def _read_config(part: JsonFile, default: MonitoringConfig) -> MonitoringConfig:
    """`default` with what `part` says."""
    read: dict[str, Any] = {}
    places = [part]
    if part.has("distribution_constraints"):
        places.append(part.part("distribution_constraints"))
    for place, names in zip(places, (TOP, DISTRIBUTION), strict=False):
        for name, choices in names.items():
            if place.has(name):
                read[name] = place.text(name, choices) if choices else place.number(name, 0, 1)
    return MonitoringConfig(**(vars(default) | read))


# Entries of the configuration: the words that each may say, or None for a number in [0, 1].
TOP: dict[str, dict[str, Any] | None] = {
    "evaluate_constraints": SWITCH,
    "emit_metrics": SWITCH,
    "datatype_check_threshold": None,
    "domain_content_threshold": None,
}
DISTRIBUTION: dict[str, dict[str, Any] | None] = {
    "perform_comparison": SWITCH,
    "comparison_threshold": None,
    "comparison_method": COMPARISON_METHODS,
    "categorical_comparison_threshold": None,
    "categorical_drift_method": DRIFT_METHODS,
}
