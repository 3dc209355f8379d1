"""Lines of SageMaker's capture files, to be imported, and the strategies that draw them."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2022, 2, 14, 17, tzinfo=UTC)
FILE = "DEMO-endpoint/AllTraffic/2022/02/14/17/25-49-001-uuid.jsonl"


def event_id(number: int) -> str:
    """A text that looks like the ids of SageMaker."""
    return f"{number:08x}-5a17-4a57-9e3a-{number:012x}"


def side(data: str, encoding: str = "JSON", content_type: str | None = "application/json") -> dict:
    """One side of a request, without its mode."""
    given = {} if content_type is None else {"observedContentType": content_type}
    return given | {"data": data, "encoding": encoding}


def record(
    number: int = 0,
    *,
    given: dict | None = None,
    answered: dict | None = None,
    output_name: str = "endpointOutput",
    at: str | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """A captured request, one a second after START."""
    moment = START + timedelta(seconds=number % 3600)
    sides = {}
    if given is not None:
        sides["endpointInput"] = {"mode": "INPUT"} | given
    if answered is not None:
        sides[output_name] = {"mode": "OUTPUT"} | answered
    event = {"eventId": event_id(number), "inferenceTime": at or f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    return {"captureData": sides, "eventMetadata": event | metadata, "eventVersion": "0"}


def predicted(number: int, class_id: int) -> dict[str, Any]:
    """A record that holds a prediction alone, as the blog's endpoint answers."""
    return record(number, answered=side(f"[[{class_id}]]"))


def ground_truth(number: int, data: str = "14", encoding: str = "CSV") -> dict[str, Any]:
    """What was true of request `number`."""
    return {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": event_id(number)},
        "eventVersion": "0",
    }


def base64_side(content: bytes, content_type: str | None = "application/x-image") -> dict:
    """A binary payload."""
    return side(base64.b64encode(content).decode(), "BASE64", content_type)


def write_lines(root: Path, path: str, records: Sequence[dict[str, Any] | bytes]) -> Path:
    """A capture file under `root`, of records or lines as they are."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in records]
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file


def read_tree(root: Path) -> list[dict[str, Any]]:
    """Every record under `root`, in an order of its own."""
    lines = [line for file in root.rglob("*.jsonl") for line in file.read_bytes().splitlines()]
    return sorted(
        (json.loads(line) for line in lines), key=lambda each: json.dumps(each, sort_keys=True)
    )
