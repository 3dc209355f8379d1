"""JSON bodies: what is JSON, and what a field takes."""

import json

import pytest

from core.endpoint.json_body import (
    LIST,
    NAME,
    NUMBER,
    PERCENTAGE,
    SWITCH,
    TIME,
    WHOLE,
    Fields,
    Kind,
    parse,
)
from core.errors import BadInput
from tests.support.expect import raises
from tests.support.fuzzing import nested

MOMENT = "expected a time like 2026-02-14T17:00:00Z, got "


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (NAME, ["", "cars"]),
        (TIME, ["now"]),
        (NUMBER, [0, -1.5, 10**400]),
        (WHOLE, [0, 2**63 - 1, -(2**63) + 1]),
        (SWITCH, [True, False]),
        (LIST, [[], [1]]),
        (NAME.or_null(), [None, "a"]),
    ],
)
def test_what_a_field_takes(kind: Kind, values: list[object]) -> None:
    for value in values:
        assert Fields({"a": kind}).read(json.dumps({"a": value}).encode()) == {"a": value}


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (NAME, 7, "a must be a name, got 7"),
        (NAME, True, "a must be a name, got True"),
        (NAME, float("nan"), "a must be a name, got nan"),
        (NAME, None, "a must be a name, got None"),
        (TIME, 7, f"{MOMENT}7"),
        (NUMBER, True, "a must be a number, got True"),
        (NUMBER, "1", "a must be a number, got '1'"),
        (PERCENTAGE, None, "a must be a number in 0..100, got None"),
        (WHOLE, 1.0, "a must be a whole number, got 1.0"),
        (WHOLE, 2**63, f"a must be a whole number, got {2**63}"),
        (WHOLE, 10**400, f"a must be a whole number, got 1{'0' * 99}"),
        (SWITCH, 1, "a must be true or false, got 1"),
        (LIST, {}, "a must be a list, got {}"),
        (NAME.or_null(), [], "a must be a name, got []"),
    ],
)
def test_what_a_field_does_not_take(kind: Kind, value: object, message: str) -> None:
    with raises(BadInput, message):
        Fields({"a": kind}).read(json.dumps({"a": value}).encode())


def test_others_are_refused_or_left_out_of_account() -> None:
    closed = Fields({"a": NAME, "b": NAME})
    assert closed.read(b"") == {}
    with raises(BadInput, "unknown option 'c'; known: a, b"):
        closed.read(b'{"d": 1, "c": 1}')
    assert Fields({"a": NAME}, open=True).read(b'{"c": 1}') == {"c": 1}
    assert closed.schema() == {
        "type": "object",
        "properties": {"a": dict(NAME.schema), "b": dict(NAME.schema)},
        "additionalProperties": False,
    }
    assert NAME.or_null().schema["type"] == ["string", "null"]


@pytest.mark.parametrize(
    "document", [{"a": "\0"}, {"\0": 1}, {"a": [{"b": ["x\0"]}]}], ids=["value", "key", "inner"]
)
def test_a_text_with_a_zero_is_refused(document: object) -> None:
    with pytest.raises(BadInput, match=r"^texts must not contain U\+0000, got '"):
        parse(json.dumps(document).encode())


def test_nesting_has_an_end() -> None:
    assert parse(json.dumps({"a": nested(62)}).encode())
    for depth in (63, 500):
        with raises(BadInput, "the body is nested deeper than 64 levels"):
            parse(json.dumps({"a": nested(depth)}).encode())
    with pytest.raises(BadInput, match="the body is no JSON: maximum recursion depth exceeded"):
        parse(b"[" * 100_000)
