"""Whatever a capture file holds, every line ends as stored, repeated, ground truth or unreadable.

What is stored comes out equal, and no error leaves but our own.
"""

import base64
import io
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.capture.files.exporter import ALL_TIME, export_frames
from core.capture.files.importer import Importer
from core.capture.files.lines import Side
from core.capture.files.outputs import read_output
from core.capture.files.paths import Place, parse_path
from core.capture.files.reading import BOM, Reading
from core.capture.files.segments import Segment, read_frames
from core.errors import BadInput, SignwatchError
from core.invocations import RequestLimits
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.core.capture.files.test_records import RECORDS
from tests.support.capture_lines import FILE, event_id, ground_truth
from tests.support.fuzzing import ODD_TEXTS, damaged_bytes, damaged_json
from tests.support.npy import npy

LIMITS = RequestLimits()
VALID = [
    *(each for each in RECORDS.values()),
    ground_truth(1, "[[1], [2]]", "JSON"),
]
valid = st.sampled_from(VALID)
lines = st.one_of(
    damaged_json(valid),
    damaged_json(valid),
    damaged_bytes(valid.map(lambda document: json.dumps(document).encode())),
    st.binary(max_size=60),
)
pytestmark = pytest.mark.filterwarnings("ignore")  # of numpy and Pillow, about damaged content


def whole(content: bytes) -> int:
    """How many lines that are not blank."""
    lines = content.removeprefix(BOM).split(b"\n")
    return sum(bool(line) and not line.isspace() for line in lines)


@settings(max_examples=4000)
@given(lines)
@example(b'{"captureData": {"endpointOutput": ' + b"[" * 900 + b"]" * 900 + b"}}")
def test_every_line_is_read_or_has_its_reason(line: bytes) -> None:
    reading = Reading(LIMITS)
    reading.read(Segment(FILE, 0, 1, "", line))
    batch = reading.batch
    assert len(reading.paths) + len(batch.unreadable) == whole(line)
    assert sorted({*reading.capture_owners, *reading.truth_owners}) == list(
        range(len(reading.paths))
    )
    assert all(row.reason and len(row.content) <= 10_000 for row in batch.unreadable)
    for row in batch.captures:
        assert row.class_id is None or 0 <= row.class_id < 2**31
        assert row.confidence is None or 0 <= row.confidence <= 1


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaptureLog]:
    """One log for all cases, emptied between them."""
    log = CaptureLog(tmp_path_factory.mktemp("fuzz") / "log.duckdb")
    yield log
    log.close()


@settings(max_examples=120)
@given(st.lists(lines, min_size=1, max_size=20))
def test_what_is_stored_comes_out_equal(log: CaptureLog, given: list[bytes]) -> None:
    with log.database.transaction() as transaction:
        for table in ("captures", "ground_truth", "unreadable", "imports"):
            transaction.execute(f"DELETE FROM log.{table}")
    # Requests of their own, as far as the damage left them an id.
    content = b"\n".join(
        line.replace(event_id(0).encode(), event_id(k).encode()).replace(b"\n", b" ")
        for k, line in enumerate(given)
    )
    files = CaptureFilesTable(log.database)
    counts = Importer(files, LIMITS).add([Segment(FILE, 0, 1, "", content)]).counts
    assert counts.lines == whole(content)
    assert counts.lines == (
        counts.stored + counts.repeated + counts.ground_truth + counts.unreadable
    )
    bad = {row[0] for row in log.database.rows("SELECT line FROM log.unreadable")}
    assert len(bad) == counts.unreadable
    expected = [
        line
        for number, line in enumerate(content.removeprefix(BOM).split(b"\n"), start=1)
        if number not in bad and line and not line.isspace()
    ]
    frames = export_frames(files, log.images, Window(*ALL_TIME))
    came = [line for frame in frames for line in frame.content.splitlines()]
    assert len(came) == counts.stored + counts.ground_truth
    wanted, got = _documents(expected), _documents(came)
    if counts.repeated:
        assert all(document in wanted for document in got)
    else:
        assert got == wanted


def _documents(lines: list[bytes]) -> list:
    documents = [json.loads(line) for line in lines]
    return sorted(documents, key=lambda each: json.dumps(each, sort_keys=True))


payloads = st.one_of(
    damaged_json(
        st.sampled_from(
            [
                [[14]],
                [14],
                [0.25, 0.75],
                {"predicted_label": 3, "score": [0.5, 0.5]},
                {"predictions": [{"class_id": 14, "confidence": 0.5}]},
                [["14"], ["2"]],
            ]
        )
    ).map(lambda content: content.decode()),
    damaged_bytes(
        st.sampled_from([b"14\n2", b"0.25,0.75\n0.5,0.5", b'"14"', b"1e3", b"[[14]]"])
    ).map(lambda content: content.decode(errors="replace")),
    damaged_bytes(st.sampled_from([npy(np.array([[14]])), npy(np.array([0.25, 0.75]))])).map(
        lambda content: base64.b64encode(content).decode()
    ),
    ODD_TEXTS,
    st.text(max_size=30),
)


@settings(max_examples=2000)
@given(payloads, st.sampled_from(["CSV", "JSON", "BASE64"]))
def test_every_output_holds_classes_or_a_reason(data: str, encoding: str) -> None:
    try:
        answers = read_output(Side(None, data, encoding)).images
    except BadInput as error:
        assert str(error)
        return
    assert answers
    for answer in answers:
        assert answer.class_id is not None
        assert 0 <= answer.class_id < 2**31
        assert answer.probabilities is None or abs(sum(answer.probabilities) - 1) <= 0.0101


names = st.one_of(
    st.text(max_size=12),
    ODD_TEXTS,
    st.sampled_from(["ep", "AllTraffic", "2022", "02", "14", "17", "a.jsonl", "..", ".", "~"]),
)


@settings(max_examples=2000)
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(names, max_size=9).map("/".join),
        st.tuples(
            names, names, st.sampled_from(["2022/02/14/17", "2022/2/14/17", "0000/00/00/00"]), names
        ).map(lambda parts: "/".join(parts) + ".jsonl"),
    )
)
def test_every_path_is_a_place_inside_or_refused(path: str) -> None:
    try:
        place = parse_path(path)
    except BadInput as error:
        str(error).encode()
        return
    assert isinstance(place, Place)
    root = Path("/root/of/the/tree")
    assert (root / path).resolve().is_relative_to(root)
    assert path.isprintable() or "\u2028" in path or not path.isascii()


@settings(max_examples=500)
@given(
    damaged_bytes(st.just(Segment(FILE, 0, 1, "ab", b"{}\n").to_frame() * 2)), st.integers(1, 40)
)
def test_every_stream_of_frames_is_read_or_refused(content: bytes, size: int) -> None:
    stream = io.BytesIO(content)
    try:
        for header, part in read_frames(iter(lambda: stream.read(size), b"")):
            assert len(part) == header["bytes"]
            Segment.from_frame(header, part)
    except SignwatchError as error:
        assert str(error)


def test_the_damage_reaches_both_sides() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = {"read": 0, "refused": 0}

        @settings(max_examples=300, database=None)
        @given(lines)
        def count(line: bytes) -> None:
            reading = Reading(LIMITS)
            reading.read(Segment(FILE, 0, 1, "", line))
            seen["refused" if reading.batch.unreadable else "read"] += 1

        count()
    assert min(seen.values()) >= 50
