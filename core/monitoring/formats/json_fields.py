"""Untrusted JSON files: limits before and while they are read, and clear errors."""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeVar

from core.errors import BadInput, TooLarge

MAX_BYTES = 5_000_000
MAX_DEPTH = 20
MAX_ITEMS = 10_000
T = TypeVar("T")
_OUTSIDE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class JsonFile:
    """A JSON object, or part of one; `path` says where it stands, for error messages."""

    def __init__(self, content: dict[str, Any], path: str) -> None:
        self.content = content
        self.path = path

    @staticmethod
    def parse(content: bytes, name: str) -> JsonFile:
        """The object in `content`; raises BadInput or TooLarge. NaN and Infinity are no JSON."""
        if len(content) > MAX_BYTES:
            raise TooLarge(f"{name} has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
        depth = 0
        for token in _OUTSIDE.finditer(content):
            depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
            if depth > MAX_DEPTH:
                raise BadInput(f"{name} is nested deeper than {MAX_DEPTH} levels")
        try:
            document = json.loads(content, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name} is no JSON: {error}") from error
        if not isinstance(document, dict):
            raise BadInput(f"{name} must be a JSON object, got {type(document).__name__}")
        version = document.get("version")
        if type(version) not in (int, float) or version != 0:
            raise BadInput(f"{name} must be of version 0, got {version!r}")
        return JsonFile(document, name)

    def has(self, key: str) -> bool:
        """Whether `key` is there and not null."""
        return self.content.get(key) is not None

    def part(self, key: str) -> JsonFile:
        """The object under `key`."""
        return JsonFile(self._get(key, dict, "an object"), f"{self.path}: {key}")

    def parts(self, key: str) -> list[JsonFile]:
        """The objects in the list under `key`."""
        items = self.items(key)
        for item in items:
            if not isinstance(item, dict):
                raise BadInput(f"{self.path}: {key} must list objects, got {type(item).__name__}")
        return [JsonFile(item, f"{self.path}: {key}[{i}]") for i, item in enumerate(items)]

    def items(self, key: str) -> list[Any]:
        """The list under `key`, of at most MAX_ITEMS."""
        items = self._get(key, list, "a list")
        if len(items) > MAX_ITEMS:
            raise TooLarge(
                f"{self.path}: {key} lists {len(items):,} entries; at most {MAX_ITEMS:,} are read"
            )
        return items

    def text(self, key: str, choices: dict[str, T] | None = None) -> Any:
        """The text under `key`, or what it stands for among `choices`."""
        value = self._get(key, str, "a text")
        if choices is None:
            return value
        if value not in choices:
            raise BadInput(f"{self.path}: {key} must be one of {', '.join(choices)}, got {value!r}")
        return choices[value]

    def flag(self, key: str) -> bool:
        """True or false under `key`."""
        return self._get(key, bool, "true or false")

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """The finite number under `key`, between `low` and `high`."""
        return check_number(self.content.get(key), f"{self.path}: {key}", low, high)

    def count(self, key: str) -> int:
        """The whole number of at least 0 under `key`."""
        return check_count(self.content.get(key), f"{self.path}: {key}")

    def _get(self, key: str, kind: type[T], words: str) -> T:
        value = self.content.get(key)
        if type(value) is not kind:
            came = "nothing" if value is None else type(value).__name__
            raise BadInput(f"{self.path}: {key} must be {words}, got {came}")
        return value


def check_number(value: object, path: str, low: float, high: float) -> float:
    """`value` if it is a finite number between `low` and `high`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        came = "nothing" if value is None else type(value).__name__
        raise BadInput(f"{path} must be a number, got {came}")
    if not low <= value <= high or abs(value) > 1e300:
        raise BadInput(f"{path} must be a number in [{low:g}, {high:g}], got {str(value)[:40]}")
    return float(value)


def check_count(value: object, path: str) -> int:
    """`value` if it is a whole number of at least 0."""
    found = check_number(value, path, 0, 2**53)
    if found != int(found):
        raise BadInput(f"{path} must be a whole number, got {found}")
    return int(found)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")
