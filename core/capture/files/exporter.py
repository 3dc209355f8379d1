"""The log's captures and ground truth as capture files, hour by hour, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

from core.capture.files.paths import folder, hour_folder
from core.capture.files.records import capture_record, ground_truth_record
from core.capture.files.segments import write_frame
from core.errors import BadInput
from core.records.captures import Capture, StoredImage
from core.records.names import check_endpoint_name
from core.records.window import Window, parse_time
from core.store import CaptureFilesTable

MAX_IMAGES_HELD = 32_000_000  # bytes
MAX_HELD = 500  # captures
ALL_TIME = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
FindImages = Callable[[Sequence[str]], Mapping[str, StoredImage]]


class Frame(NamedTuple):
    """Lines that follow each other in one file. captures: how many they hold, 0 for ground
    truth; total: captures in all of the export.
    """

    path: str
    content: bytes
    captures: int
    total: int

    def to_bytes(self) -> bytes:
        """The frame as it travels."""
        header = {"path": self.path, "captures": self.captures, "total": self.total}
        return write_frame(header, self.content)

    @staticmethod
    def from_frame(header: dict[str, Any], content: bytes) -> Frame:
        """The frame that travelled; raises BadInput."""
        try:
            return Frame(
                str(header["path"]), content, int(header["captures"]), int(header["total"])
            )
        except (KeyError, ValueError, TypeError):
            raise BadInput(
                f"expected a frame with path, captures and total, got {header}"
            ) from None


def export_window(options: Mapping[str, str]) -> Window:
    """The window that `since`, `until` and `endpoint` name; what is missing sets no bound.

    Raises BadInput.
    """
    endpoint = options.get("endpoint")
    if endpoint is not None:
        check_endpoint_name(endpoint)
    start, end = parse_time(options.get("since")), parse_time(options.get("until"))
    return Window(start or ALL_TIME[0], end or ALL_TIME[1], endpoint).checked()


def export_frames(
    table: CaptureFilesTable, find_images: FindImages, window: Window
) -> Iterator[Frame]:
    """Everything of a window, a file after the other, each ordered by time."""
    hours = table.hours(window)
    total = sum(hour.captures for hour in hours)
    for hour in hours:
        path = f"{folder(hour.endpoint, hour.variant, hour.start)}/captures.jsonl"
        for requests in _held(table, table.captures(hour, window)):
            shown = {c.image_sha256 for each in requests for c in each if c.image_sha256}
            images = find_images(sorted(shown)) if shown else {}
            content = _lines(capture_record(each, images) for each in requests)
            yield Frame(path, content, sum(map(len, requests)), total)
    for chunk in table.ground_truth(window):
        for start, rows in groupby(chunk, key=lambda row: row.hour):
            path = f"ground-truth/{hour_folder(start)}/ground-truth.jsonl"
            yield Frame(path, _lines(map(ground_truth_record, rows)), 0, total)


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _held(
    table: CaptureFilesTable, chunks: Iterable[Sequence[Capture]]
) -> Iterator[list[list[Capture]]]:
    """Whole requests, so many at a time that their images can be held."""
    held: list[list[Capture]] = []
    size = captures = 0
    for request, needs in _sized(table, _requests(chunks)):
        if held and (size + needs > MAX_IMAGES_HELD or captures + len(request) > MAX_HELD):
            yield held
            held, size, captures = [], 0, 0
        held.append(request)
        size += needs
        captures += len(request)
    if held:
        yield held


def _requests(chunks: Iterable[Sequence[Capture]]) -> Iterator[list[Capture]]:
    captures = (capture for chunk in chunks for capture in chunk)
    for _, request in groupby(captures, key=lambda c: (c.inferred_at, c.event_id)):
        yield list(request)


def _sized(
    table: CaptureFilesTable, requests: Iterator[list[Capture]]
) -> Iterator[tuple[list[Capture], int]]:
    """Each request with the bytes of its images, asked for many requests at once."""
    while chunk := [request for _, request in zip(range(MAX_HELD), requests, strict=False)]:
        names = {c.image_sha256 for request in chunk for c in request if c.image_sha256}
        sizes = table.image_sizes(sorted(names)) if names else {}
        for request in chunk:
            yield request, sum(sizes.get(c.image_sha256 or "", 0) for c in request)
