"""A log to import into and to export from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.capture.files.exporter import ALL_TIME, export_frames
from core.capture.files.importer import Importer
from core.capture.files.tree import ImportReport, import_tree
from core.capture.files.writing import ExportReport, write_tree
from core.invocations import RequestLimits
from core.records.captures import Capture
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.support.capture_lines import (
    ground_truth,
    record,
    side,
    write_lines,
)


class Files:
    """A log with its capture files."""

    def __init__(self, log: CaptureLog, limits: RequestLimits = RequestLimits()) -> None:
        self.log = log
        self.table = CaptureFilesTable(log.database)
        self.importer = Importer(self.table, limits)

    def read(self, root: Path) -> ImportReport:
        """Import a tree."""
        return import_tree(root, self.importer, lambda *_: None)

    def write(self, out: Path, window: Window = Window(*ALL_TIME)) -> ExportReport:
        """Export into a folder."""
        return write_tree(out, export_frames(self.table, self.log.images, window), lambda *_: None)

    def captures(self) -> list[Capture]:
        """All of them, oldest first, by position."""
        items = self.log.find(CaptureFilter(), limit=10_000)
        found = [item.capture for item in items]
        return sorted(found, key=lambda c: (c.inferred_at, c.event_id, c.position))

    def unreadable(self) -> list[tuple]:
        """The unreadable lines: line, endpoint, time, reason, content."""
        return self.log.database.rows(
            "SELECT line, endpoint, inferred_at, reason, content FROM log.unreadable "
            "ORDER BY path, line"
        )


@pytest.fixture
def new_files(tmp_path: Path) -> Iterator[Callable[[], Files]]:
    """Empty logs, each in a file of its own."""
    logs: list[CaptureLog] = []

    def make() -> Files:
        logs.append(CaptureLog(tmp_path / f"log-{len(logs)}.duckdb"))
        return Files(logs[-1])

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def files(new_files: Callable[[], Files]) -> Files:
    """An empty log."""
    return new_files()


@pytest.fixture
def filled(files: Files, tmp_path: Path) -> Files:
    """Two endpoints, three hours, ground truth for one request of each endpoint."""
    at = [f"2022-02-14T{hour}:59:59Z" for hour in (17, 18, 19)]
    a = [record(k, answered=side("[[14]]"), at=at[k]) for k in range(3)]
    b = [record(k, answered=side("[[2]]"), at=at[k - 3], inferenceId=f"i-{k}") for k in (3, 4)]
    write_lines(tmp_path / "in", "a/v/2022/02/14/17/x.jsonl", a)
    write_lines(tmp_path / "in", "b/v/2022/02/14/17/x.jsonl", b)
    write_lines(
        tmp_path / "in",
        "truth/2022/02/14/18/x.jsonl",
        [
            ground_truth(0),
            ground_truth(3) | {"eventMetadata": {"inferenceId": "i-3"}},
            ground_truth(9),
        ],
    )
    files.read(tmp_path / "in")
    return files
