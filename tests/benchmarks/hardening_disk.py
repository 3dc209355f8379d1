"""A disk that fills up under load and is freed: how long until it answers, and what is lost."""

from __future__ import annotations

import resource
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from core.capture.writer import Capturer
from core.errors import Unavailable
from core.store import CaptureLog
from tests.benchmarks.rows import Row, Rows
from tests.support.records import make_capture, make_image

LARGEST = 12_000_000  # bytes of a file, as long as the disk is full
PATIENCE = 60.0  # seconds


def rows() -> Rows:
    """Files that cannot grow stand for a disk without room: both fail at the same call."""
    with tempfile.TemporaryDirectory() as folder:
        log = CaptureLog(Path(folder) / "log.duckdb")
        log.database.rows("SET GLOBAL wal_autocheckpoint = '1MB'")  # so that this is what fails
        capturer, stored, image = Capturer(log), [], make_image()

        def send() -> None:
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
