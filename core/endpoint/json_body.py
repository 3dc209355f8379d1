"""JSON bodies: parsed strictly, and checked against the fields that a route declares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import BadInput

MOST_LEVELS = 64
MOST_BITS = 63  # of whole numbers that the log can hold
Document = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What the value of a field may be.

    Attributes
    ----------
    words
        As an error names it: `a number`.
    types
        Of Python; true and false are no numbers.
    schema
        As OpenAPI names it.
    problem
        The error for another value.
    """

    words: str
    types: tuple[type, ...]
    schema: Mapping[str, Any]
    problem: str = "{name} must be {words}, got {value!r:.100}"

    def check(self, name: str, value: object) -> None:
        """Raise BadInput unless `value` is of this kind."""
        if type(value) not in self.types or not self._fits(value):
            raise BadInput(self.problem.format(name=name, words=self.words, value=value))

    def _fits(self, value: object) -> bool:
        return float in self.types or type(value) is not int or value.bit_length() <= MOST_BITS

    def or_null(self) -> Kind:
        """The same, or null."""
        kind = self.schema["type"]
        types = (*self.types, type(None))
        return replace(self, types=types, schema={**self.schema, "type": [kind, "null"]})


TEXT = Kind("a string", (str,), {"type": "string"})
NAME = Kind("a name", (str,), {"type": "string", "maxLength": 63})
TIME = Kind(
    "a time",
    (str,),
    {"type": "string", "format": "date-time"},
    "expected a time like 2026-02-14T17:00:00Z, got {value!r:.100}",
)
NUMBER = Kind("a number", (int, float), {"type": "number"})
PERCENTAGE = replace(
    NUMBER, words="a number in 0..100", schema={"type": "number", "minimum": 0, "maximum": 100}
)
WHOLE = Kind("a whole number", (int,), {"type": "integer"})
SWITCH = Kind("true or false", (bool,), {"type": "boolean"})
LIST = Kind("a list", (list,), {"type": "array", "items": {}})
OBJECT = Kind("an object", (dict,), {"type": "object"})


@dataclass(frozen=True)
class Fields:
    """The fields of a JSON object, all of them optional.

    Attributes
    ----------
    kinds
        By name.
    open
        Whether it may have others, which are left out of account.
    """

    kinds: Mapping[str, Kind]
    open: bool = False

    def read(self, body: bytes) -> Document:
        """The object in a body, empty where the body is; raises BadInput."""
        document = parse(body)
        unknown = [] if self.open else sorted(document.keys() - self.kinds.keys())
        if unknown:
            raise BadInput(f"unknown option {unknown[0]!r:.100}; known: {', '.join(self.kinds)}")
        for name, value in document.items():
            if name in self.kinds:
                self.kinds[name].check(name, value)
        return document

    def schema(self) -> Document:
        """As OpenAPI has it."""
        properties = {name: dict(kind.schema) for name, kind in self.kinds.items()}
        return {"type": "object", "properties": properties, "additionalProperties": self.open}


def parse(body: bytes) -> Document:
    """The JSON object that a body holds; an empty body is an empty one. Raises BadInput.

    Texts that are no Unicode are refused: neither the log nor an answer can hold half of a
    surrogate pair, which Python's parser lets through. So is U+0000, which PostgreSQL has no room
    for, and what is nested deeper than MOST_LEVELS.
    """
    try:
        document = json.loads(body or b"{}")
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"expected a JSON object, got {type(document).__name__}")
    _check(document)
    return document


def _check(document: Document) -> None:
    level: list[Any] = [document]
    for _ in range(MOST_LEVELS):
        following: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                following += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                following += value
            elif isinstance(value, str) and "\0" in value:
                raise BadInput(f"texts must not contain U+0000, got {value!r:.100}")
        if not following:
            return
        level = following
    raise BadInput(f"the body is nested deeper than {MOST_LEVELS} levels")
