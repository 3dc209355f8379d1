"""Verdicts over a log of their own, with a clock that is set by hand."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.images import ImageLimits
from core.records.captures import Capture, Provenance
from core.records.explanations import Explanation
from core.store import CaptureLog, QueueTable
from core.triage.verdicts import Verdicts
from tests.support.explaining import make_explanation
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


LIMITS = ImageLimits(1_000_000, 1_000_000)


class Explainer:
    """Answers with a map of one place, and remembers what was asked."""

    def __init__(self) -> None:
        self.images: list[np.ndarray] = []

    def __call__(
        self, images: Sequence[np.ndarray], classes: Sequence[int | None]
    ) -> list[Explanation]:
        assert list(classes) == [None] * len(images)
        self.images = list(images)
        return [
            make_explanation(np.eye(len(pixels)), probability=0.5 + number / 10)
            for number, pixels in enumerate(images)
        ]


@pytest.fixture
def explainer() -> Explainer:
    return Explainer()


def put_clean(log: CaptureLog, class_id: int, seed: int, **changes: object) -> Capture:
    image = make_image(seed)
    capture = make_capture(image, prediction=make_prediction(class_id), **changes)
    log.append([capture], [image])
    return capture


def put_made_of(log: CaptureLog, reference: str) -> Capture:
    """An attack on an image."""
    image = make_image(1)
    capture = make_capture(
        image,
        provenance=Provenance("lab", 3, "pgd", 14, reference),
        prediction=make_prediction(14, p_value=0.001, flagged=True),
    )
    log.append([capture], [image])
    return capture
