"""Segments of capture files into the log: each batch with its place in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.capture.files.reading import Reading
from core.capture.files.segments import Segment
from core.errors import Conflict
from core.invocations import RequestLimits
from core.records.analysts import Permission
from core.records.capture_files import FileState, LineCounts
from core.records.permissions import needs
from core.store import CaptureFilesTable

MAX_PROBLEMS = 10


@dataclass(frozen=True)
class ImportAnswer:
    """What became of the lines of a batch. problems: why the first ones could not be read."""

    counts: LineCounts
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The answer of the process that has the log."""
        return {"counts": asdict(self.counts), "problems": list(self.problems)}

    @staticmethod
    def from_json(document: dict[str, Any]) -> ImportAnswer:
        """The answer that `to_json` wrote."""
        return ImportAnswer(LineCounts(**document["counts"]), tuple(document["problems"]))


class Importer:
    """Imports into a log that this process has open."""

    def __init__(self, table: CaptureFilesTable, limits: RequestLimits) -> None:
        self._table = table
        self._limits = limits

    def states(self) -> dict[str, FileState]:
        """How far every file was read, by path."""
        return self._table.states()

    @needs(Permission.IMPORTS)
    def add(self, segments: Sequence[Segment]) -> ImportAnswer:
        """Store what is new in these lines; raises BadInput for a path, Conflict for an offset.

        Lines that cannot be read are kept as such. After an error nothing of the batch is stored.
        """
        reading = Reading(self._limits)
        for segment in segments:
            reading.read(segment)
        batch = reading.batch
        with self._table.importing() as writing:
            before = _continued(segments, writing.states([each.path for each in segments]))
            captures = writing.add_captures(batch.captures, batch.images)
            truths = writing.add_ground_truth(batch.ground_truth)
            writing.add_unreadable(batch.unreadable)
            counts = _counts(reading, captures, truths)
            for path, state in before.items():
                state.counts.add(counts.get(path, LineCounts()))
            writing.set_states(before)
        total = LineCounts()
        for each in counts.values():
            total.add(each)
        problems = [f"{row.path}:{row.line}: {row.reason}" for row in batch.unreadable]
        return ImportAnswer(total, tuple(problems[:MAX_PROBLEMS]))


def _continued(segments: Sequence[Segment], known: Mapping[str, FileState]) -> dict[str, FileState]:
    """The files' states behind these segments, with the counts from before them."""
    states: dict[str, FileState] = {}
    for segment in segments:
        state = states.get(segment.path) or known.get(segment.path)
        if segment.offset and (state is None or state.bytes != segment.offset):
            raise Conflict(
                f"{segment.path} was imported up to byte {state.bytes if state else 0:,} and "
                f"cannot be continued at {segment.offset:,}: another import is under way. "
                "Start again"
            )
        counts = replace(state.counts) if state and segment.offset else LineCounts()
        states[segment.path] = FileState(segment.end, segment.sha256, counts)
    return states


def _counts(
    reading: Reading, captures: Sequence[int], truths: Sequence[int]
) -> dict[str, LineCounts]:
    """Path -> what became of its lines. captures, truths: the places that were new."""
    owners, truth_owners = reading.capture_owners, reading.truth_owners
    stored = _by_path(reading, {owners[place] for place in captures})
    labelled = _by_path(reading, {truth_owners[place] for place in truths})
    readable = Counter(reading.paths)
    return {
        path: LineCounts(
            lines=readable[path] + reading.unreadable[path],
            stored=stored[path],
            repeated=readable[path] - stored[path] - labelled[path],
            ground_truth=labelled[path],
            unreadable=reading.unreadable[path],
        )
        for path in readable.keys() | reading.unreadable.keys()
    }


def _by_path(reading: Reading, lines: set[int]) -> Counter[str]:
    return Counter(reading.paths[line] for line in lines)
