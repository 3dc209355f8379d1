"""What travels from capture files into the log: rows, and how far each file was read.

Rows are plain tuples and their times UTC without a zone, because they come by the million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from core.records.captures import StoredImage


class CaptureRow(NamedTuple):
    """A capture as a file tells it; the names are those of `Capture` and of the log."""

    capture_id: str
    event_id: str
    position: int
    endpoint: str
    variant: str
    inferred_at: datetime
    input_content_type: str | None
    output_content_type: str | None
    inference_id: str | None
    custom_attributes: list[str] | None
    image_sha256: str | None
    class_id: int | None
    confidence: float | None
    probabilities: Sequence[float] | None
    source: str | None
    label: int | None
    attack: str | None
    target: int | None
    clean_sha256: str | None
    input_data: str | None
    input_encoding: str | None
    output_data: str | None
    output_encoding: str | None
    envelope: str | None


class GroundTruthRow(NamedTuple):
    """The true class of one image. reference: an inference id where the line has one, else its
    event id; hour: the folder's, for the way out. data, encoding: the line's, word for word, at
    position 0; elsewhere data is empty.
    """

    reference: str
    position: int
    class_id: int
    data: str
    encoding: str
    path: str
    hour: datetime
    envelope: str | None


class UnreadableRow(NamedTuple):
    """A line that could not be read. inferred_at: None where it was no record of a prediction."""

    path: str
    line: int
    endpoint: str | None
    variant: str | None
    inferred_at: datetime | None
    reason: str
    content: str


class ImportedFile(NamedTuple):
    """A capture file and what became of its lines, as far as it was read."""

    path: str
    lines: int
    stored: int
    repeated: int
    unreadable: int
    ground_truth: int
    imported_at: datetime


class UnreadableLine(NamedTuple):
    """A line that could not be read, and why. line: its number, from 1."""

    path: str
    line: int
    reason: str
    content: str


@dataclass
class LineCounts:
    """What became of lines; blank ones are not counted. The four last add up to the first."""

    lines: int = 0
    stored: int = 0
    repeated: int = 0
    ground_truth: int = 0
    unreadable: int = 0

    def add(self, other: LineCounts) -> None:
        """Count `other` in."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class FileState:
    """How far a file was read: so many bytes, with that hex SHA-256; blank lines not counted."""

    bytes: int
    sha256: str
    counts: LineCounts

    def to_json(self) -> dict[str, Any]:
        """What a client needs to continue the file."""
        return {"bytes": self.bytes, "sha256": self.sha256, **asdict(self.counts)}

    @staticmethod
    def from_json(document: dict[str, Any]) -> FileState:
        """The state that `to_json` wrote."""
        counts = LineCounts(**{name: document[name] for name in asdict(LineCounts())})
        return FileState(document["bytes"], document["sha256"], counts)


@dataclass
class Batch:
    """What goes into the log in one transaction. files: path -> state after it."""

    captures: list[CaptureRow] = field(default_factory=list)
    ground_truth: list[GroundTruthRow] = field(default_factory=list)
    unreadable: list[UnreadableRow] = field(default_factory=list)
    images: dict[str, StoredImage] = field(default_factory=dict)
