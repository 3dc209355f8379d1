"""How fast capture files go into the log and out of it, and whether they come out as they were."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.capture.files.exporter import ALL_TIME, export_frames
from core.capture.files.importer import Importer
from core.capture.files.paths import walk
from core.capture.files.tree import import_tree
from core.capture.files.writing import write_tree
from core.invocations import RequestLimits
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.benchmarks.rows import Row, Rows
from tests.support.capture_lines import record, side, write_lines

LINES = 1_000_000
HOURS = 20


def rows() -> Rows:
    """Lines a second both ways, and the share of records that an export gives back."""
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder) / "in", Path(folder) / "out"
        _write(root)
        log = CaptureLog(Path(folder) / "log.duckdb")
        table = CaptureFilesTable(log.database)
        importer = Importer(table, RequestLimits())
        seconds = _seconds(lambda: import_tree(root, importer, _quiet))
        stored = sum(hour.captures for hour in table.hours(Window(*ALL_TIME)))
        yield Row(f"import of {LINES:,} output-only lines, lines/s", stored / seconds, 20_000, True)
        frames = export_frames(table, log.images, Window(*ALL_TIME))
        seconds = _seconds(lambda: write_tree(out, frames, _quiet))
        yield Row(f"export of {LINES:,} output-only lines, lines/s", LINES / seconds, 5_000, True)
        log.close()
        equal = sum(given == came for given, came in zip(_read(root), _read(out), strict=True))
        yield Row("exported records equal to the imported", equal / LINES, 1.0, True)


def _write(root: Path) -> None:
    each = LINES // HOURS
    for hour in range(HOURS):
        numbers = range(hour * each, (hour + 1) * each)
        path = f"blog/AllTraffic/2022/02/14/{hour:02d}/00-00-000.jsonl"
        write_lines(root, path, [_record(number, hour, number % each / each) for number in numbers])


def _record(number: int, hour: int, share: float) -> dict[str, Any]:
    minute, second = divmod(int(share * 3600), 60)
    class_id = 14 if number % 5 else number % 43
    at = f"2022-02-14T{hour:02d}:{minute:02d}:{second:02d}Z"
    return record(number, answered=side(f"[[{class_id}]]"), at=at)


def _read(root: Path) -> Iterator[dict[str, Any]]:
    for file in walk(root)[0]:
        records = map(json.loads, (root / file.path).read_bytes().splitlines())
        yield from sorted(records, key=lambda each: str(each["eventMetadata"]["eventId"]))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _quiet(done: int, total: int, text: str) -> None:
    """No progress bar between the rows."""
