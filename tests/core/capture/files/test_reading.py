"""Lines of capture files: read, or kept with the reason why not."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.capture.files import segments, tree
from core.capture.files.reading import Reading
from core.capture.files.segments import Segment
from core.invocations import RequestLimits
from core.records.capture_files import LineCounts
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import (
    FILE,
    base64_side,
    ground_truth,
    predicted,
    record,
    side,
    write_lines,
)
from tests.support.images import blocks
from tests.support.npy import npy

HOUR = datetime(2022, 2, 14, 17)


TRUTH = "2022/02/14/17/truth.jsonl"


STOP = side("[[14]]")


EVENT = {"eventId": "e", "inferenceTime": "2022-02-14T17:25:49Z"}


def counts(**given: int) -> LineCounts:
    return LineCounts(lines=sum(given.values()), **given)


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def captured(**changes: Any) -> bytes:
    return dumps(record(answered=STOP) | {"eventMetadata": EVENT} | changes)


def with_output(**changes: Any) -> bytes:
    return captured(captureData={"endpointOutput": STOP | changes})


def with_event(**changes: Any) -> bytes:
    return captured(eventMetadata=EVENT | changes)


NO_TIME = "eventMetadata.inferenceTime must be a time, got "


BAD_TIME = "inferenceTime must be a time like 2022-02-14T17:25:49Z, got "


YEARS = "inferenceTime must lie in the years 1970 to 2199, got "


ID = "must be a text of 1 to 1,000 characters, got "


BAD_LINES = [
    (b"{", "no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    (b"\xff\xfe", "no UTF-8: byte 0xff at position 0"),
    (b"\0", "no JSON: Expecting value: line 1 column 1 (char 0)"),
    (b'{"a": "\0"}', "no JSON: Invalid control character at: line 1 column 8 (char 7)"),
    (b"[]", "expected a JSON object, got list"),
    (b"null", "expected a JSON object, got NoneType"),
    (b"[" * 100_000, "JSON that is nested too deeply"),
    (b'{"a":' * 100_000, "JSON that is nested too deeply"),
    (b'{"a": NaN}', "no JSON: NaN is no number of JSON"),
    (b'{"a": -Infinity}', "no JSON: -Infinity is no number of JSON"),
    (b'{"a": 1e400}', "no JSON: the number 1e400 is too large"),
    (b'{"a": ' + b"9" * 5000 + b"}", "no JSON: an integer of 5,000 digits is too large"),
    (b'{"a": "\\ud800"}', "half of a surrogate pair, which is no text"),
    (b"{}", "captureData must be an object, got None"),
    (captured(captureData=[]), "captureData must be an object, got list"),
    (
        captured(captureData={}),
        "captureData holds neither endpointInput nor endpointOutput nor batchTransformOutput",
    ),
    (captured(captureData={"endpointOutput": 7}), "endpointOutput must be an object, got 7"),
    (captured(captureData={"endpointInput": "x"}), "endpointInput must be an object, got 'x'"),
    (with_output(data=14), "endpointOutput.data must be a text, got 14"),
    (
        with_output(encoding="XML"),
        "endpointOutput.encoding must be one of CSV, JSON, BASE64, got 'XML'",
    ),
    (
        with_output(encoding=["CSV"]),
        "endpointOutput.encoding must be one of CSV, JSON, BASE64, got list",
    ),
    (
        with_output(observedContentType=7),
        "endpointOutput.observedContentType must be a text, got 7",
    ),
    (with_output(data="cat"), "expected a class, a whole number of 0 to 2,147,483,647, got 'cat'"),
    (captured(eventMetadata=None), "eventMetadata must be an object, got None"),
    (with_event(eventId=7), f"eventMetadata.eventId {ID}7"),
    (with_event(eventId=""), f"eventMetadata.eventId {ID}''"),
    (with_event(inferenceId="x" * 1001), f"eventMetadata.inferenceId {ID}'{'x' * 79}"),
    (with_event(customAttributes="a=b"), "eventMetadata.customAttributes must be a list of texts"),
    (with_event(customAttributes=[1]), "eventMetadata.customAttributes must be a list of texts"),
    (with_event(inferenceTime=None), f"{NO_TIME}None"),
    (with_event(inferenceTime=1644859549), f"{NO_TIME}1644859549"),
    (with_event(inferenceTime="yesterday"), f"{BAD_TIME}'yesterday'"),
    (
        with_event(inferenceTime="0001-01-01T00:00:00+10:00"),
        f"{BAD_TIME}'0001-01-01T00:00:00+10:00'",
    ),
    (with_event(inferenceTime="9999-12-31T23:59:59Z"), f"{YEARS}'9999-12-31T23:59:59Z'"),
    (with_event(inferenceTime="1969-12-31T23:59:59Z"), f"{YEARS}'1969-12-31T23:59:59Z'"),
]


BAD_TRUTHS = [
    (dumps({"groundTruthData": None}), "eventMetadata must be an object, got None"),
    (
        dumps(ground_truth(0) | {"groundTruthData": None}),
        "groundTruthData must be an object, got None",
    ),
    (
        dumps(ground_truth(0, "cat")),
        "expected a class, a whole number of 0 to 2,147,483,647, got 'cat'",
    ),
    (dumps(ground_truth(0) | {"eventMetadata": {}}), f"eventMetadata.eventId {ID}None"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_line_that_cannot_be_read_has_its_reason(
    files: Files, tmp_path: Path, line: bytes, reason: str
) -> None:
    write_lines(tmp_path, FILE, [predicted(0, 14), line, predicted(1, 14)])
    report = files.read(tmp_path)
    assert report.counts == counts(stored=2, unreadable=1)
    assert report.problems == [f"{FILE}:2: {reason}"]
    ((number, endpoint, at, labelled, content),) = files.unreadable()
    assert (number, endpoint, labelled) == (2, "DEMO-endpoint", reason)
    readable = b"2022-02-14T17:25:49Z" in line
    assert at == (HOUR.replace(minute=25, second=49) if readable else HOUR)
    assert content == line.decode(errors="replace")[:10_000]


@pytest.mark.parametrize(("line", "reason"), BAD_TRUTHS, ids=range(len(BAD_TRUTHS)))
def test_unreadable_ground_truth_is_no_unreadable_prediction(
    files: Files, tmp_path: Path, line: bytes, reason: str
) -> None:
    write_lines(tmp_path, FILE, [line])
    write_lines(tmp_path, TRUTH, [line])
    assert files.read(tmp_path).counts == counts(unreadable=2)
    assert [(row[2], row[3]) for row in files.unreadable()] == [(None, reason)] * 2


def test_a_payload_stands_at_the_first_image_of_its_request() -> None:
    body = base64_side(npy(np.stack([blocks(1), blocks(2)])))
    reading = Reading(RequestLimits())
    line = dumps(record(given=body, answered=side("[[1],[2]]"), retries=1))
    reading.read(Segment(FILE, 0, 1, "", line))
    first, second = reading.batch.captures
    kept = ("input_data", "input_encoding", "output_data", "output_encoding", "envelope")
    assert [getattr(first, name) for name in kept[:-1]] == [
        body["data"],
        "BASE64",
        "[[1],[2]]",
        "JSON",
    ]
    assert first.envelope is not None
    assert [getattr(second, name) for name in kept] == [None] * 5


def test_a_captured_request_needs_an_endpoint(files: Files, tmp_path: Path) -> None:
    write_lines(tmp_path, TRUTH, [predicted(0, 14)])
    assert files.read(tmp_path).problems == [
        f"{TRUTH}:1: a captured request needs its endpoint; expected "
        "{endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl"
    ]


@pytest.mark.parametrize("block", [1000, 60_000, 4_000_000])
def test_a_line_that_is_too_long_is_not_read(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    for module in (tree, segments):
        monkeypatch.setattr(module, "MAX_LINE", 50_000)
    monkeypatch.setattr("core.capture.files.reading.MAX_LINE", 50_000)
    monkeypatch.setattr(tree, "BLOCK", block)
    long = b'{"x": "' + b"y" * 120_000 + b'"}'
    file = write_lines(tmp_path, FILE, [predicted(0, 14), long, predicted(1, 14), long])
    file.write_bytes(file.read_bytes()[:-1])  # the last line has no end
    assert files.read(tmp_path).counts == counts(stored=2, unreadable=2)
    skipped = block < 120_000  # then its end is counted with it
    assert [(row[0], row[3], len(row[4])) for row in files.unreadable()] == [
        (2, f"the line has {120_009 + skipped:,} bytes; at most 50,000 are read", 10_000),
        (4, "the line has 120,009 bytes; at most 50,000 are read", 10_000),
    ]
    (state,) = files.importer.states().values()
    assert state.bytes == file.stat().st_size
    assert state.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_blank_lines_carriage_returns_and_a_byte_order_mark_do_no_harm(
    files: Files, tmp_path: Path
) -> None:
    write_lines(
        tmp_path,
        FILE,
        [b"\xef\xbb\xbf" + dumps(predicted(0, 14)) + b"\r", b"", b" \t\r", dumps(predicted(1, 14))],
    )
    assert files.read(tmp_path).counts == counts(stored=2)
