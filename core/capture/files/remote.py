"""The running dashboard's log as a place for capture files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core import client
from core.capture.files.exporter import Frame
from core.capture.files.importer import ImportAnswer
from core.capture.files.segments import Segment, read_frames
from core.records.capture_files import FileState

IMPORTS, IMPORT, EXPORT = "/api/captures/imports", "/api/captures/import", "/api/captures/export"


class RemoteImporter:
    """Imports into the log of the process at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def states(self) -> dict[str, FileState]:
        """How far every file was read, by path."""
        files = client.read(self._url, IMPORTS)["files"]
        return {path: FileState.from_json(state) for path, state in files.items()}

    def add(self, segments: Sequence[Segment]) -> ImportAnswer:
        """Store what is new in these lines; the other process's errors come back as ours."""
        body = b"".join(segment.to_frame() for segment in segments)
        return ImportAnswer.from_json(client.send(self._url, IMPORT, body))


def remote_frames(url: str, options: dict[str, Any]) -> Iterator[Frame]:
    """What the process at `url` exports."""
    for header, content in read_frames(client.stream(url, EXPORT, options)):
        yield Frame.from_frame(header, content)
