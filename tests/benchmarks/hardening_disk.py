"""A disk that fills up under load and is freed: how long until it answers, and what is lost."""

from __future__ import annotations

import resource
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from core.capture.writer import Capturer, to_stored_image
from core.errors import Unavailable
from core.images import ImageFile
from core.store import CaptureLog
from tests.benchmarks.rows import Row, Rows
from tests.support.images import noise
from tests.support.records import make_capture

LARGEST = 12_000_000  # bytes of a file, as long as the disk is full
PATIENCE = 60.0  # seconds


def rows() -> Rows:
    """Files that cannot grow stand for a disk without room: both fail at the same call."""
    with tempfile.TemporaryDirectory() as folder:
        log = CaptureLog(Path(folder) / "log.duckdb")
        log.database.rows("SET GLOBAL wal_autocheckpoint = '1MB'")  # so that this is what fails
        capturer, stored, seeds = Capturer(log), [], count()

        def send() -> None:
            # Noise, each image another one: the log can neither compress nor share it.
            image = to_stored_image(ImageFile.from_pixels(noise(64, 64, next(seeds))))
            capture = make_capture(image)
            capturer.store([capture], [image])
            stored.append(capture.capture_id)

        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, before[1]))
        try:
            with suppress(Unavailable):
                while True:
                    send()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            with suppress(Unavailable):
                send()
                break
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        found = [
            name for (name,) in log.database.rows("SELECT capture_id::VARCHAR FROM log.captures")
        ]
        capturer.close()
        log.close()
    print(f"disk full after {len(stored) - 1:,} requests")
    yield Row("disk full and freed: seconds to answer", seconds, 10, False)
    yield Row("disk full and freed: lost", len(set(stored) - set(found)), 0, False)
    yield Row("disk full and freed: doubled", len(found) - len(set(found)), 0, False)
