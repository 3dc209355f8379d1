"""statistics.json: written, read back, refused where damaged."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.monitoring.baseline import Baseline, Observations, Scores
from core.monitoring.formats.statistics import read_statistics, write_statistics
from tests.support.baseline_files import BASELINE, change, encoded, statistics
from tests.support.expect import raises


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


def test_a_large_sketch_is_thinned_from_end_to_end() -> None:
    """2,500 values of weight 1 below 500 of weight 2: ranks 0 to 3,499, of which 2,048 are kept."""
    document = statistics()
    kll = document["features"][2]["numerical_statistics"]["distribution"]["kll"]
    levels = [[n / 10_000 for n in range(2_500)], [0.5 + n / 10_000 for n in range(500)]]
    kll["sketch"]["data"] = levels
    ranked = levels[0] + sorted(2 * levels[1])
    confidence = read_statistics(encoded(document)).confidence
    assert confidence is not None
    assert confidence.sample == tuple(ranked[round(k * 3_499 / 2_047)] for k in range(2_048))
    assert (confidence.sample[0], confidence.sample[-1]) == (0.0, 0.5499)


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


# Observations: what counts frames of one sign once

OBSERVED = Observations(
    ((1, 0, 2, 0), (3, 1, 0, 0)),
    ((1, 0, 1, 0, 0, 0, 1, 0), (3, 1, 0, 0, 0, 0, 0, 0)),
    (0.5, 0.75),
    (2, 0, 3),
)


def with_observations(observations: Observations) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        write_statistics(replace(BASELINE, observations=observations, endpoint="cars"))
    )
    return document


def test_observations_stand_beside_what_other_readers_know() -> None:
    document = with_observations(OBSERVED)
    assert document["signwatch"] == {
        "endpoint": "cars",
        "observations": {
            "by_class": [[1, 0, 2, 0], [3, 1, 0, 0]],
            "by_flag": [[1, 0, 1, 0, 0, 0, 1, 0], [3, 1, 0, 0, 0, 0, 0, 0]],
            "edges": [0.5, 0.75],
            "confidence": [2, 0, 3],
        },
    }
    del document["signwatch"]
    assert document == statistics()
    again = read_statistics(encoded(with_observations(OBSERVED)))
    assert (again.observations, again.endpoint) == (OBSERVED, "cars")
    by_look = with_observations(replace(OBSERVED, by_look=True))
    assert by_look["signwatch"]["observations"]["by_look"] is True
    assert read_statistics(encoded(by_look)).observations == replace(OBSERVED, by_look=True)
    plain = Observations(((4, 0, 0, 0),))
    assert read_statistics(encoded(with_observations(plain))).observations == plain


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("by_class", [], "by_class must have as many rows as divide a day of 24 hours, got 0"),
        (
            "by_class",
            [[1, 0, 0, 0]] * 5,
            "by_class must have as many rows as divide a day of 24 hours, got 5",
        ),
        ("by_class", [[1, 0, 0]], "by_class must have rows of 4 counts"),
        ("by_class", [7], "by_class must have rows of 4 counts"),
        ("by_class", [[1, 0, -1, 0]], "by_class must be a number in [0, 9.0072e+15], got -1"),
        ("by_class", [[1, 0, 0.5, 0]], "by_class must be a whole number, got 0.5"),
        ("by_class", [[0, 0, 0, 0]], "by_class has a row without an observation"),
        ("by_flag", [[1, 0, 0, 0]], "by_flag must have rows of 8 counts"),
        ("edges", [0.5, 0.5], "edges must rise"),
        ("edges", [0.5, 1.5], "edges must be a number in [0, 1], got 1.5"),
        ("confidence", [1, 2], "confidence must have rows of 3 counts"),
    ],
)
def test_damaged_observations_are_refused(name: str, value: Any, problem: str) -> None:
    document = with_observations(OBSERVED)
    document["signwatch"]["observations"][name] = value
    with raises(BadInput, f"statistics.json: signwatch: observations: {problem}"):
        read_statistics(encoded(document))


def test_an_endpoint_has_a_name() -> None:
    document = with_observations(OBSERVED)
    document["signwatch"]["endpoint"] = "no name/"
    with pytest.raises(BadInput, match="endpoint"):
        read_statistics(encoded(document))
