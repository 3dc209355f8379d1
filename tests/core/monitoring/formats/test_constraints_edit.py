"""Constraint settings: read from constraints, and written into them without loss."""

from dataclasses import replace
from typing import Any

import pytest

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import (
    Constraints,
    FeatureConstraints,
    read_constraints,
    write_constraints,
)
from core.monitoring.formats.constraints_edit import edited, settings_of
from core.monitoring.formats.monitoring_config import MonitoringConfig
from core.monitoring.rules import (
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
)
from core.records.baselines import COMPARISON_METHODS, NO_COMPARISON, ConstraintSettings
from tests.support.expect import raises

BASELINE = Baseline(3, {0: 5, 2: 5})
SUGGESTED = Constraints.suggested(BASELINE)
AS_SUGGESTED = ConstraintSettings(True, LInfinityRobust.name, 0.1, 1.0, 1.0)


def predicted(**changes: Any) -> Constraints:
    """Constraints on the predicted class and another feature."""
    feature = replace(FeatureConstraints("PredictedClass", "String", 1.0), **changes)
    other = FeatureConstraints("Weather", "Unknown", 0.5, overrides={"emit_metrics": "Disabled"})
    return Constraints((other, feature), MonitoringConfig(emit_metrics=False))


def test_the_suggested_ones() -> None:
    assert settings_of(SUGGESTED) == AS_SUGGESTED
    assert edited(SUGGESTED, AS_SUGGESTED, BASELINE) == SUGGESTED


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        (
            {"method": LInfinitySimple.name, "comparison": 0.2},
            [Completeness(1.0), CategoricalValues(1.0), LInfinitySimple(0.2)],
        ),
        (
            {"method": ChiSquared.name, "comparison": 0.01, "known": 0.99},
            [Completeness(1.0), CategoricalValues(0.99), ChiSquared(0.01)],
        ),
        (
            {"method": NO_COMPARISON, "completeness": 0.9},
            [Completeness(0.9), CategoricalValues(1.0)],
        ),
        ({"known": 0.0, "completeness": 0.0}, [LInfinityRobust(0.1)]),
        ({"evaluate": False}, []),
    ],
)
def test_edited_settings_choose_the_rules(changes: dict[str, Any], rules: list[Any]) -> None:
    settings = replace(AS_SUGGESTED, **changes)
    constraints = edited(SUGGESTED, settings, BASELINE)
    assert list(constraints.rules()) == rules
    read = read_constraints(write_constraints(constraints).encode())
    assert read == constraints
    assert settings_of(read) == settings


def test_every_method_is_read_back() -> None:
    for method in COMPARISON_METHODS:
        settings = replace(AS_SUGGESTED, method=method)
        assert settings_of(edited(SUGGESTED, settings, BASELINE)).method == method


def test_without_a_domain_known_classes_are_not_checked_until_they_are() -> None:
    assert settings_of(predicted()).known == 0.0
    untouched = edited(predicted(), settings_of(predicted()), BASELINE)
    assert untouched.predicted_class().domains is None
    changed = edited(predicted(), replace(settings_of(predicted()), known=0.9), BASELINE)
    assert changed.predicted_class().domains == ("0", "1", "2")
    assert CategoricalValues(0.9) in changed.rules()


def test_overrides_of_the_feature_do_not_shadow_an_edit() -> None:
    overrides = {
        "evaluate_constraints": "Enabled",
        "datatype_check_threshold": 0.5,
        "distribution_constraints": {
            "categorical_drift_method": "ChiSquared",
            "categorical_comparison_threshold": 0.01,
            "comparison_threshold": 0.3,
        },
    }
    constraints = predicted(overrides=overrides)
    before = settings_of(constraints)
    assert (before.method, before.comparison) == (ChiSquared.name, 0.01)
    settings = replace(before, method=LInfinitySimple.name, comparison=0.2)
    after = edited(constraints, settings, BASELINE)
    assert settings_of(after) == settings
    assert after.predicted_class().overrides == {
        "datatype_check_threshold": 0.5,
        "distribution_constraints": {"comparison_threshold": 0.3},
    }


def test_what_is_not_edited_stays() -> None:
    constraints = predicted(
        overrides={"distribution_constraints": {"perform_comparison": "Enabled"}}
    )
    settings = replace(settings_of(constraints), completeness=0.5)
    after = edited(constraints, settings, BASELINE)
    assert after.features[0] == constraints.features[0]
    assert after.predicted_class().overrides == {}
    assert after.config.emit_metrics is False


def test_constraints_without_the_predicted_class_cannot_be_edited() -> None:
    with raises(
        BadInput, "constraints.json has no feature PredictedClass; create it from a baseline"
    ):
        settings_of(Constraints(()))
