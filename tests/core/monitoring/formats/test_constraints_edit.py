"""What decides, edited: read from constraints, and written into them without losing the rest."""

from dataclasses import replace
from typing import Any

import pytest

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import (
    Constraints,
    FeatureConstraints,
    MonitoringConfig,
    read_constraints,
    write_constraints,
)
from core.monitoring.formats.constraints_edit import METHODS, NONE, Deciding
from core.monitoring.rules.window import (
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
)
from tests.support.expect import raises

BASELINE = Baseline(3, {0: 5, 2: 5})
SUGGESTED = Constraints.suggested(BASELINE)
AS_SUGGESTED = Deciding(True, LInfinityRobust.name, 0.1, 1.0, 1.0)


def predicted(**changes: Any) -> Constraints:
    """Constraints on the predicted class and another feature."""
    feature = replace(FeatureConstraints("PredictedClass", "String", 1.0), **changes)
    other = FeatureConstraints("Weather", "Unknown", 0.5, overrides={"emit_metrics": "Disabled"})
    return Constraints((other, feature), MonitoringConfig(emit_metrics=False))


def test_the_suggested_ones() -> None:
    assert Deciding.of(SUGGESTED) == AS_SUGGESTED
    assert AS_SUGGESTED.applied_to(SUGGESTED, BASELINE) == SUGGESTED


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
        ({"method": NONE, "completeness": 0.9}, [Completeness(0.9), CategoricalValues(1.0)]),
        ({"known": 0.0, "completeness": 0.0}, [LInfinityRobust(0.1)]),
        ({"evaluate": False}, []),
    ],
)
def test_what_is_edited_is_what_decides(changes: dict[str, Any], rules: list[Any]) -> None:
    edited = replace(AS_SUGGESTED, **changes)
    constraints = edited.applied_to(SUGGESTED, BASELINE)
    assert list(constraints.rules()) == rules
    read = read_constraints(write_constraints(constraints).encode())
    assert read == constraints
    assert Deciding.of(read) == edited


def test_every_method_is_read_back() -> None:
    for method in METHODS:
        edited = replace(AS_SUGGESTED, method=method)
        assert Deciding.of(edited.applied_to(SUGGESTED, BASELINE)).method == method


def test_without_a_domain_known_classes_are_not_checked_until_they_are() -> None:
    assert Deciding.of(predicted()).known == 0.0
    untouched = Deciding.of(predicted()).applied_to(predicted(), BASELINE)
    assert untouched.predicted_class().domains is None
    edited = replace(Deciding.of(predicted()), known=0.9).applied_to(predicted(), BASELINE)
    assert edited.predicted_class().domains == ("0", "1", "2")
    assert CategoricalValues(0.9) in edited.rules()


def test_overrides_of_the_feature_do_not_shadow_what_was_edited() -> None:
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
    before = Deciding.of(constraints)
    assert (before.method, before.comparison) == (ChiSquared.name, 0.01)
    edited = replace(before, method=LInfinitySimple.name, comparison=0.2)
    after = edited.applied_to(constraints, BASELINE)
    assert Deciding.of(after) == edited
    assert after.predicted_class().overrides == {
        "datatype_check_threshold": 0.5,
        "distribution_constraints": {"comparison_threshold": 0.3},
    }


def test_what_is_not_edited_stays() -> None:
    constraints = predicted(
        overrides={"distribution_constraints": {"perform_comparison": "Enabled"}}
    )
    after = replace(Deciding.of(constraints), completeness=0.5).applied_to(constraints, BASELINE)
    assert after.features[0] == constraints.features[0]
    assert after.predicted_class().overrides == {}
    assert after.config.emit_metrics is False


def test_constraints_without_the_predicted_class_cannot_be_edited() -> None:
    with raises(
        BadInput, "constraints.json has no feature PredictedClass; create it from a baseline"
    ):
        Deciding.of(Constraints(()))
