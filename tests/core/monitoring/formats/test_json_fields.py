"""Untrusted JSON: limits, and clear errors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, SignwatchError, TooLarge
from core.monitoring.formats.constraints import (
    read_constraints,
)
from core.monitoring.formats.json_fields import MAX_BYTES, MAX_ITEMS
from core.monitoring.formats.statistics import read_statistics
from tests.support.baseline_files import change, constraints, encoded, statistics
from tests.support.expect import raises

BUCKETS = ["features", 0, "string_statistics", "distribution", "categorical", "buckets"]

AT_BUCKET = "statistics.json: features[0]: string_statistics: distribution: categorical: buckets[0]"

NUMBERS = ["features", 2, "numerical_statistics"]

AT_NUMBERS = "statistics.json: features[2]: numerical_statistics"


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
