"""What the calls of `boto3.client("sagemaker")` have in common: fields, times, lists in parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.errors import BadInput

ARN = "arn:aws:sagemaker:local:000000000000:"
MONITORING_TYPE = "ModelQuality"
MOST = 100  # entries in one answer
MAX_TOKEN = 10**9
Document = dict[str, Any]
Entry = TypeVar("Entry")


def text(document: Document, name: str) -> str:
    """A field that has to be there; raises BadInput."""
    value = document.get(name)
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a string, got {value!r}")
    return value


def optional_text(document: Document, name: str) -> str | None:
    """A field that may be missing; raises BadInput."""
    return None if document.get(name) is None else text(document, name)


def nested(document: Document, name: str) -> Document:
    """A structure, empty where it is missing; raises BadInput."""
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be an object, got {value!r}")
    return value


def limits(document: Document, end: str, names: dict[str, str]) -> dict[str, datetime]:
    """Of {field: name}, the times that fields like CreationTimeAfter set. end: After or Before."""
    given = {name: document.get(f"{field}{end}") for field, name in names.items()}
    return {name: _moment(value) for name, value in given.items() if value is not None}


def rising(document: Document) -> bool:
    """Whether the list is to begin with the smallest; by default it does not."""
    return _choice(document, "SortOrder", {"Descending": "", "Ascending": "rising"}) != ""


def order(document: Document, known: dict[str, str]) -> str:
    """What the list is to be sorted by, of {SortBy: name}; by default the first."""
    return _choice(document, "SortBy", known)


def part(
    document: Document,
    field: str,
    read: Callable[[int, int], Sequence[Entry]],
    show: Callable[[Entry], Document],
) -> Document:
    """One part of a list under `field`, and where the next one begins.

    read: (limit, skip) -> entries.
    """
    most = document.get("MaxResults", MOST)
    if type(most) is not int or not 1 <= most <= MOST:
        raise BadInput(f"MaxResults must lie in 1..{MOST}, got {most!r}")
    token = optional_text(document, "NextToken") or "0"
    if not re.fullmatch(r"[0-9]{1,10}", token) or int(token) > MAX_TOKEN:
        raise BadInput(f"NextToken must be one of an earlier answer, got {token!r}")
    found = read(most + 1, int(token))
    answer: Document = {field: [show(entry) for entry in found[:most]]}
    return answer | ({"NextToken": str(int(token) + most)} if len(found) > most else {})


def _choice(document: Document, name: str, known: dict[str, str]) -> str:
    value = document.get(name, next(iter(known)))
    if not isinstance(value, str) or value not in known:
        raise BadInput(f"{name} must be one of {', '.join(known)}, got {value!r}")
    return known[value]


def _moment(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(float(value), UTC)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadInput(f"expected a time in seconds since 1970, got {value!r}") from None
