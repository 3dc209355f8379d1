"""One line of a capture file: JSON text -> its parts, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from core.capture.files.paths import FIRST_YEAR, LAST_YEAR
from core.errors import BadInput

INPUT, OUTPUT, BATCH_OUTPUT = "endpointInput", "endpointOutput", "batchTransformOutput"
ENCODINGS = ("CSV", "JSON", "BASE64")
MAX_ID = 1000


class Moment(NamedTuple):
    """A time as a line has it. naive: in UTC without a zone; standard: whole seconds, Z."""

    aware: datetime
    naive: datetime
    standard: bool


class Side(NamedTuple):
    """What a line says of one side of a request."""

    content_type: str | None
    data: str
    encoding: str


@dataclass(frozen=True, slots=True)
class CaptureLine:
    """A captured request. Either side may be missing, not both."""

    event_id: str
    moment: Moment
    inference_id: str | None
    custom_attributes: tuple[str, ...]
    input: Side | None
    output: Side | None


@dataclass(frozen=True, slots=True)
class GroundTruthLine:
    """What was true of a request. reference: its inference id where there is one, else its event
    id.
    """

    reference: str
    data: str
    encoding: str


def capture_line(record: dict[str, Any]) -> CaptureLine:
    """The parts of a captured request.

    Parameters
    ----------
    record
        A line of a capture file, decoded.

    Raises
    ------
    BadInput
        The message names the part that cannot be read.

    Examples
    --------
    >>> from core.capture.files.documents import decode
    >>> line = capture_line(decode(
    ...     b'{"captureData": {"endpointOutput": {"observedContentType": "application/json",'
    ...     b' "mode": "OUTPUT", "data": "[[14]]", "encoding": "JSON"}},'
    ...     b' "eventMetadata": {"eventId": "e-1", "inferenceTime": "2022-02-14T17:25:49Z"},'
    ...     b' "eventVersion": "0"}'
    ... ))
    >>> line.event_id, line.moment.aware.year, line.output.data
    ('e-1', 2022, '[[14]]')
    """
    data, metadata = _part(record, "captureData"), _part(record, "eventMetadata")
    given, answered = _side(data, INPUT), _side(data, output_key(data))
    if given is None and answered is None:
        raise BadInput(f"captureData holds neither {INPUT} nor {OUTPUT} nor {BATCH_OUTPUT}")
    attributes = metadata.get("customAttributes") or ()
    if attributes and not (
        isinstance(attributes, list) and all(isinstance(text, str) for text in attributes)
    ):
        raise BadInput("eventMetadata.customAttributes must be a list of texts")
    return CaptureLine(
        _identifier(metadata, "eventId"),
        moment_of(record),
        _identifier(metadata, "inferenceId") if metadata.get("inferenceId") else None,
        tuple(attributes),
        given,
        answered,
    )


def ground_truth_line(record: dict[str, Any]) -> GroundTruthLine:
    """The parts of a line of ground truth; BadInput says which one cannot be read."""
    metadata = _part(record, "eventMetadata")
    name = "inferenceId" if metadata.get("inferenceId") else "eventId"
    side = _side(record, "groundTruthData")
    if side is None:
        raise BadInput("groundTruthData must be an object, got None")
    return GroundTruthLine(_identifier(metadata, name), side.data, side.encoding)


def moment_of(record: dict[str, Any]) -> Moment:
    """The time of a captured request; BadInput if the line tells none."""
    metadata = record.get("eventMetadata")
    text = metadata.get("inferenceTime") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise BadInput(f"eventMetadata.inferenceTime must be a time, got {_shown(text)}")
    return _moment(text)


def output_key(data: dict[str, Any]) -> str:
    """Under which name a request's output stands."""
    return BATCH_OUTPUT if data.get(OUTPUT) is None and data.get(BATCH_OUTPUT) else OUTPUT


@lru_cache(maxsize=65_536)
def _moment(text: str) -> Moment:
    try:
        moment = datetime.fromisoformat(text)
        aware = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(
            f"inferenceTime must be a time like 2022-02-14T17:25:49Z, got {_shown(text)}"
        ) from None
    if not FIRST_YEAR <= aware.year <= LAST_YEAR:
        raise BadInput(
            f"inferenceTime must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got {_shown(text)}"
        )
    naive = aware.replace(tzinfo=None)
    return Moment(aware, naive, standard_time(naive) == text)


def standard_time(moment: datetime) -> str:
    """A time in UTC as capture files have it: `2022-02-14T17:25:49Z`."""
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _part(record: dict[str, Any], name: str) -> dict[str, Any]:
    part = record.get(name)
    if not isinstance(part, dict):
        raise BadInput(f"{name} must be an object, got {_shown(part)}")
    return part


def _side(data: dict[str, Any], name: str) -> Side | None:
    side = data.get(name)
    if side is None:
        return None
    if not isinstance(side, dict):
        raise BadInput(f"{name} must be an object, got {_shown(side)}")
    content_type, text, encoding = (
        side.get("observedContentType"),
        side.get("data"),
        side.get("encoding"),
    )
    if not isinstance(text, str):
        raise BadInput(f"{name}.data must be a text, got {_shown(text)}")
    if encoding not in ENCODINGS:
        raise BadInput(
            f"{name}.encoding must be one of {', '.join(ENCODINGS)}, got {_shown(encoding)}"
        )
    if content_type is not None and not isinstance(content_type, str):
        raise BadInput(f"{name}.observedContentType must be a text, got {_shown(content_type)}")
    return Side(content_type, text, encoding)


def _identifier(metadata: dict[str, Any], name: str) -> str:
    value = metadata.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise BadInput(
            f"eventMetadata.{name} must be a text of 1 to {MAX_ID:,} characters, "
            f"got {_shown(value)}"
        )
    return value


def _shown(value: object) -> str:
    return type(value).__name__ if isinstance(value, dict | list) else repr(value)[:80]
