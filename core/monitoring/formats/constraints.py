"""What a window has to keep to, as constraints.json in Model Monitor's format (COMPAT)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.formats.json_fields import JsonFile
from core.monitoring.formats.monitoring_config import MonitoringConfig, config_json, read_config
from core.monitoring.formats.statistics import CONFIDENCE, SUSPICION
from core.monitoring.rules import (
    FEATURE,
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)

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
        "monitoring_config": config_json(constraints.config),
    }
    return json.dumps(document, indent=2) + "\n"


def read_constraints(content: bytes) -> Constraints:
    """Read constraints.json.

    Parameters
    ----------
    content
        The file's bytes. What it leaves out has its default.

    Raises
    ------
    BadInput, TooLarge
        Naming the entry that cannot be read.

    Examples
    --------
    >>> found = read_constraints(
    ...     b'{"version": 0.0, "features": [{"name": "PredictedClass", "inferred_type": "String",'
    ...     b'"completeness": 1.0}], "monitoring_config": {"distribution_constraints":'
    ...     b'{"comparison_method": "Simple"}}}'
    ... )
    >>> [(rule.name, rule.threshold) for rule in found.rules()]
    [('completeness_check', 1.0), ('baseline_drift_check, LInfinity Simple', 0.1)]
    """
    file = JsonFile.parse(content, "constraints.json")
    features = tuple(map(_read_feature, file.parts("features")))
    names = [each.name for each in features]
    if len(set(names)) < len(names):
        raise BadInput("constraints.json: a feature stands there twice")
    config = MonitoringConfig()
    if file.has("monitoring_config"):
        config = read_config(file.part("monitoring_config"), config)
    return Constraints(features, config)


def effective(config: MonitoringConfig, feature: FeatureConstraints) -> MonitoringConfig:
    """The configuration that counts for a feature: with its own overrides; raises BadInput."""
    path = f"constraints.json: {feature.name}: monitoringConfigOverrides"
    return read_config(JsonFile(dict(feature.overrides), path), config)


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
