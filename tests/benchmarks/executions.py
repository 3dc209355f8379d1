"""How fast one run of the monitor is over a long log, alone and beside Evidently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.records.monitoring import ExecutionStatus
from core.records.window import Window
from core.services import Services
from core.settings import Settings
from tests.benchmarks import log as long_log
from tests.benchmarks import rounds
from tests.benchmarks.log import CAPTURES, DAYS, END, START, seconds
from tests.benchmarks.rows import Row, Rows, measured
from tests.benchmarks.worker import waiting_evidently

COMPARED = 1_000_000
REFERENCE = 100_000
COLUMNS = ("class_id", "flagged", "confidence")  # those that a run reads


def rows() -> Rows:
    """Whole runs: window read, every rule, kept with its outcomes; ten and one million."""
    with long_log.built() as log:
        path = Path(str(log.database.address))
        log.close()
        services = Services(replace(Settings(), local=path.parent, store=str(path)))
        try:
            yield from _measured(services)
        finally:
            services.close()


def _measured(services: Services) -> Rows:
    everything = Window(START, END + timedelta(seconds=1))
    latest = Window(END - timedelta(days=DAYS * COMPARED / CAPTURES), END)
    before = Window(latest.start - timedelta(days=DAYS * REFERENCE / CAPTURES), latest.start)
    services.monitoring.baselines.create(before)
    _check(services, everything, CAPTURES)
    yield Row.of_rounds(
        "one run over 10M captures, s",
        seconds(lambda: services.monitoring.run(everything)),
        1,
        False,
    )
    name = "over 1M captures: time of Evidently's report / a run"
    yield from measured(name, partial(_beside_evidently, name, services, latest, before))


def _beside_evidently(name: str, services: Services, latest: Window, before: Window) -> Rows:
    """A run reads its window from the log; the report begins with its columns in memory."""
    _check(services, latest, COMPARED)
    columns = _columns(services, "current", latest) | _columns(services, "reference", before)
    with waiting_evidently("evidently_drift", **columns) as report:
        ways: dict[str, Callable[[], float]] = {
            "run": lambda: rounds.seconds(lambda: services.monitoring.run(latest)),
            "report": lambda: report(" ".join(COLUMNS)),
            "classes alone": lambda: report(COLUMNS[0]),
        }
        taken = {way: np.array(found) for way, found in rounds.interleaved(ways).items()}
    own, theirs, alone = (np.median(taken[way]) for way in ways)
    print(
        f"over 1M captures: one run {own:.3f} s; Evidently's data drift report on "
        f"{', '.join(COLUMNS)}: {theirs:.2f} s, on {COLUMNS[0]} alone: {alone:.2f} s"
    )
    yield Row.of_rounds(name, taken["report"] / taken["run"], 50, True)


def _check(services: Services, window: Window, captures: int) -> None:
    """One run over `window` evaluates so many captures by every rule."""
    done = services.monitoring.run(window)
    assert done.figures is not None and done.figures.total == captures
    assert done.status is not ExecutionStatus.FAILED
    assert all(each.figure is not None for each in done.outcomes[:6])


def _columns(services: Services, side: str, window: Window) -> dict[str, NDArray[Any]]:
    """The columns of a window's captures, as the report takes them."""
    found = services.log.database.columns(
        f"SELECT {', '.join(COLUMNS)} FROM log.captures WHERE inferred_at >= ? AND inferred_at < ?",
        [window.start.replace(tzinfo=None), window.end.replace(tzinfo=None)],
    )
    return {f"{side}_{name}": np.ma.masked_array(found[name]).compressed() for name in COLUMNS}
