"""How pages read and write what their addresses carry.

An address comes from anywhere. What cannot be read in it is left out with a message, and the rest
counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import BadInput

COMPACT = "%Y%m%dT%H%M%S.%fZ"
FIRST_YEAR, LAST_YEAR = 1900, 9000
Readers = Mapping[str, Callable[[str], Any]]


def read(address: Mapping[str, str], readers: Readers) -> tuple[dict[str, Any], list[str]]:
    """The values of the parameters that are there, and what of them could not be read."""
    values: dict[str, Any] = {}
    problems = []
    for name, read_value in readers.items():
        if given := address.get(name, "").strip():
            try:
                values[name] = read_value(given)
            except BadInput as error:
                problems.append(f"`{name}` in the address {error}; it is left out")
    return values, problems


def written(value: Any) -> str:
    """A value as `read` reads it back."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(COMPACT)
    return ",".join(value) if isinstance(value, tuple) else str(value)


def text(given: str) -> str:
    """Anything."""
    return given


def one_of(*known: str) -> Callable[[str], str]:
    """One of these words."""

    def read_word(given: str) -> str:
        if given not in known:
            raise BadInput(f"must be one of {', '.join(known)}, got `{given}`")
        return given

    return read_word


def number(low: int, high: int) -> Callable[[str], int]:
    """A whole number, both ends included."""

    def read_number(given: str) -> int:
        readable = given.isascii() and given.isdecimal() and len(given) <= 9
        if not readable or not low <= int(given) <= high:
            raise BadInput(f"must be a whole number in {low}..{high:,}, got `{given}`")
        return int(given)

    return read_number


def time(given: str) -> datetime:
    """A time in UTC, unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(given)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"must be a time like 2026-02-14T17:00:00Z, got `{given}`") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadInput(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got `{given}`")
    return moment


def capture_id(given: str) -> str:
    """The id of a capture."""
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise BadInput(f"must be capture ids, got `{given}`") from None
