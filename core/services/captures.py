"""Captured requests: the list, their images, capture settings, capture files, ground truth."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from core.capture.files.exporter import Frame, export_frames
from core.capture.files.ground_truth import MergeAnswer, merge
from core.capture.files.importer import Importer
from core.capture.files.records import capture_record
from core.capture.images import CapturedImages
from core.capture.rules import CaptureRules
from core.capture.writer import Capturer, to_stored_image
from core.capture.zip import write_captures
from core.images import ImageFile
from core.invocations import RequestLimits
from core.records.analysts import Permission
from core.records.capture_files import ImportedFile, UnreadableLine
from core.records.captures import Capture, StoredImage
from core.records.permissions import needs
from core.records.queries import NEWEST, CaptureFilter, Cursor, Page
from core.records.verdicts import TriageItem
from core.records.window import Window, now
from core.store import CaptureFilesTable, CaptureLog, ImportLists
from core.store.copying import copy_log

LEFTOVER = ".backup-"  # how a file begins that a killed process may leave


class Captures:
    """What pages, endpoint and command line ask of captured requests.

    Attributes
    ----------
    rules
        What of each endpoint's traffic is captured.
    """

    def __init__(
        self, log: CaptureLog, capturer: Capturer, rules: CaptureRules, limits: RequestLimits
    ) -> None:
        self.rules = rules
        self._log = log
        self._capturer = capturer
        self._limits = limits
        self._images = CapturedImages(log, limits.image)
        self._files = CaptureFilesTable(log.database)
        self._imports = ImportLists(log.database)

    # -- the list --------------------------------------------------------------------------

    def one(self, capture_id: str) -> TriageItem:
        """One capture with its decision; raises NotFound."""
        return self._log.capture(capture_id)

    def page(self, chosen: CaptureFilter, cursor: Cursor = NEWEST, *, limit: int = 25) -> Page:
        """Up to `limit` captures from the cursor's place on, newest first."""
        return self._log.listing.page(chosen, cursor, limit=limit)

    def newest(self, chosen: CaptureFilter, *, limit: int) -> Iterator[TriageItem]:
        """The first `limit` captures, newest first, read piece by piece."""
        return self._log.listing.each(chosen, limit=limit)

    def count(self, chosen: CaptureFilter) -> int:
        """How many captures the filter lets through."""
        return self._log.count(chosen)

    def last_at(self) -> datetime | None:
        """When the newest capture was made; None while there is none."""
        return self._log.last_capture_at()

    # -- images ----------------------------------------------------------------------------

    def image(self, sha256: str | None) -> ImageFile:
        """An image, decoded; raises NotFound, also for None: a capture without an image."""
        return self._images.decoded(sha256)

    def stored_image(self, sha256: str | None) -> StoredImage:
        """The file of an image as the log keeps it; raises NotFound."""
        return self._images.file(sha256)

    def stored_images(self, names: Sequence[str | None]) -> dict[str, StoredImage]:
        """Those of the named images that the log has, by SHA-256."""
        return self._log.images(names)

    def images_of(self, capture_ids: Sequence[str]) -> dict[str, StoredImage]:
        """The images of captures, by capture id; a capture without an image is missing."""
        chosen = CaptureFilter(capture_ids=tuple(capture_ids))
        captures = [item.capture for item in self._log.find(chosen, limit=len(capture_ids))]
        files = self._log.images([capture.image_sha256 for capture in captures])
        return {
            capture.capture_id: files[capture.image_sha256]
            for capture in captures
            if capture.image_sha256 in files
        }

    @needs(Permission.IMPORTS)
    def keep_reference(self, image: ImageFile) -> str:
        """Keep a clean image for captures to name in their provenance; returns its SHA-256."""
        return self.keep_stored(to_stored_image(image))

    @needs(Permission.IMPORTS)
    def keep_stored(self, image: StoredImage) -> str:
        """As `keep_reference`, without its pixels."""
        self._capturer.store([], [image])
        return image.sha256

    # -- capture files ---------------------------------------------------------------------

    def record(self, capture: Capture, image: StoredImage | None) -> dict[str, Any]:
        """One capture as a line of a capture file."""
        return capture_record([capture], {image.sha256: image} if image else {})

    def write_zip(
        self, file: IO[bytes], captures: Iterable[Capture], progress: Callable[[int], None]
    ) -> int:
        """Write a ZIP of captures and their images, as `write_captures` does."""
        return write_captures(file, captures, self._log.images, progress)

    def export(self, window: Window) -> Iterator[Frame]:
        """The window's captures and ground truth as capture files."""
        return export_frames(self._files, self._log.images, window)

    def backup(self, folder: Path) -> IO[bytes]:
        """The whole log as of now, as one file of `folder` that is gone when it is closed."""
        path = folder / f"{LEFTOVER}{uuid.uuid4()}.duckdb"
        copy_log(self._log.database, path)
        file = path.open("rb")
        path.unlink()
        return file

    def importer(self) -> Importer:
        """Reads capture files into the log."""
        return Importer(self._files, self._limits)

    def imported_files(self, *, limit: int) -> list[ImportedFile]:
        """The files that were imported last, the latest first."""
        return self._imports.files(limit=limit)

    def count_imported_files(self) -> int:
        """How many files were ever imported."""
        return self._imports.count_files()

    def unreadable_lines(
        self, *, limit: int, after: UnreadableLine | None = None
    ) -> list[UnreadableLine]:
        """Unreadable lines in the order of file and number, those behind `after`."""
        return self._imports.unreadable(limit=limit, after=after)

    def count_unreadable_lines(self) -> int:
        """How many lines could not be read."""
        return self._imports.count_unreadable()

    @needs(Permission.IMPORTS)
    def merge_ground_truth(self, content: bytes) -> MergeAnswer:
        """Keep labels of requests, one JSON object a line; raises BadInput and TooLarge."""
        return merge(self._files, self._limits, content, now())
