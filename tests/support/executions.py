"""Runs of the monitor, as they end."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.monitoring.evaluate import evaluate
from core.records.monitoring import Execution, Trigger, WindowFigures
from core.records.window import Window
from tests.support.records import NOON

CLEAN = {1: 40, 2: 30, 14: 30}
STOPS = {14: 322, 1: 40, 2: 38}


def ended(
    counts: Mapping[int, int],
    at: datetime = NOON,
    *,
    endpoint: str | None = None,
    threshold: float = 0.5,
) -> Execution:
    """The run over the hour before `at`, with these counts by class."""
    window = Window(at - timedelta(hours=1), at, endpoint)
    figures = WindowFigures(sum(counts.values()), counts, 0.9, 0, 0)
    return evaluate(window, figures, threshold=threshold, trigger=Trigger.MANUAL, started_at=at)
