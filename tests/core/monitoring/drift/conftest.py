"""A log with a baseline in force from noon on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import CaptureLog
from tests.support.clock import Clock
from tests.support.drifting import Stream
from tests.support.observing import BASELINE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


@pytest.fixture
def stream(log: CaptureLog) -> Stream:
    stream = Stream(log, Clock())
    stream.use(BASELINE)
    return stream
