"""statistics.json and constraints.json: written, read, and refused."""

from typing import Any

import pytest

from core.errors import BadInput
from core.monitoring.formats.constraints import (
    Constraints,
    FeatureConstraints,
    read_constraints,
    write_constraints,
)
from core.monitoring.formats.monitoring_config import MonitoringConfig
from core.monitoring.rules import (
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
)
from tests.support.baseline_files import CONSTRAINTS, change, constraints
from tests.support.expect import raises


# constraints.json
def test_constraints_as_model_monitor_lays_them_out() -> None:
    assert constraints() == {
        "version": 0.0,
        "features": [
            {
                "name": "PredictedClass",
                "inferred_type": "String",
                "completeness": 1.0,
                "string_constraints": {"domains": ["0", "1", "2"]},
            },
            {
                "name": "Confidence",
                "inferred_type": "Fractional",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "SuspicionPValue",
                "inferred_type": "Fractional",
                "completeness": 0.25,
                "num_constraints": {"is_non_negative": True},
            },
        ],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": 0.1,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def test_constraints_come_back_as_they_were_written() -> None:
    other = Constraints(
        (
            FeatureConstraints(
                "PredictedClass", "Integral", 0.5, None, None, {"domain_content_threshold": 0.25}
            ),
            FeatureConstraints("Weather", "Unknown", 0.0, False, ("wet",)),
        ),
        MonitoringConfig(False, False, 0.1, 0.2, False, 0.3, "Simple", 0.4, "ChiSquared"),
    )
    for each in (CONSTRAINTS, other):
        assert read_constraints(write_constraints(each).encode()) == each


def test_the_rules_that_constraints_ask_for() -> None:
    assert CONSTRAINTS.rules() == (Completeness(1.0), CategoricalValues(1.0), LInfinityRobust(0.1))
    domain = CONSTRAINTS.features[:1]
    simple = Constraints(domain, MonitoringConfig(comparison_method="Simple"))
    assert simple.rules()[-1] == LInfinitySimple(0.1)
    chi = MonitoringConfig(
        categorical_drift_method="ChiSquared", categorical_comparison_threshold=0.01
    )
    assert Constraints(domain, chi).rules()[-1] == ChiSquared(0.01)
    assert Constraints(domain, MonitoringConfig(evaluate_constraints=False)).rules() == ()
    alone = Constraints(domain, MonitoringConfig(perform_comparison=False))
    assert alone.rules() == (Completeness(1.0), CategoricalValues(1.0))


def test_constraints_without_the_predicted_class_have_no_rules() -> None:
    with raises(
        BadInput, "constraints.json has no feature PredictedClass; create it from a baseline"
    ):
        Constraints(()).rules()


CONFIG = ["monitoring_config"]

DISTRIBUTION = [*CONFIG, "distribution_constraints"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["version"], "2", "constraints.json must be of version 0, got '2'"),
        (
            [*DISTRIBUTION, "comparison_method"],
            "JS",
            "constraints.json: monitoring_config: distribution_constraints: comparison_method must "
            "be one of Simple, Robust, linf_simple, linf_robust, got 'JS'",
        ),
        (
            [*CONFIG, "evaluate_constraints"],
            True,
            "constraints.json: monitoring_config: evaluate_constraints must be a text, got bool",
        ),
        (
            [*CONFIG, "domain_content_threshold"],
            1.5,
            "constraints.json: monitoring_config: domain_content_threshold must be a number in "
            "[0, 1], got 1.5",
        ),
        (
            ["features", 0, "completeness"],
            -0.1,
            "constraints.json: features[0]: completeness must be a number in [0, 1], got -0.1",
        ),
        (
            ["features", 0, "inferred_type"],
            "Image",
            "constraints.json: features[0]: inferred_type must be one of Integral, Fractional, "
            "String, Unknown, got 'Image'",
        ),
        (
            ["features", 0, "string_constraints", "domains"],
            [1],
            "constraints.json: features[0]: domains must list texts",
        ),
        (
            ["features", 1, "name"],
            "PredictedClass",
            "constraints.json: a feature stands there twice",
        ),
        (
            ["features", 0, "monitoringConfigOverrides"],
            {"domain_content_threshold": 2},
            "constraints.json: PredictedClass: monitoringConfigOverrides: domain_content_threshold "
            "must be a number in [0, 1], got 2",
        ),
    ],
)
def test_unreadable_constraints_are_refused(path: list[Any], value: Any, message: str) -> None:
    with raises(BadInput, message):
        read_constraints(change(constraints(), path, value))
