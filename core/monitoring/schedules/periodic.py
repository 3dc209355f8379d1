"""Periodic work, for as long as the program runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

SLACK = 0.05  # seconds after the full minute, so that it is surely over


class Repeating:
    """Calls `run` on a thread of its own until closed, after `pause()` seconds each time.

    A failing call is logged, not fatal. It has a thread of its own because it works by time, not
    on items as `core.jobs.Worker` does. APScheduler's own loop waits for a moment on the clock: set
    back by a day, it would sleep for a day. This one waits for so many seconds, whatever the clock
    does.
    """

    def __init__(
        self, run: Callable[[], object], pause: Callable[[], float], *, at_once: bool = False
    ) -> None:
        """Start; at_once: without a pause before the first call."""
        self._run = run
        self._pause = pause
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(at_once,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; a call under way ends first."""
        self._closed.set()
        self._thread.join()

    def _work(self, at_once: bool) -> None:
        if at_once:
            self._call()
        while not self._closed.wait(self._pause()):
            self._call()

    def _call(self) -> None:
        try:
            self._run()
        except Exception:
            logger.exception("What repeats failed, and is called again")


def to_full_minute() -> float:
    """Seconds until the next full minute has begun."""
    return 60 - time.time() % 60 + SLACK
