"""How fast one run of the monitor is over a long log, alone and beside Evidently."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.records.monitoring import ExecutionStatus
from core.records.window import Window
from core.services import Services
from core.settings import Settings
from tests.benchmarks import log as long_log
from tests.benchmarks.log import CAPTURES, DAYS, END, START, seconds
from tests.benchmarks.rows import Row, Rows
from tests.benchmarks.worker import EVIDENTLY, run_peers

COMPARED = 1_000_000
REFERENCE = 100_000
COLUMNS = ("class_id", "flagged", "confidence", "p_value")


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
    yield Row(
        "one run over 10M captures, s",
        seconds(lambda: services.monitoring.run(everything)),
        1,
        False,
    )
    _check(services, latest, COMPARED)
    own = seconds(lambda: services.monitoring.run(latest))
    theirs = run_peers(
        "evidently_drift",
        python=EVIDENTLY,
        **_columns(services, "current", latest),
        **_columns(services, "reference", before),
    )
    report = statistics.median(theirs["seconds"].tolist())
    alone = run_peers(
        "evidently_drift",
        python=EVIDENTLY,
        **_columns(services, "current", latest, COLUMNS[:1]),
        **_columns(services, "reference", before, COLUMNS[:1]),
    )
    print(
        f"over 1M captures: one run {own:.3f} s; Evidently's data drift report on "
        f"{', '.join(COLUMNS)}: {report:.2f} s, on {COLUMNS[0]} alone: "
        f"{statistics.median(alone['seconds'].tolist()):.2f} s"
    )
    yield Row("over 1M captures: time of Evidently's report / a run", report / own, 50, True)


def _check(services: Services, window: Window, captures: int) -> None:
    """One run over `window` evaluates so many captures by every rule."""
    done = services.monitoring.run(window)
    assert done.figures is not None and done.figures.total == captures
    assert done.status is not ExecutionStatus.FAILED
    assert all(each.figure is not None for each in done.outcomes[:6])


def _columns(
    services: Services, side: str, window: Window, names: tuple[str, ...] = COLUMNS
) -> dict[str, NDArray[Any]]:
    """The columns of a window's captures, as the report takes them."""
    found = services.log.database.columns(
        f"SELECT {', '.join(names)} FROM log.captures WHERE inferred_at >= ? AND inferred_at < ?",
        [window.start.replace(tzinfo=None), window.end.replace(tzinfo=None)],
    )
    return {f"{side}_{name}": np.ma.masked_array(found[name]).compressed() for name in names}
