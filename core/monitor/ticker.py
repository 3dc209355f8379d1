"""What happens every few seconds for as long as the program runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger


class Ticker:
    """Calls `run` every `seconds`, one call at a time, until closed; one that fails is logged."""

    def __init__(self, run: Callable[[], object], *, seconds: float) -> None:
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            run, IntervalTrigger(seconds=seconds), coalesce=True, max_instances=1,
            misfire_grace_time=None,
        )  # fmt: skip
        self._scheduler.start()

    def close(self) -> None:
        """Stop; a call under way ends first."""
        self._scheduler.shutdown(wait=True)
