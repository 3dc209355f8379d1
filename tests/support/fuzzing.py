"""Damage to valid documents: what fuzz tests are made of."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

HUGE = 10**400
ODD = [
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff\ud800",
    "\u2028",
    "é😀",
    "x" * 3000,
    "NaN",
    "1e400",
    "-1",
    "9" * 5000,
    "[[14]]",
    "[[",
    "14\n2",
    "aGk=",
    "%%%",
    "k05VTVBZ",
    "../..",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "2022-02-14T17:25:49.123456789+05:30",
    "2022-W07-1",
    "CSV",
    "BASE64",
    "application/json",
    "a=b;c=d;label=" + "9" * 5000,
    "null",
]
ODD_TEXTS = st.sampled_from(ODD)
ODD_VALUES = st.one_of(
    ODD_TEXTS,
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.sampled_from([HUGE, -HUGE, 2**63, 2**31, [], {}, [[]], [None], {"": None}]).map(
        copy.deepcopy
    ),  # what is drawn may be damaged further
    st.integers(100, 3000).map(lambda depth: nested(depth)),
)


def nested(depth: int) -> Any:
    """`depth` lists inside each other."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    found = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            found.append((value, key))
            if isinstance(value[key], dict | list):
                waiting.append(value[key])
    return found


@st.composite
def damaged_json(draw: st.DrawFn, documents: st.SearchStrategy[Any]) -> bytes:
    """A document with up to three values replaced, removed, added, or nothing wrong at all."""
    document = json.loads(json.dumps(draw(documents)))
    for _ in range(draw(st.integers(0, 3))):
        found = places(document)
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        kind = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if kind == "remove":
            del container[key]
        elif kind == "add" and isinstance(container, dict):
            container[draw(ODD_TEXTS)] = draw(ODD_VALUES)
        else:
            container[key] = draw(ODD_VALUES)
    return _dumped(document)


@st.composite
def damaged_bytes(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a stretch replaced, removed, doubled or cut off."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        length = draw(st.integers(0, 8))
        kind = draw(st.sampled_from(["replace", "remove", "double", "cut"]))
        if kind == "cut":
            del content[start:]
        elif kind == "double":
            content[start:start] = content[start : start + 16 * length]
        else:
            other = draw(st.binary(max_size=8)) if kind == "replace" else b""
            content[start : start + length] = other
    return bytes(content)


def _dumped(document: Any) -> bytes:
    try:
        return json.dumps(document).encode()
    except RecursionError:
        return b"[" * 3000 + b"]" * 3000
