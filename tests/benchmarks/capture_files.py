"""How fast capture files go into the log and out of it, and whether they come out as they were."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.capture.files.exporter import export_frames
from core.capture.files.importer import Importer
from core.capture.files.paths import walk
from core.capture.files.tree import import_tree
from core.capture.files.writing import write_tree
from core.invocations import RequestLimits
from core.jobs import in_silence
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.benchmarks.rounds import ROUNDS, seconds
from tests.benchmarks.rows import Row, Rows
from tests.support.capture_lines import record, side, write_lines

Ints = NDArray[np.int64]
DAY = datetime(2022, 2, 14, tzinfo=UTC)
LINES = 1_000_000
HOURS = 20
WARM_UP = 10_000


def rows() -> Rows:
    """Lines a second both ways, and the share of records that an export gives back.

    A fifth of the lines in each round, all into one log and out of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _there_and_back(root / "warm-up", 1, WARM_UP)
        imported, exported, equal = _there_and_back(root, ROUNDS, LINES)
    name = f"of {LINES:,} output-only lines, lines/s"
    yield Row.of_rounds(f"import {name}", imported, 20_000, True)
    yield Row.of_rounds(f"export {name}", exported, 10_000, True)
    yield Row("exported records equal to the imported", equal / LINES, 1.0, True)


def _there_and_back(folder: Path, rounds: int, lines: int) -> tuple[list[float], list[float], int]:
    """Lines a second of every import and every export, and how many came out as they went in."""
    roots = [(folder / f"in-{number}", folder / f"out-{number}") for number in range(rounds)]
    hours = np.array_split(np.arange(HOURS), rounds)
    for (root, _), some in zip(roots, hours, strict=True):
        _write(root, some.tolist(), lines // HOURS)
    log = CaptureLog(folder / "log.duckdb")
    table = CaptureFilesTable(log.database)
    importer = Importer(table, RequestLimits())
    imported, exported, equal = [], [], 0
    for (root, _), some in zip(roots, hours, strict=True):
        taken = seconds(lambda root=root: import_tree(root, importer, in_silence))
        imported.append(_captures(table, some) / taken)
    for (root, out), some in zip(roots, hours, strict=True):
        frames = export_frames(table, log.images, _window(some))
        taken = seconds(lambda out=out, frames=frames: write_tree(out, frames, in_silence))
        exported.append(_captures(table, some) / taken)
        equal += sum(given == came for given, came in zip(_read(root), _read(out), strict=True))
    log.close()
    return imported, exported, equal


def _captures(table: CaptureFilesTable, hours: Ints) -> int:
    return sum(hour.captures for hour in table.hours(_window(hours)))


def _window(hours: Ints) -> Window:
    """From the first hour to the end of the last."""
    return Window(DAY + timedelta(hours=int(hours[0])), DAY + timedelta(hours=int(hours[-1]) + 1))


def _write(root: Path, hours: list[int], each: int) -> None:
    for hour in hours:
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
