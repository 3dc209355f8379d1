"""The monitoring configuration: spellings, defaults, overrides."""

import pytest

from core.monitoring.formats.constraints import (
    Constraints,
    FeatureConstraints,
    read_constraints,
)
from core.monitoring.rules import (
    LInfinityRobust,
)
from tests.support.baseline_files import change, constraints, encoded


@pytest.mark.parametrize(
    ("spelling", "method"),
    [
        ("Simple", "Simple"),
        ("linf_simple", "Simple"),
        ("Robust", "Robust"),
        ("linf_robust", "Robust"),
    ],
)
def test_both_spellings_of_the_comparison_method(spelling: str, method: str) -> None:
    path = ["monitoring_config", "distribution_constraints", "comparison_method"]
    read = read_constraints(change(constraints(), path, spelling))
    assert read.config.comparison_method == method


def test_what_constraints_leave_out_has_its_default() -> None:
    document = {"version": 0, "features": [{"name": "PredictedClass", "inferred_type": "String"}]}
    read = read_constraints(encoded(document))
    assert read == Constraints((FeatureConstraints("PredictedClass", "String", 0.0),))
    assert read.rules() == (LInfinityRobust(0.1),)


def test_a_feature_may_override_the_configuration() -> None:
    overrides = {"distribution_constraints": {"categorical_comparison_threshold": 0.3}}
    path = ["features", 0, "monitoringConfigOverrides"]
    read = read_constraints(change(constraints(), path, overrides))
    assert read.rules()[-1] == LInfinityRobust(0.3)
    assert read.config.categorical_comparison_threshold == 0.1
