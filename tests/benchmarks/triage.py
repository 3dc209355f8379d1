"""How soon the next flagged prediction is there after a verdict, over a long log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.records.analysts import LOCAL
from core.records.verdicts import Verdict
from core.services import Services
from core.settings import Settings
from core.triage import Said, Sitting, shown
from tests.benchmarks import log as long_log
from tests.benchmarks.rows import Row, Rows
from tests.support.records import make_image

CAPTURES = 1_000_000
IMAGES = 86
VERDICTS = 60
PACE = 2.0  # seconds that an analyst looks at each
AHEAD = 2  # close looks that the page asks for beforehand
LONGEST = 60.0  # seconds


def rows() -> Rows:
    """The 95th percentile over VERDICTS verdicts, of which each looks anew at the whole queue."""
    with _services() as services:
        sitting = Sitting(services.desk, LOCAL)
        sitting.next()
        _look_on(services, sitting)
        waits = np.array([_verdict(services, sitting) for _ in range(VERDICTS)]) * 1000
    item, everything = np.percentile(waits, 95, axis=0)
    yield Row("next item with image after a verdict, 1M captures, ms", item, 300, False)
    yield Row("the same with maps, group and neighbours, ms", everything, 300, False)


def _verdict(services: Services, sitting: Sitting) -> tuple[float, float]:
    """Seconds from a verdict to the next item with its image, and with all around it."""
    time.sleep(PACE)
    opened = sitting.opened
    assert opened is not None
    started = time.perf_counter()
    assert sitting.decide(opened.turn, Said(Verdict.NOT_A_SIGN)) is not None
    assert sitting.opened is not None
    assert sitting.opened.capture_id != opened.capture_id
    shown(services.image(sitting.opened.item.capture.image_sha256))
    visible = time.perf_counter()
    _look_on(services, sitting)
    return visible - started, time.perf_counter() - started


def _look_on(services: Services, sitting: Sitting) -> None:
    """What the page does after the item itself: the queue, and the close look."""
    sitting.look()
    assert sitting.opened is not None
    name = sitting.opened.capture_id
    services.closeups.ask([name, *sitting.ahead[:AHEAD]])
    seen = services.closeups.wait(name, LONGEST)
    assert seen is not None
    assert seen.problem is None
    assert len(seen.around) > 1


@contextmanager
def _services() -> Iterator[Services]:
    images = [make_image(seed).content for seed in range(IMAGES)]
    with long_log.built(CAPTURES, images) as log:
        path = Path(str(log.database.address))
        log.close()
        services = Services(replace(Settings(), local=path.parent, store=str(path)))
        try:
            yield services
        finally:
            services.close()
