"""Records to table rows and back. The order of columns is the schema's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from core.records.captures import Capture, Payload, Provenance, StoredImage, Suspicion
from core.records.verdicts import Decision, Verdict
from core.records.window import now

T = TypeVar("T")
TIMESTAMP = pa.timestamp("us")
CAPTURES = pa.schema(
    [
        ("capture_id", pa.string()),
        ("event_id", pa.string()),
        ("position", pa.int32()),
        ("endpoint", pa.string()),
        ("variant", pa.string()),
        ("inferred_at", TIMESTAMP),
        ("input_content_type", pa.string()),
        ("output_content_type", pa.string()),
        ("inference_id", pa.string()),
        ("custom_attributes", pa.string()),
        ("image_sha256", pa.string()),
        ("class_id", pa.int32()),
        ("confidence", pa.float32()),
        ("probabilities", pa.binary()),
        ("p_value", pa.float64()),
        ("flagged", pa.bool_()),
        ("reasons", pa.string()),
        ("model_sha256", pa.string()),
        ("source", pa.string()),
        ("label", pa.int32()),
        ("attack", pa.string()),
        ("target", pa.int32()),
        ("clean_sha256", pa.string()),
        ("input_data", pa.string()),
        ("input_encoding", pa.string()),
        ("output_data", pa.string()),
        ("output_encoding", pa.string()),
        ("envelope", pa.string()),
    ]
)
IMAGES = pa.schema(
    [
        ("sha256", pa.string()),
        ("media_type", pa.string()),
        ("content", pa.binary()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("added_at", TIMESTAMP),
    ]
)


DECISIONS = pa.schema(
    [
        ("capture_id", pa.string()),
        ("verdict", pa.string()),
        ("right_class", pa.int32()),
        ("note", pa.string()),
        ("analyst", pa.string()),
        ("decided_at", TIMESTAMP),
    ]
)


def naive(moment: datetime) -> datetime:
    """Aware -> UTC without a zone, as the log keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """As the log keeps it -> aware, in UTC."""
    return moment.replace(tzinfo=UTC)


def after_all(table: str, column: str) -> str:
    """SQL of a moment, a parameter: behind what `table` has of the future, as the latest counts.

    There is something of the future where the clock was ahead and is set back.
    """
    ahead = (
        f"SELECT max({column}) + INTERVAL 1 MICROSECOND FROM log.{table} "
        f"WHERE {column} > now() AT TIME ZONE 'UTC'"
    )
    return f"greatest(?, ({ahead}))"


def images_table(images: Sequence[StoredImage]) -> pa.Table:
    """One row for each different content."""
    different = {image.sha256: image for image in images}
    added_at = naive(now())
    return pa.Table.from_pylist(
        [vars(image) | {"added_at": added_at} for image in different.values()], schema=IMAGES
    )


def captures_table(captures: Sequence[Capture]) -> pa.Table:
    """One row a capture, nested records flattened."""
    found = [_capture_row(capture) for capture in captures]
    return pa.Table.from_arrays(
        [column([row[field.name] for row in found], field) for field in CAPTURES], schema=CAPTURES
    )


def column(values: Sequence[Any], field: pa.Field) -> pa.Array:
    """A column of captures as the log keeps it; lists are packed."""
    pack = PACK.get(field.name)
    packed = [None if value is None else pack(value) for value in values] if pack else values
    return pa.array(packed, field.type)


def pack_numbers(values: ArrayLike) -> bytes:
    """Numbers as little-endian float32."""
    return np.asarray(values, "<f4").tobytes()


def pack_words(words: Sequence[str]) -> str:
    """Words as JSON."""
    return json.dumps(list(words), ensure_ascii=False)


# A DuckLake writes the lists of its catalog as text, and loses what text cannot hold.
PACK: dict[str, Callable[[Any], Any]] = {
    "custom_attributes": pack_words,
    "probabilities": pack_numbers,
    "reasons": pack_words,
}


def _capture_row(capture: Capture) -> dict[str, Any]:
    suspicion = capture.suspicion
    given, answered = capture.input, capture.output
    return (
        vars(capture)
        | vars(capture.provenance)
        | {
            "inferred_at": naive(capture.inferred_at),
            "custom_attributes": capture.custom_attributes or None,
            "p_value": suspicion.p_value if suspicion else None,
            "flagged": suspicion.flagged if suspicion else None,
            "reasons": suspicion.reasons if suspicion else None,
            "input_data": given.data if given else None,
            "input_encoding": given.encoding if given else None,
            "output_data": answered.data if answered else None,
            "output_encoding": answered.encoding if answered else None,
        }
    )


def capture(row: tuple[Any, ...]) -> Capture:
    """A row of captures; a figure that cannot be is none."""
    values = dict(zip(CAPTURES.names, row, strict=True))
    flagged, reasons = values["flagged"], _words(values["reasons"])
    return Capture(
        capture_id=str(values["capture_id"]),
        **{name: values[name] for name in CAPTURES.names[1:5]},
        inferred_at=aware(values["inferred_at"]),
        **{name: values[name] for name in CAPTURES.names[6:9]},
        custom_attributes=_words(values["custom_attributes"]),
        image_sha256=values["image_sha256"],
        class_id=_at_least_0(values["class_id"]),
        confidence=_share(values["confidence"]),
        probabilities=_numbers(values["probabilities"]),
        suspicion=None
        if flagged is None
        else Suspicion(_share(values["p_value"]), flagged, reasons),
        model_sha256=values["model_sha256"],
        provenance=Provenance(**{name: values[name] for name in CAPTURES.names[18:23]}),
        input=_payload(values["input_data"], values["input_encoding"]),
        output=_payload(values["output_data"], values["output_encoding"]),
        envelope=values["envelope"],
    )


def read_json(text: str, read: Callable[[Any], T], otherwise: T) -> T:
    """What `read` makes of a JSON text of the log; `otherwise` where it cannot be read."""
    try:
        return read(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return otherwise


def _words(packed: str | None) -> tuple[str, ...]:
    return read_json(packed, tuple, (packed,)) if packed else ()


def _share(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 1 else None


def _at_least_0(value: int | None) -> int | None:
    return value if value is not None and value >= 0 else None


def _numbers(packed: bytes | None) -> NDArray[np.float32] | None:
    if packed is None or len(packed) % 4:
        return None
    numbers: NDArray[np.float32] = np.frombuffer(packed, "<f4")
    return numbers if np.isfinite(numbers).all() else None


def _payload(data: str | None, encoding: str | None) -> Payload | None:
    return None if data is None or encoding is None else Payload(data, encoding)


def decisions_table(decisions: Sequence[Decision]) -> pa.Table:
    """One row a decision."""
    return pa.Table.from_pylist(
        [
            vars(each)
            | {
                "right_class": each.true_class,
                "verdict": each.verdict.value,
                "decided_at": naive(each.decided_at),
            }
            for each in decisions
        ],
        schema=DECISIONS,
    )


def decision(row: tuple[Any, ...]) -> Decision:
    """One row of decisions."""
    capture_id, verdict, true_class, note, analyst, decided_at = row
    return Decision(str(capture_id), Verdict(verdict), true_class, note, analyst, aware(decided_at))
