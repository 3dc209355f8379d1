"""Ground truth that is sent, not imported from files: JSON Lines in SageMaker's layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from core.capture.files.importer import MAX_PROBLEMS
from core.capture.files.paths import hour_folder
from core.capture.files.reading import Reading
from core.capture.files.segments import Segment
from core.errors import BadInput, TooLarge
from core.invocations import RequestLimits
from core.records.capture_files import GroundTruthRow
from core.store import CaptureFilesTable

MAX_LABELS = 1_000_000
CHUNK = 65_536  # bytes of whole lines that are read before the labels are counted


@dataclass(frozen=True)
class MergeAnswer:
    """What became of lines. repeated: lines whose labels were known; problems: why the first
    unreadable ones could not be read.
    """

    lines: int
    merged: int
    repeated: int
    unreadable: int
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """What `POST /api/ground-truth` answers."""
        return vars(self) | {"problems": list(self.problems)}


def merge(
    table: CaptureFilesTable, limits: RequestLimits, content: bytes, at: datetime
) -> MergeAnswer:
    """Keep the labels of these lines, `at` being the hour that they are exported under.

    Raises BadInput where no line can be read, and TooLarge; then nothing is kept.
    """
    reading = Reading(limits)
    path = f"{hour_folder(at)}/sent.jsonl"
    for number, chunk in _chunks(content):
        reading.read(Segment(path, 0, number, "", chunk))
        if len(reading.batch.ground_truth) > MAX_LABELS:
            raise TooLarge(f"at most {MAX_LABELS:,} labels are taken at once; send fewer lines")
    lines = _lines(reading)
    problems = [f"line {row.line}: {row.reason}" for row in reading.batch.unreadable]
    if not lines:
        came = problems[0] if problems else "nothing"
        raise BadInput(
            'expected lines like {"groundTruthData": {"data": "14", "encoding": "CSV"}, '
            f'"eventMetadata": {{"eventId": "..."}}}}, got {came}'
        )
    with table.importing() as writing:
        merged = len(writing.merge_ground_truth(lines))
    return MergeAnswer(
        len(lines) + len(problems),
        merged,
        len(lines) - merged,
        len(problems),
        tuple(problems[:MAX_PROBLEMS]),
    )


def _chunks(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Whole lines, some at a time, and the number of the first, from 1."""
    start, number = 0, 1
    while start < len(content):
        end = content.find(b"\n", start + CHUNK) + 1 or len(content)
        yield number, content[start:end]
        number += content.count(b"\n", start, end)
        start = end


def _lines(reading: Reading) -> list[list[GroundTruthRow]]:
    """The labels of each line that was read."""
    owned = zip(reading.truth_owners, reading.batch.ground_truth, strict=True)
    return [[row for _, row in rows] for _, rows in groupby(owned, key=lambda pair: pair[0])]
