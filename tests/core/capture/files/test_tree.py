"""Imports: what goes in once, what goes on, messages on the rest."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.capture.files import segments, tree
from core.capture.files.importer import ImportAnswer
from core.capture.files.segments import Segment
from core.capture.files.tree import import_tree
from core.errors import BadInput, Conflict, Unavailable
from core.images import ImageLimits
from core.invocations import RequestLimits
from core.records.capture_files import FileState, LineCounts
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import (
    FILE,
    base64_side,
    ground_truth,
    predicted,
    read_tree,
    record,
    side,
    write_lines,
)
from tests.support.expect import raises
from tests.support.images import blocks, saved
from tests.support.npy import npy

HOUR = datetime(2022, 2, 14, 17)
TRUTH = "2022/02/14/17/truth.jsonl"
STOP = side("[[14]]")
EVENT = {"eventId": "e", "inferenceTime": "2022-02-14T17:25:49Z"}


def counts(**given: int) -> LineCounts:
    return LineCounts(lines=sum(given.values()), **given)


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_tree_goes_in(files: Files, tmp_path: Path) -> None:
    attributes = {"customAttributes": ["source=a;label=3", "x"], "inferenceId": "i"}
    png = saved(blocks(1), "PNG")
    write_lines(
        tmp_path,
        FILE,
        [
            record(0, given=base64_side(png, "image/png"), answered=STOP, **attributes),
            record(1, answered=side("[[0.25, 0.75], [1.0, 0.0]]")),
            record(2, given=side("1,2", "CSV", "text/csv")),
        ],
    )
    report = files.read(tmp_path)
    assert report.to_json() == {
        "files": 1,
        "lines": 3,
        "stored": 3,
        "repeated": 0,
        "ground_truth": 0,
        "unreadable": 0,
        "left_out": [],
        "problems": [],
    }
    first, second, third, fourth = files.captures()
    assert (first.endpoint, first.variant) == ("DEMO-endpoint", "AllTraffic")
    assert (first.class_id, first.confidence, first.position) == (14, None, 0)
    assert (first.inference_id, first.custom_attributes) == ("i", ("source=a;label=3", "x"))
    assert (first.provenance.source, first.provenance.label) == ("a", 3)
    assert first.image_sha256 == hashlib.sha256(png).hexdigest()
    assert files.log.image(first.image_sha256).content == png
    assert (first.input, first.output, first.envelope) == (None, None, None)
    assert [c.position for c in (second, third)] == [0, 1]
    assert [(c.class_id, c.confidence) for c in (second, third)] == [(1, 0.75), (0, 1.0)]
    assert second.probabilities is not None
    assert second.probabilities.tolist() == [0.25, 0.75]
    assert second.output is not None
    assert third.output is None
    assert (fourth.class_id, fourth.image_sha256) == (None, None)
    assert fourth.input is not None
    assert (fourth.input.data, fourth.input.encoding) == ("1,2", "CSV")
    assert files.log.capture(first.capture_id).capture.event_id == first.event_id


def test_every_image_of_an_array_can_be_looked_at(files: Files, tmp_path: Path) -> None:
    body = npy(np.stack([blocks(1), blocks(2)]))
    write_lines(tmp_path, FILE, [record(given=base64_side(body), answered=side("[[1], [2]]"))])
    files.read(tmp_path)
    names = [capture.image_sha256 for capture in files.captures()]
    assert len(set(names)) == 2
    assert len(files.log.images(names)) == 2


def test_a_image_over_the_limit_is_kept_undecoded(
    new_files: Callable[[], Files], tmp_path: Path
) -> None:
    log = new_files().log
    files = Files(log, RequestLimits(image=ImageLimits(max_pixels=10)))
    given = record(given=base64_side(saved(blocks(), "PNG"), "image/png"), answered=STOP)
    write_lines(tmp_path / "in", FILE, [given])
    assert files.read(tmp_path / "in").counts.stored == 1
    assert files.captures()[0].image_sha256 is None
    files.write(tmp_path / "out")
    assert read_tree(tmp_path / "out") == [given]


def test_twice_imported_is_once_stored(files: Files, tmp_path: Path) -> None:
    lines = [predicted(0, 14), predicted(1, 14), ground_truth(0), b"{"]
    write_lines(tmp_path / "a", FILE, [*lines, lines[0], lines[2]])
    write_lines(tmp_path / "b", FILE.replace("uuid", "other"), lines)
    assert files.read(tmp_path / "a").counts == counts(
        stored=2, repeated=2, ground_truth=1, unreadable=1
    )
    assert files.read(tmp_path / "a").counts == counts(repeated=6)
    assert files.read(tmp_path / "b").counts == counts(repeated=3, unreadable=1)
    assert len(files.captures()) == 2
    assert len(files.unreadable()) == 2


def test_other_endpoints_variants_and_positions_are_other_captures(
    files: Files, tmp_path: Path
) -> None:
    for path in (
        "a/v/2022/02/14/17/x.jsonl",
        "b/v/2022/02/14/17/x.jsonl",
        "a/w/2022/02/14/17/x.jsonl",
    ):
        write_lines(tmp_path, path, [predicted(0, 14)])
    write_lines(tmp_path, "a/v/2022/02/14/17/y.jsonl", [record(0, answered=side("[[1],[2]]"))])
    assert files.read(tmp_path).counts == counts(stored=4)
    assert len(files.captures()) == 4


def test_ground_truth_is_kept_by_reference_and_position(files: Files, tmp_path: Path) -> None:
    write_lines(
        tmp_path,
        TRUTH,
        [
            ground_truth(0, "[[1], [2]]", "JSON"),
            ground_truth(1, "3"),
            ground_truth(1, "4"),
            ground_truth(2) | {"eventMetadata": {"eventId": "e", "inferenceId": "i"}},
        ],
    )
    assert files.read(tmp_path).counts == counts(ground_truth=4)
    found = files.log.database.rows(
        "SELECT reference, position, class_id, data, encoding, hour FROM log.ground_truth "
        "ORDER BY ALL"
    )
    first, second = (ground_truth(k)["eventMetadata"]["eventId"] for k in (0, 1))
    assert found == [
        (first, 0, 1, "[[1], [2]]", "JSON", HOUR),
        (first, 1, 2, "", "JSON", HOUR),
        (second, 0, 3, "3", "CSV", HOUR),
        (second, 0, 4, "4", "CSV", HOUR),
        ("i", 0, 14, "14", "CSV", HOUR),
    ]


# Going on


class BreaksOff:
    """A log that takes so many batches."""

    def __init__(self, files: Files, batches: int) -> None:
        self.importer, self.left = files.importer, batches

    def states(self) -> dict[str, FileState]:
        return self.importer.states()

    def add(self, given: Sequence[Segment]) -> ImportAnswer:
        if not self.left:
            raise Unavailable("gone")
        self.left -= 1
        return self.importer.add(given)


def test_an_import_that_broke_off_goes_on_where_it_stopped(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "BLOCK", 1000)
    monkeypatch.setattr(tree, "BATCH", 2000)
    lines = [predicted(k, 14) for k in range(40)]
    write_lines(tmp_path, FILE, lines)
    with raises(Unavailable, "gone"):
        import_tree(tmp_path, BreaksOff(files, 2), lambda *_: None)
    done = len(files.captures())
    assert 0 < done < 40
    (state,) = files.importer.states().values()
    assert state.counts == counts(stored=done)
    progress: list[tuple[int, int, str]] = []
    report = import_tree(tmp_path, files.importer, lambda *given: progress.append(given))
    assert report.counts == counts(stored=40 - done, repeated=done)
    assert len(files.captures()) == 40
    size = (tmp_path / FILE).stat().st_size
    assert progress[-1] == (size, size, "40 lines")
    assert [done for done, _, _ in progress] == sorted(done for done, _, _ in progress)


def test_a_file_that_grew_is_continued(files: Files, tmp_path: Path) -> None:
    file = write_lines(tmp_path, FILE, [predicted(0, 14), b"{", b"", predicted(1, 14)])
    files.read(tmp_path)
    with file.open("ab") as stream:
        stream.write(b"}\n" + dumps(predicted(2, 14)))
    assert files.read(tmp_path).counts == counts(stored=1, repeated=3, unreadable=1)
    assert [row[0] for row in files.unreadable()] == [2, 5]


def test_a_file_that_changed_is_read_from_the_start(files: Files, tmp_path: Path) -> None:
    write_lines(tmp_path, FILE, [predicted(0, 14), predicted(1, 14)])
    files.read(tmp_path)
    write_lines(tmp_path, FILE, [predicted(5, 14), predicted(1, 14), predicted(6, 14)])
    assert files.read(tmp_path).counts == counts(stored=2, repeated=1)
    write_lines(tmp_path, FILE, [predicted(5, 14)])
    assert files.read(tmp_path).counts == counts(repeated=1)
    (state,) = files.importer.states().values()
    assert state.bytes == (tmp_path / FILE).stat().st_size


def test_half_a_line_at_the_end_is_read_again_when_it_is_whole(
    files: Files, tmp_path: Path
) -> None:
    file = write_lines(tmp_path, FILE, [predicted(0, 14)])
    whole = dumps(predicted(1, 14))
    with file.open("ab") as stream:
        stream.write(whole[:50])
    assert files.read(tmp_path).counts == counts(stored=1, unreadable=1)
    with file.open("ab") as stream:
        stream.write(whole[50:] + b"\n")
    assert files.read(tmp_path).counts == counts(stored=1, repeated=1)


def test_two_imports_at_once_do_not_store_twice(files: Files) -> None:
    line = dumps(predicted(0, 14)) + b"\n"
    segment = Segment(FILE, 0, 1, "a", line)
    assert files.importer.add([segment, segment]).counts == counts(stored=1, repeated=1)
    with raises(
        Conflict,
        f"{FILE} was imported up to byte {len(line)} and cannot be continued at 7: another import "
        "is under way. Start again",
    ):
        files.importer.add([Segment(FILE, 7, 1, "b", line)])
    with raises(
        Conflict,
        f"new{FILE} was imported up to byte 0 and cannot be continued at 7: "
        "another import is under way. Start again",
    ):
        files.importer.add([Segment("new" + FILE, 7, 1, "b", line)])


def test_a_batch_with_a_bad_path_is_refused_whole(files: Files) -> None:
    line = dumps(predicted(0, 14))
    with raises(
        BadInput, "a path must be relative, without empty parts, . or .., got '../x.jsonl'"
    ):
        files.importer.add([Segment(FILE, 0, 1, "", line), Segment("../x.jsonl", 0, 1, "", line)])
    assert files.captures() == []


# Lines that cannot be read


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


def test_files_elsewhere_are_named(files: Files, tmp_path: Path) -> None:
    write_lines(tmp_path, FILE, [predicted(0, 14)])
    write_lines(tmp_path, "stray.jsonl", [predicted(1, 14)])
    report = files.read(tmp_path)
    assert report.counts == counts(stored=1)
    assert report.left_out == [
        "'stray.jsonl' was left out: expected {endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl, "
        "got 'stray.jsonl'"
    ]
