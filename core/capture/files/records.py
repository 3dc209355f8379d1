"""Captures -> the record of a capture file, equal to the one that they were imported from.

Most records are as the documentation has them and are written anew from a capture's fields. What
another one says beyond that is its envelope: the record without what the fields tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.capture.files.inputs import standard_content_type, standard_input
from core.capture.files.lines import INPUT, OUTPUT, Side, output_key, standard_time
from core.capture.files.outputs import standard_output
from core.invocations import JSON
from core.records.capture_files import GroundTruthRow
from core.records.captures import Capture, StoredImage

VERSION = "0"


def capture_record(
    captures: Sequence[Capture], images: Mapping[str, StoredImage]
) -> dict[str, Any]:
    """The record of one request, as a line of a capture file.

    Parameters
    ----------
    captures
        All images of the request, by position.
    images
        Their files, by SHA-256; without its image, a request has its output alone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> at = datetime(2022, 2, 14, 17, 25, 49, tzinfo=UTC)
    >>> capture = Capture("c-1", "e-1", 0, "signwatch", "AllTraffic", at, class_id=14)
    >>> record = capture_record([capture], {})
    >>> record["captureData"]["endpointOutput"]["data"]
    '[[14]]'
    >>> record["eventMetadata"]
    {'eventId': 'e-1', 'inferenceTime': '2022-02-14T17:25:49Z'}
    """
    first = captures[0]
    rebuilt = standard_record(
        first.event_id,
        standard_time(first.inferred_at),
        first.custom_attributes,
        first.inference_id,
        _input(captures, images),
        _output(captures),
    )
    return rebuilt if first.envelope is None else _restore(json.loads(first.envelope), rebuilt)


def standard_record(
    event_id: str,
    time: str,
    custom_attributes: Sequence[str],
    inference_id: str | None,
    given: Side | None,
    answered: Side | None,
) -> dict[str, Any]:
    """A record as the documentation has it."""
    metadata: dict[str, Any] = {"eventId": event_id, "inferenceTime": time}
    if custom_attributes:
        metadata["customAttributes"] = list(custom_attributes)
    if inference_id:
        metadata["inferenceId"] = inference_id
    data = {}
    if given is not None:
        data[INPUT] = _side_record(given, "INPUT")
    if answered is not None:
        data[OUTPUT] = _side_record(answered, "OUTPUT")
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": VERSION}


def envelope_of(record: dict[str, Any], standard: dict[str, Any]) -> str | None:
    """What `record` says beyond the payloads, event id and time; None where it is `standard`."""
    if record == standard:
        return None
    data, metadata = dict(record["captureData"]), dict(record["eventMetadata"])
    for key in (INPUT, output_key(data)):
        if data.get(key):
            data[key] = _without(data[key], "data")
    metadata.pop("eventId")
    if metadata["inferenceTime"] == standard["eventMetadata"]["inferenceTime"]:
        metadata.pop("inferenceTime")
    return json.dumps(record | {"captureData": data, "eventMetadata": metadata})


def ground_truth_record(row: GroundTruthRow) -> dict[str, Any]:
    """The record of one line of ground truth."""
    if row.envelope is None:
        return standard_ground_truth(row.reference, row.data, row.encoding)
    record: dict[str, Any] = json.loads(row.envelope)
    record["groundTruthData"]["data"] = row.data
    return record


def standard_ground_truth(reference: str, data: str, encoding: str) -> dict[str, Any]:
    """A record of ground truth as the documentation has it."""
    return {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": reference},
        "eventVersion": VERSION,
    }


def ground_truth_envelope(record: dict[str, Any], standard: dict[str, Any]) -> str | None:
    """What `record` says beyond its payload; None where it is `standard`."""
    if record == standard:
        return None
    return json.dumps(record | {"groundTruthData": _without(record["groundTruthData"], "data")})


def _without(side: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in side.items() if key != name}


def _restore(record: dict[str, Any], rebuilt: dict[str, Any]) -> dict[str, Any]:
    data = record["captureData"]
    for kind, key in ((INPUT, INPUT), (OUTPUT, output_key(data))):
        side = rebuilt["captureData"].get(kind)
        if side is not None:
            data[key] = data.get(key) or {}
            data[key]["data"] = side["data"]
        elif data.get(key):
            del data[key]  # its image is no longer in the log
    record["eventMetadata"] = rebuilt["eventMetadata"] | record["eventMetadata"]
    return record


def _side_record(side: Side, mode: str) -> dict[str, Any]:
    record = {"mode": mode, "data": side.data, "encoding": side.encoding}
    if side.content_type is None:
        return record
    return {"observedContentType": side.content_type} | record


def _input(captures: Sequence[Capture], images: Mapping[str, StoredImage]) -> Side | None:
    first = captures[0]
    if first.input is not None:
        return Side(first.input_content_type, first.input.data, first.input.encoding)
    names = [capture.image_sha256 or "" for capture in captures]
    shown = [images[name] for name in names if name in images]
    if len(shown) < len(captures):
        return None
    return Side(standard_content_type(shown, first.input_content_type), *standard_input(shown))


def _output(captures: Sequence[Capture]) -> Side | None:
    first = captures[0]
    if first.output is not None:
        return Side(first.output_content_type, first.output.data, first.output.encoding)
    if any(capture.class_id is None for capture in captures):
        return None
    return Side(JSON, standard_output([capture.class_id for capture in captures]), "JSON")
