"""Exports: whose captures, which hours, in what order, and never over anything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.capture.files import exporter
from core.capture.files.exporter import ALL_TIME
from core.errors import BadInput
from core.records.window import Window
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import (
    FILE,
    ground_truth,
    predicted,
    read_tree,
    record,
    side,
    write_lines,
)
from tests.support.expect import raises
from tests.support.records import NOON, make_capture, make_image

HOUR = datetime(2022, 2, 14, 17, tzinfo=UTC)


def paths(root: Path) -> list[str]:
    return sorted(file.relative_to(root).as_posix() for file in root.rglob("*.jsonl"))


def test_an_export_has_a_file_an_hour(filled: Files, tmp_path: Path) -> None:
    report = filled.write(tmp_path / "out")
    assert (report.files, report.lines, report.ground_truth) == (6, 5, 3)
    assert paths(tmp_path / "out") == [
        "a/v/2022/02/14/17/captures.jsonl",
        "a/v/2022/02/14/18/captures.jsonl",
        "a/v/2022/02/14/19/captures.jsonl",
        "b/v/2022/02/14/17/captures.jsonl",
        "b/v/2022/02/14/18/captures.jsonl",
        "ground-truth/2022/02/14/18/ground-truth.jsonl",
    ]
    assert read_tree(tmp_path / "out") == read_tree(tmp_path / "in")


def test_a_window_bounds_an_export(filled: Files, tmp_path: Path) -> None:
    end = HOUR + timedelta(hours=1)
    filled.write(tmp_path / "before", Window(HOUR, end))
    assert paths(tmp_path / "before") == [
        "a/v/2022/02/14/17/captures.jsonl",
        "b/v/2022/02/14/17/captures.jsonl",
    ]
    last = HOUR + timedelta(hours=2, minutes=59, seconds=59)
    filled.write(tmp_path / "last", Window(last, last + timedelta(seconds=1)))
    assert paths(tmp_path / "last") == ["a/v/2022/02/14/19/captures.jsonl"]
    assert filled.write(tmp_path / "none", Window(last + timedelta(seconds=1), ALL_TIME[1])) == (
        exporter_report := filled.write(tmp_path / "none", Window(ALL_TIME[0], HOUR))
    )
    assert exporter_report.files == 0


def test_an_endpoint_brings_its_own_ground_truth(filled: Files, tmp_path: Path) -> None:
    filled.write(tmp_path / "a", Window(*ALL_TIME, "a"))
    filled.write(tmp_path / "b", Window(*ALL_TIME, "b"))
    for name, truth in (("a", ground_truth(0)), ("b", ground_truth(3))):
        labelled = [line for line in read_tree(tmp_path / name) if "groundTruthData" in line]
        assert [line["groundTruthData"] for line in labelled] == [truth["groundTruthData"]]
    assert {path.split("/")[0] for path in paths(tmp_path / "b")} == {"b", "ground-truth"}


def test_lines_are_ordered_by_time(files: Files, tmp_path: Path) -> None:
    write_lines(tmp_path / "in", FILE, [predicted(k, 14) for k in (5, 3, 9, 1)])
    files.read(tmp_path / "in")
    files.write(tmp_path / "out")
    (file,) = (tmp_path / "out").rglob("*.jsonl")
    times = [line.split(b'"inferenceTime": "')[1][:20] for line in file.read_bytes().splitlines()]
    assert times == sorted(times)
    assert len(times) == 4


def test_many_captures_are_exported_some_at_a_time(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [make_image(k) for k in range(6)]
    captures = [
        make_capture(images[k % 6], event_id=f"e-{k}", inferred_at=NOON + timedelta(seconds=k))
        for k in range(40)
    ]
    files.log.append(captures, images)
    whole = b"".join(
        frame.content
        for frame in exporter.export_frames(files.table, files.log.images, Window(*ALL_TIME))
    )
    monkeypatch.setattr(exporter, "MAX_HELD", 7)
    monkeypatch.setattr(exporter, "MAX_IMAGES_HELD", 3 * len(images[0].content))
    held: list[int] = []

    def find(names: list[str]) -> dict:
        held.append(len(names))
        return files.log.images(names)

    frames = list(exporter.export_frames(files.table, find, Window(*ALL_TIME)))
    assert b"".join(frame.content for frame in frames) == whole
    assert whole.count(b"\n") == 40
    assert max(held) <= 3
    assert sum(frame.captures for frame in frames) == 40
    assert {frame.total for frame in frames} == {40}


def test_a_request_is_whole_where_chunks_of_the_log_end(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.database.CHUNK", 2)
    given = [record(k, answered=side("[[1], [2], [3]]")) for k in range(4)]
    write_lines(tmp_path / "in", FILE, given)
    files.read(tmp_path / "in")
    files.write(tmp_path / "out")
    assert read_tree(tmp_path / "out") == given


def test_requests_of_one_moment_are_lines_of_their_own(files: Files, tmp_path: Path) -> None:
    at = "2022-02-14T17:00:00Z"
    given = [record(k, answered=side("[[1], [2]]"), at=at) for k in range(3)]
    write_lines(tmp_path / "in", FILE, given)
    files.read(tmp_path / "in")
    assert files.write(tmp_path / "out").lines == 3
    assert read_tree(tmp_path / "out") == given


def test_the_window_is_the_one_that_is_asked_for() -> None:
    since, until = "2022-02-14T17:00:00Z", "2022-02-14T19:00:00Z"
    end = HOUR + timedelta(hours=2)
    asked = {"since": since, "until": until, "endpoint": "cars"}
    assert exporter.export_window(asked) == Window(HOUR, end, "cars")
    assert exporter.export_window({"since": since}) == Window(HOUR, ALL_TIME[1])
    assert exporter.export_window({"until": until}) == Window(ALL_TIME[0], end)
    assert exporter.export_window({}) == Window(*ALL_TIME)
    for start, stop in ((end, HOUR), (HOUR, HOUR)):
        with raises(BadInput, f"the window must begin before it ends, got {start} to {stop}"):
            exporter.export_window({"since": start.isoformat(), "until": stop.isoformat()})


def test_an_endpoint_whose_name_is_no_folder_is_refused(files: Files, tmp_path: Path) -> None:
    files.log.append([make_capture(endpoint="../up")], [])
    with raises(
        BadInput, "endpoint name must be 1 to 63 letters, digits and inner hyphens, got '../up'"
    ):
        files.write(tmp_path / "out")
