"""Signs that the test's classifier tells apart, and the running program to be drilled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.images import ImageFile
from core.model.predictor import Predictor
from core.services import Services
from core.simulation import drill_run
from core.simulation.drill_traffic import Sign
from core.store import CaptureLog
from tests.support.clock import Clock
from tests.support.drifting import Stream
from tests.support.images import blocks
from tests.support.observing import BASELINE
from tests.support.webhook import Webhook


@pytest.fixture(scope="module")
def signs(predictor: Predictor) -> list[Sign]:
    """Images that the test's classifier tells apart, each of the class that it predicts."""
    images = [blocks(seed) for seed in range(96)]
    predictions = predictor.predict(images)
    return [
        Sign(ImageFile.from_pixels(image), each.class_id)
        for image, each in zip(images, predictions, strict=True)
    ]


@pytest.fixture
def drilled(
    environment: pytest.MonkeyPatch,
    signs: list[Sign],
    hook: Webhook,
    request: pytest.FixtureRequest,
) -> Services:
    """The running program, with few requests a drill and an alert to a local webhook."""
    environment.setenv("SIGNWATCH_ALERTS", hook.url)
    environment.setattr("core.services.root.drawn_signs", lambda: signs)
    environment.setattr("core.services.root.DETECTOR_SECONDS", 0.2)
    environment.setattr(drill_run, "CLEAN", 120)
    environment.setattr(drill_run, "MOST_CLEAN", 0)
    signwatch: Services = request.getfixturevalue("signwatch")
    request.getfixturevalue("dashboard")
    return signwatch


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    """A log with a baseline in force from noon on, and no program around it."""
    log = CaptureLog(tmp_path / "log.duckdb")
    stream = Stream(log, Clock())
    stream.use(BASELINE)
    yield stream
    log.close()
