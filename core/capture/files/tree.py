"""A folder of capture files -> segments -> a log, going on where an earlier import ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from core.capture.files.importer import MAX_PROBLEMS, ImportAnswer
from core.capture.files.paths import Found, walk
from core.capture.files.segments import MAX_LINE, Segment
from core.jobs import Progress
from core.records.capture_files import FileState, LineCounts

BLOCK = 4_000_000  # bytes that are read at a time
BATCH = 16_000_000  # bytes of lines that go into the log at a time
HEAD = 40_000  # bytes that are kept of a line that is too long


class Log(Protocol):
    """A log that takes capture files: this process's own, or the running dashboard's."""

    def states(self) -> dict[str, FileState]:
        """How far every file was read, by path."""

    def add(self, segments: Sequence[Segment]) -> ImportAnswer:
        """Store what is new in these lines."""


@dataclass
class ImportReport:
    """What became of a tree. repeated: lines that the log had already."""

    files: int = 0
    bytes: int = 0
    counts: LineCounts = field(default_factory=LineCounts)
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """What `captures import --json` prints."""
        return {
            "files": self.files,
            **asdict(self.counts),
            "left_out": self.left_out,
            "problems": self.problems,
        }


class _Reached(NamedTuple):
    """Where in a file reading goes on."""

    offset: int
    line: int
    digest: Any


def import_tree(root: Path, log: Log, progress: Progress) -> ImportReport:
    """Read every capture file under `root` into `log`; goes on where an earlier import ended."""
    found, left_out = walk(root)
    report = ImportReport(files=len(found), left_out=left_out)
    total = sum(file.size for file in found)
    for batch in _batches(_segments(root, found, log.states(), report)):
        answer = log.add(batch)
        report.counts.add(answer.counts)
        report.problems += answer.problems[: MAX_PROBLEMS - len(report.problems)]
        report.bytes += sum(segment.end - segment.offset for segment in batch)
        progress(min(report.bytes, total), total, f"{report.counts.lines:,} lines")
    progress(total, total, f"{report.counts.lines:,} lines")
    return report


def _segments(
    root: Path, found: Sequence[Found], states: Mapping[str, FileState], report: ImportReport
) -> Iterator[Segment]:
    for file in found:
        with (root / file.path).open("rb") as stream:
            state = states.get(file.path)
            reached = _reached(stream, state)
            if state and reached.offset:
                earlier = state.counts.lines
                report.counts.add(LineCounts(lines=earlier, repeated=earlier))
                report.bytes += reached.offset
            yield from _file_segments(stream, file.path, reached)


def _reached(stream: BinaryIO, state: FileState | None) -> _Reached:
    """Behind what was imported of this file before, if it is still the same; else its start."""
    if state:
        digest, left, lines, last = hashlib.sha256(), state.bytes, 0, b"\n"
        while left and (block := stream.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
            lines += block.count(b"\n")
            last = block[-1:]
        # A last line without its end may have been half a line.
        whole = last == b"\n" or not stream.read(1)
        if not left and digest.hexdigest() == state.sha256 and whole:
            stream.seek(state.bytes)
            return _Reached(state.bytes, lines + 1, digest)
        stream.seek(0)
    return _Reached(0, 1, hashlib.sha256())


def _file_segments(stream: BinaryIO, path: str, reached: _Reached) -> Iterator[Segment]:
    offset, line, digest = reached
    pending, block = b"", b"more"
    while block:
        block = stream.read(BLOCK)
        pending += block
        cut = pending.rfind(b"\n") + 1 if block else len(pending)
        content, pending, skipped = pending[:cut], pending[cut:], 0
        digest.update(content)
        if not content and len(pending) > MAX_LINE:
            digest.update(pending)
            skipped = len(pending) - HEAD
            content, pending = pending[:HEAD], b""
            while rest := stream.readline(BLOCK):
                digest.update(rest)
                skipped += len(rest)
                if rest.endswith(b"\n"):
                    break
        if content:
            segment = Segment(path, offset, line, digest.hexdigest(), content, skipped)
            yield segment
            offset = segment.end
            line += 1 if skipped else content.count(b"\n")


def _batches(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    batch: list[Segment] = []
    size = 0
    for segment in segments:
        batch.append(segment)
        size += len(segment.content)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
