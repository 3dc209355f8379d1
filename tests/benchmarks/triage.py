"""How soon the next flagged prediction is there after a verdict, over a long log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.records.analysts import LOCAL
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services, TriageSession
from core.settings import Settings
from tests.benchmarks import log as long_log
from tests.benchmarks.rows import Row, Rows
from tests.support.records import make_image

CAPTURES = 1_000_000
IMAGES = 86
VERDICTS = 60
PACE = 2.0  # seconds that an analyst takes for each
AHEAD = 2  # contexts that the page asks for beforehand
LONGEST = 60.0  # seconds


def rows() -> Rows:
    """The 95th percentile over VERDICTS verdicts, each of which reads the whole queue anew.

    Beside it the quartiles.
    """
    with _services() as services:
        session = services.triage.session(LOCAL)
        session.next()
        _look_around(services, session)
        waits = np.array([_verdict(services, session) for _ in range(VERDICTS)]) * 1000
    for name, each in zip(
        ("next item with image after a verdict, 1M captures", "the same with maps and neighbours"),
        waits.T,
        strict=True,
    ):
        low, high, late = np.percentile(each, (25, 75, 95)).tolist()
        yield Row(f"{name}, ms, 95 % within", late, 300, False, (low, high))


def _verdict(services: Services, session: TriageSession) -> tuple[float, float]:
    """Seconds from a verdict to the next item with its image, and with all around it."""
    time.sleep(PACE)
    opened = session.opened
    assert opened is not None
    started = time.perf_counter()
    assert session.decide(opened.turn, GivenVerdict(Verdict.NOT_A_SIGN)) is not None
    assert session.opened is not None
    assert session.opened.capture_id != opened.capture_id
    services.triage.image(session.opened.item.capture)
    visible = time.perf_counter()
    _look_around(services, session)
    return visible - started, time.perf_counter() - started


def _look_around(services: Services, session: TriageSession) -> None:
    """What the page does after the item itself: the queue, and the context."""
    session.read_queue()
    assert session.opened is not None
    name = session.opened.capture_id
    services.triage.contexts.ask([name, *session.ahead[:AHEAD]])
    context = services.triage.contexts.wait(name, LONGEST)
    assert context is not None
    assert context.problem is None
    assert len(context.around) > 1


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
