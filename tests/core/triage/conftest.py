"""Verdicts over a log of their own, with a clock that is set by hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.records.captures import Capture, Provenance
from core.store import CaptureLog, QueueTable
from core.triage.verdicts import Verdicts
from tests.support.records import NOON, make_capture, make_image, make_prediction

SECOND = timedelta(seconds=1)


class Clock:
    """The time that triage sees; every call takes a microsecond."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time

    def wait(self, time: timedelta) -> None:
        """Let time pass."""
        self.time += time


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verdicts(log: CaptureLog, clock: Clock) -> Verdicts:
    return Verdicts(log, QueueTable(log.database), clock=clock)


def put(
    log: CaptureLog,
    p_value: float | None,
    *,
    class_id: int = 14,
    seconds: float = 0,
    seed: int = 0,
    source: str | None = "cam",
) -> Capture:
    """A flagged capture in the log."""
    image = make_image(seed)
    capture = make_capture(
        image,
        inferred_at=NOON + seconds * SECOND,
        provenance=Provenance(source=source),
        prediction=make_prediction(class_id, p_value=p_value, flagged=True),
    )
    log.append([capture], [image])
    return capture


def delete(log: CaptureLog, *captures: Capture) -> None:
    """As retention does."""
    with log.database.transaction() as transaction:
        for capture in captures:
            transaction.execute(
                "DELETE FROM log.captures WHERE capture_id = ?::UUID", [capture.capture_id]
            )
