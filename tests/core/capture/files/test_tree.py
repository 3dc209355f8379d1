"""Imports: what goes in once, what goes on, messages on the rest."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.capture.files import tree
from core.capture.files.importer import ImportAnswer
from core.capture.files.segments import Segment
from core.capture.files.tree import import_tree
from core.errors import Unavailable
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
    tree = tmp_path / "tree"  # the log lies beside it
    tree.mkdir()
    attributes = {"customAttributes": ["source=a;label=3", "x"], "inferenceId": "i"}
    png = saved(blocks(1), "PNG")
    write_lines(
        tree,
        FILE,
        [
            record(0, given=base64_side(png, "image/png"), answered=STOP, **attributes),
            record(1, answered=side("[[0.25, 0.75], [1.0, 0.0]]")),
            record(2, given=side("1,2", "CSV", "text/csv")),
        ],
    )
    report = files.read(tree)
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
    assert progress[0][0] > state.bytes  # what was done before is done
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
    assert state.counts == counts(repeated=1)


def test_lines_keep_their_numbers_where_a_file_is_read_piece_by_piece(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "BLOCK", 1000)
    lines = [predicted(k, 14) for k in range(30)]
    write_lines(tmp_path, FILE, [*lines[:20], b"{", *lines[20:], b"}"])
    assert files.read(tmp_path).counts == counts(stored=30, unreadable=2)
    assert [row[0] for row in files.unreadable()] == [21, 32]


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


def test_files_elsewhere_are_named(files: Files, tmp_path: Path) -> None:
    tree = tmp_path / "tree"  # the log lies beside it
    tree.mkdir()
    write_lines(tree, FILE, [predicted(0, 14)])
    write_lines(tree, "stray.jsonl", [predicted(1, 14)])
    report = files.read(tree)
    assert report.counts == counts(stored=1)
    assert report.left_out == [
        "'stray.jsonl' was left out: expected {endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl, "
        "got 'stray.jsonl'"
    ]
