"""Whether the log is well: looked at every few seconds, shown everywhere, sent when it changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.alerts.channels import Tone
from core.alerts.dispatcher import Alerts
from core.errors import Unavailable
from core.metrics import Metrics
from core.records.health import LogHealth, LogState
from core.records.window import now
from core.store import CaptureLog
from core.store.address import DAMAGED_ADVICE
from core.store.look import check_readable

logger = logging.getLogger(__name__)


class Health:
    """The state of one log, as this process sees it.

    Parameters
    ----------
    log
        What is looked at.
    alerts
        Where a change is reported. It says so without the log, which may be what is broken.
    metrics
        Get free bytes and the state.
    clock
        The time, aware, in UTC.
    """

    def __init__(
        self,
        log: CaptureLog,
        alerts: Alerts,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._log = log
        self._alerts = alerts
        self._clock = clock
        self._lock = threading.Lock()
        self._latest = LogHealth(LogState.OK, clock())
        self._reported = LogState.OK
        metrics.gauge("signwatch_log_free_bytes", self._free_bytes)
        metrics.gauge("signwatch_log_trouble_seconds", self._trouble_seconds)
        metrics.gauge("signwatch_log_reopened", lambda: log.database.reopened)

    def latest(self) -> LogHealth:
        """As it was when somebody looked last."""
        return self._latest

    def look(self) -> LogHealth:
        """Read and write a little, and keep what came of it; raises nothing."""
        found = self._measured()
        with self._lock:
            before = self._latest
            since = before.since if found.state is before.state else found.since
            self._latest = replace(found, since=since)
            return self._latest

    def watch(self) -> None:
        """Look, and tell a change: once when it comes, once when it is over."""
        found, reported = self.look(), self._reported
        self._reported = found.state
        if found.state is reported:
            return
        if found.state is LogState.OK:
            logger.info("The capture log is well again")
            self._alerts.tell(
                "Signwatch: the capture log is well again", "Nothing has to be done.", Tone.SUCCESS
            )
            return
        logger.error("The capture log: %s", found.sentence)
        self._alerts.tell(f"Signwatch: {found.title}", found.sentence, Tone.FAILURE)

    def check(self) -> None:
        """Look; raise Unavailable if requests are refused, or a part cannot be read."""
        found = self.look()
        if found.state in (LogState.DAMAGED, LogState.DOWN):
            raise Unavailable(found.problem, found.remedy)

    def _measured(self) -> LogHealth:
        at, database = self._clock(), self._log.database
        room = database.room()
        free = room.free if room else None
        try:
            self._log.check_writable()
            check_readable(database)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, captures are not taken.
            if not database.damage:
                why = error if isinstance(error, Unavailable) else Unavailable(str(error))
                return LogHealth(LogState.DOWN, at, why.problem, why.remedy, free)
        if database.damage:
            problem = f"a part of the capture log cannot be read: {database.damage}"
            return LogHealth(LogState.DAMAGED, at, problem, DAMAGED_ADVICE, free)
        if room and room.low:
            return LogHealth(LogState.WARNING, at, room.low, "Free some space", free)
        return LogHealth(LogState.OK, at, free_bytes=free)

    def _free_bytes(self) -> float:
        free = self.look().free_bytes
        return float("nan") if free is None else free

    def _trouble_seconds(self) -> float:
        found = self._latest
        ok = found.state is LogState.OK
        return 0.0 if ok else max(0.0, (self._clock() - found.since).total_seconds())
