"""statistics.json and constraints.json: written, read, and refused."""

import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, SignwatchError, TooLarge
from core.monitoring.baseline import Baseline, Scores
from core.monitoring.formats.constraints import (
    Constraints,
    FeatureConstraints,
    MonitoringConfig,
    read_constraints,
    write_constraints,
)
from core.monitoring.formats.json_fields import MAX_BYTES, MAX_ITEMS
from core.monitoring.formats.statistics import read_statistics, write_statistics
from core.monitoring.rules.window import (
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
)
from tests.support.expect import raises

BASELINE = Baseline.of(
    3,
    np.array([0, 2, 2, 2]),
    flagged=np.array([False, True, False, False]),
    confidences=np.array([0.25, 1.0, 0.5, 0.75]),
    p_values=np.array([0.5]),
)
CONSTRAINTS = Constraints.suggested(BASELINE)


def statistics() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_statistics(BASELINE))
    return document


def constraints() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_constraints(CONSTRAINTS))
    return document


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


# statistics.json


def test_statistics_as_model_monitor_lays_them_out() -> None:
    document = statistics()
    assert list(document) == ["version", "dataset", "features"]
    assert (document["version"], document["dataset"]) == (0.0, {"item_count": 4})
    assert [feature["name"] for feature in document["features"]] == [
        "PredictedClass",
        "FlaggedClass",
        "Confidence",
        "SuspicionPValue",
    ]
    assert document["features"][0] == {
        "name": "PredictedClass",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": 4, "num_missing": 0},
            "distinct_count": 2,
            "distribution": {
                "categorical": {
                    "buckets": [
                        {"value": "0", "count": 1},
                        {"value": "1", "count": 0},
                        {"value": "2", "count": 3},
                    ]
                }
            },
        },
    }
    confidence = document["features"][2]["numerical_statistics"]
    kll = confidence.pop("distribution").pop("kll")
    assert confidence == {
        "common": {"num_present": 4, "num_missing": 0},
        "mean": 0.625,
        "sum": 2.5,
        "std_dev": pytest.approx(np.sqrt(0.078125)),
        "min": 0.25,
        "max": 1.0,
    }
    assert len(kll["buckets"]) == 10
    assert kll["buckets"][0] == {"lower_bound": 0.25, "upper_bound": 0.325, "count": 1}
    assert kll["sketch"] == {
        "parameters": {"c": 0.64, "k": 2048.0},
        "data": [[0.25, 0.5, 0.75, 1.0]],
    }


scores = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(
    lambda values: Scores.of(np.array(values), missing=len(values) % 3)
)


@st.composite
def draw_baseline(draw: st.DrawFn) -> Baseline:
    counts = draw(st.dictionaries(st.integers(0, 42), st.integers(1, 10**9)))
    flagged = draw(st.none() | st.sampled_from([{k: n // 2 + 1 for k, n in counts.items()}]))
    right = draw(st.none() | st.integers(0, sum(counts.values())))
    return Baseline(43, counts, flagged, draw(st.none() | scores), draw(st.none() | scores), right)


@given(draw_baseline())
def test_a_baseline_comes_back_as_it_was_written(baseline: Baseline) -> None:
    assert read_statistics(write_statistics(baseline).encode()) == baseline


def test_a_sketch_of_several_levels_weighs_them() -> None:
    document = statistics()
    kll = document["features"][2]["numerical_statistics"]["distribution"]["kll"]
    kll["sketch"]["data"] = [[0.9], [0.1]]  # level 1 stands for two values each
    confidence = read_statistics(encoded(document)).confidence
    assert confidence is not None and confidence.sample == (0.1, 0.1, 0.9)


def test_features_that_nobody_knows_are_left_alone() -> None:
    document = statistics()
    document["features"].append({"name": "Weather", "inferred_type": "Unknown"})
    assert read_statistics(encoded(document)) == BASELINE


def test_the_accuracy_stands_where_other_readers_do_not_look() -> None:
    assert "signwatch" not in statistics()
    labelled = json.loads(write_statistics(replace(BASELINE, right=3)))
    assert labelled == statistics() | {"signwatch": {"right_predictions": 3}}
    assert read_statistics(encoded(labelled)).accuracy == 0.75
    assert read_statistics(encoded(statistics() | {"signwatch": {"later": 1}})) == BASELINE


def test_statistics_that_do_not_say_what_was_predicted_are_refused() -> None:
    document = statistics()
    del document["features"][0]
    with raises(
        BadInput,
        "statistics.json has no feature PredictedClass; it has Confidence, FlaggedClass, "
        "SuspicionPValue. Create the baseline from predictions",
    ):
        read_statistics(encoded(document))


def change(document: Any, path: list[Any], value: Any) -> bytes:
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return encoded(changed)


BUCKETS = ["features", 0, "string_statistics", "distribution", "categorical", "buckets"]
AT_BUCKET = "statistics.json: features[0]: string_statistics: distribution: categorical: buckets[0]"
NUMBERS = ["features", 2, "numerical_statistics"]
AT_NUMBERS = "statistics.json: features[2]: numerical_statistics"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["version"], 1, "statistics.json must be of version 0, got 1"),
        (["version"], None, "statistics.json must be of version 0, got None"),
        (["features"], {}, "statistics.json: features must be a list, got dict"),
        (["features"], [1], "statistics.json: features must list objects, got int"),
        (["dataset"], None, "statistics.json: dataset must be an object, got nothing"),
        (
            ["dataset", "item_count"],
            5,
            "statistics.json: item_count is 5 and PredictedClass counts 4",
        ),
        ([*BUCKETS, 0, "value"], "Stop", f"{AT_BUCKET}: value must be a class id, got 'Stop'"),
        ([*BUCKETS, 0, "value"], "²", f"{AT_BUCKET}: value must be a class id, got '²'"),
        ([*BUCKETS, 1, "value"], "00", f"{AT_BUCKET[:-3]}[1]: class 0 stands there twice"),
        ([*BUCKETS, 0, "count"], 1.5, f"{AT_BUCKET}: count must be a whole number, got 1.5"),
        (
            [*BUCKETS, 0, "count"],
            -1,
            f"{AT_BUCKET}: count must be a number in [0, 9.0072e+15], got -1",
        ),
        ([*BUCKETS, 0, "count"], True, f"{AT_BUCKET}: count must be a number, got bool"),
        (["signwatch"], 3, "statistics.json: signwatch must be an object, got int"),
        (
            ["signwatch"],
            {"right_predictions": 5},
            "the baseline has 5 predictions that were right, of 4 in all",
        ),
        ([*NUMBERS, "mean"], "high", f"{AT_NUMBERS}: mean must be a number, got str"),
        (
            [*NUMBERS, "distribution", "kll", "buckets"],
            [],
            f"{AT_NUMBERS}: distribution: kll: expected 10 buckets, got 0",
        ),
        (
            [*NUMBERS, "distribution", "kll", "sketch", "data"],
            [],
            f"{AT_NUMBERS}: distribution: kll: sketch holds no value",
        ),
    ],
)
def test_damaged_statistics_are_refused(path: list[Any], value: Any, message: str) -> None:
    with raises(BadInput, message):
        read_statistics(change(statistics(), path, value))


def test_limits_hold_before_anything_is_decoded() -> None:
    with raises(TooLarge, "statistics.json has 5,000,001 bytes; at most 5,000,000 are read"):
        read_statistics(b" " * (MAX_BYTES + 1))
    with raises(BadInput, "statistics.json is nested deeper than 20 levels"):
        read_statistics(b"[" * 1_000_000)
    many = [{"value": "0", "count": 0}] * (MAX_ITEMS + 1)
    with raises(
        TooLarge, f"{AT_BUCKET[:-12]}: buckets lists 10,001 entries; at most 10,000 are read"
    ):
        read_statistics(change(statistics(), BUCKETS, many))
    path = [*NUMBERS, "distribution", "kll", "sketch", "data"]
    with raises(
        TooLarge,
        f"{AT_NUMBERS}: distribution: kll: sketch is no KLL sketch of at most 4096 values",
    ):
        read_statistics(change(statistics(), path, [[0.5] * 5000]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "statistics.json is no JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"version": NaN}', "statistics.json is no JSON: NaN is no JSON number"),
        (b"[]", "statistics.json must be a JSON object, got list"),
    ],
)
def test_what_is_no_json_object_is_refused(content: bytes, message: str) -> None:
    with raises(BadInput, message):
        read_statistics(content)


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.text(max_size=5)
    | (st.lists(st.integers(), max_size=2))
)


@given(st.data())
def test_no_damage_does_more_than_a_clear_error(data: st.DataObject) -> None:
    for document, read in ((statistics(), read_statistics), (constraints(), read_constraints)):
        place: Any = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
                break
            place = inner
        place[key] = data.draw(ODD)
        try:
            read(encoded(document))
        except SignwatchError as error:
            assert str(error)


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


def test_a_feature_may_override_the_configuration() -> None:
    overrides = {"distribution_constraints": {"categorical_comparison_threshold": 0.3}}
    path = ["features", 0, "monitoringConfigOverrides"]
    read = read_constraints(change(constraints(), path, overrides))
    assert read.rules()[-1] == LInfinityRobust(0.3)
    assert read.config.categorical_comparison_threshold == 0.1


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
