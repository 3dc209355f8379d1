"""The monitoring_config of constraints.json: switches, methods and thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.monitoring.formats.json_fields import JsonFile

SWITCH = {"Enabled": True, "Disabled": False}
COMPARISON_METHODS = {
    "Simple": "Simple",
    "Robust": "Robust",
    "linf_simple": "Simple",
    "linf_robust": "Robust",
}
DRIFT_METHODS = {"LInfinity": "LInfinity", "ChiSquared": "ChiSquared"}
# Entries of the configuration: the words that each may have, or None for a number in [0, 1].
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


def config_json(config: MonitoringConfig) -> dict[str, Any]:
    """The configuration as constraints.json has it."""
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


def read_config(part: JsonFile, default: MonitoringConfig) -> MonitoringConfig:
    """`default` with the entries of `part`; raises BadInput."""
    read: dict[str, Any] = {}
    places = [part]
    if part.has("distribution_constraints"):
        places.append(part.part("distribution_constraints"))
    for place, names in zip(places, (TOP, DISTRIBUTION), strict=False):
        for name, choices in names.items():
            if place.has(name):
                read[name] = place.text(name, choices) if choices else place.number(name, 0, 1)
    return MonitoringConfig(**(vars(default) | read))
