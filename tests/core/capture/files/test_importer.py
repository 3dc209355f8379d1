"""Segments into the log: once, whole or not at all."""

import json
from pathlib import Path
from typing import Any

from core.capture.files.segments import Segment
from core.errors import BadInput, Conflict
from core.records.capture_files import LineCounts
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import (
    FILE,
    ground_truth,
    predicted,
    record,
    side,
    write_lines,
)
from tests.support.expect import raises

STOP = side("[[14]]")


def counts(**given: int) -> LineCounts:
    return LineCounts(lines=sum(given.values()), **given)


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


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
