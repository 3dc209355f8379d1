"""A clock that does not run ahead of the machine: what deletes by age goes by it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from core.records.window import MOMENT, now

logger = logging.getLogger(__name__)

TOLERANCE = timedelta(minutes=10)  # that a clock may be put right by at once
BELIEVED = timedelta(days=1)  # after so long a clock that was set ahead is believed


def running() -> float:
    """Seconds that this machine has run, its sleep included; no clock is set by it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The time now; after a jump ahead, for a day the time that it would be without.

    Set ahead by mistake, a clock makes everything old, and retention would delete it all.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon, seconds = datetime(2026, 2, 14, 12, tzinfo=UTC), 0.0
    >>> at = noon
    >>> clock = SteadyClock(lambda: at, lambda: seconds)
    >>> at, seconds = noon + timedelta(days=400), 60.0
    >>> clock()
    datetime.datetime(2026, 2, 14, 12, 1, tzinfo=datetime.timezone.utc)
    """

    def __init__(
        self, clock: Callable[[], datetime] = now, run: Callable[[], float] = running
    ) -> None:
        self._clock = clock
        self._run = run
        self._lock = threading.Lock()
        self._known = clock(), run()  # a time that is believed, and how long the machine had run
        self._ahead_since: float | None = None

    def __call__(self) -> datetime:
        """The time, aware, in UTC."""
        with self._lock:
            at, run = self._clock(), self._run()
            expected = self._known[0] + timedelta(seconds=run - self._known[1])
            if at <= expected + TOLERANCE:
                self._ahead_since = None
            elif self._ahead_since is None:
                logger.warning(
                    "The clock was set ahead, from %s to %s UTC. Nothing is deleted for its age "
                    "because of that in the next %s h",
                    f"{expected:{MOMENT}}",
                    f"{at:{MOMENT}}",
                    BELIEVED // timedelta(hours=1),
                )
                self._ahead_since = run
                return expected
            elif run - self._ahead_since < BELIEVED.total_seconds():
                return expected
            self._ahead_since = None
            self._known = at, run
            return at
