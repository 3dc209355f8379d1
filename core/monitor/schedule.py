"""What happens in the background by the clock: the hourly execution, and upkeep of the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

logger = logging.getLogger(__name__)


UPKEEP_MINUTES = 10


class HourlySchedule:
    """Calls `run` at every full hour (UTC), and `upkeep` every UPKEEP_MINUTES, until closed.

    A failing call is logged, not fatal.
    """

    def __init__(self, run: Callable[[], object], upkeep: Callable[[], object]) -> None:
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._job = self._scheduler.add_job(
            run, CronTrigger(minute=0, timezone=UTC), coalesce=True, max_instances=1,
            misfire_grace_time=3600,
        )  # fmt: skip
        # Processes that were started together do not all come at once.
        self._upkeep = self._scheduler.add_job(
            upkeep, IntervalTrigger(minutes=UPKEEP_MINUTES, jitter=60), coalesce=True,
            max_instances=1,
        )  # fmt: skip
        self._scheduler.start()

    def next_run_at(self) -> datetime:
        """When the next execution is due, in UTC."""
        due: datetime = self._job.next_run_time
        return due

    def close(self) -> None:
        """Stop; an execution under way ends first."""
        self._scheduler.shutdown(wait=True)
