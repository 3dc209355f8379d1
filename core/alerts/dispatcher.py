"""Alerts: somebody is notified of runs with violations, on a thread of its own."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tenacity import (
    RetryError,
    Retrying,
    retry_if_result,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential,
)

from core.alerts.channels import AlertChannel, Tone
from core.alerts.message import message
from core.alerts.policy import decide, test_notice
from core.errors import BadInput
from core.jobs import Worker
from core.metrics import Metrics
from core.records.alerts import Delivery, Notice, NoticeKind
from core.records.analysts import Permission
from core.records.monitoring import Execution, WindowFigures
from core.records.permissions import needs
from core.records.plain_text import visible
from core.records.window import Window, now
from core.store import AlertsTable

logger = logging.getLogger(__name__)

MAX_WAITING = 100  # runs; of what comes while as many wait, nobody is notified
ATTEMPTS = 4
BACKOFF = wait_exponential(multiplier=2, max=30)  # 2, 4, 8 s between the attempts
PATIENCE = 10.0  # seconds that closing waits for what is not sent yet
TONES = {
    NoticeKind.ALERT: Tone.FAILURE,
    NoticeKind.REMINDER: Tone.FAILURE,
    NoticeKind.RECOVERY: Tone.SUCCESS,
    NoticeKind.TEST: Tone.INFO,
}


@dataclass(frozen=True)
class Message:
    """What goes to every channel. image: a chart, as PNG."""

    title: str
    text: str
    tone: Tone
    image: bytes | None = None


class Alerts:
    """Notifies every channel of what runs of the monitor found.

    Parameters
    ----------
    channels
        Where alerts go.
    table
        Keeps each alert and what became of it; of several processes, one sends.
    metrics
        Count deliveries.
    chart
        Draws the class frequencies of a window over a threshold, as PNG.
    reminder
        While violations last, an alert is repeated after so long; 0 means never.
    address
        Of the dashboard, if it is known.
    clock
        The time now.
    """

    def __init__(
        self,
        channels: Sequence[AlertChannel],
        table: AlertsTable,
        metrics: Metrics,
        *,
        chart: Callable[[WindowFigures, Window, float], bytes],
        reminder: timedelta,
        address: Callable[[], str | None],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.channels = tuple(channels)
        self._table = table
        self._metrics = metrics
        self._chart = chart
        self._reminder = reminder
        self._address = address
        self._clock = clock
        self._closed = threading.Event()
        self._worker: Worker[Execution | Message] = Worker(
            "alerts", self._work, failed=self._failed, most=MAX_WAITING
        )

    def consider(self, execution: Execution) -> None:
        """Send an alert of a run, if one is due. Takes no time and raises nothing."""
        self._offer(execution)

    def tell(self, title: str, text: str, tone: Tone) -> None:
        """Send a message about Signwatch itself. Takes no time, raises nothing, asks no log."""
        address = self._address()
        details = f"\nDetails: {address}" if address else ""
        self._offer(Message(title, text + details, tone))

    @needs(Permission.ALERTS)
    def test(self) -> list[Delivery]:
        """Send a test message to every channel now, once each.

        Raises
        ------
        BadInput
            Without channels.
        """
        if not self.channels:
            raise BadInput("there is no alert channel to test. Set SIGNWATCH_ALERTS and restart")
        notice = test_notice(self._clock())
        self._table.add(notice)
        title, body = message(notice, None, self._address())
        deliveries = [
            self._delivery(notice.notice_id, channel, channel.send(title, body, Tone.INFO))
            for channel in self.channels
        ]
        self._keep(deliveries)
        return deliveries

    def lasting(self) -> list[Notice]:
        """Of each endpoint whose violations last, the last alert."""
        return self._table.lasting()

    def deliveries(self, limit: int) -> list[tuple[Notice, Delivery]]:
        """The latest deliveries with their alerts, newest first."""
        return self._table.deliveries(limit)

    def flush(self) -> None:
        """Return once everything that waits has been sent."""
        self._worker.flush()

    def close(self) -> None:
        """Stop; what waits is tried once more. The next run repeats what nobody got."""
        self._closed.set()
        self._worker.close(finish=True, seconds=PATIENCE)

    def _offer(self, item: Execution | Message) -> None:
        if not self.channels or self._closed.is_set():
            return
        if not self._worker.offer(item):
            logger.warning("Too many alerts are waiting; none is sent for %s", _named(item))
            self._metrics.alerted("dropped")

    def _failed(self, item: Execution | Message, error: Exception) -> None:
        logger.error("No alert of %s could be sent: %s", _named(item), error)
        self._metrics.alerted("failed")

    def _work(self, item: Execution | Message) -> None:
        if isinstance(item, Message):
            self._count(self._send(str(uuid.uuid4()), item))
        else:
            self._notify(item)

    def _notify(self, execution: Execution) -> None:
        notice = self._table.claim(
            execution.window.endpoint,
            execution.schedule,
            partial(decide, execution, reminder=self._reminder, at=self._clock()),
        )
        if notice is None:
            return
        title, body = message(notice, execution, self._address())
        found, image = execution.figures, None
        if found is not None:
            image = self._chart(found, execution.window, execution.threshold)
        self._keep(self._send(notice.notice_id, Message(title, body, TONES[notice.kind], image)))

    def _send(self, name: str, what: Message) -> list[Delivery]:
        """Every channel, and those that failed again after a pause, ATTEMPTS times at most."""
        outcomes: dict[AlertChannel, Delivery] = {}

        def attempt() -> bool:
            for channel in self.channels:
                if channel not in outcomes or not outcomes[channel].delivered:
                    why = channel.send(what.title, what.text, what.tone, what.image)
                    outcomes[channel] = self._delivery(name, channel, why)
            return all(outcome.delivered for outcome in outcomes.values())

        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS) | stop_when_event_set(self._closed),
            wait=BACKOFF,
            retry=retry_if_result(lambda done: not done),
            sleep=sleep_using_event(self._closed),
        )
        with suppress(RetryError):
            retrying(attempt)
        return list(outcomes.values())

    def _delivery(self, name: str, channel: AlertChannel, why: str | None) -> Delivery:
        return Delivery(name, channel.label, why is None, why or "", self._clock())

    def _keep(self, deliveries: Sequence[Delivery]) -> None:
        self._count(deliveries)
        self._table.add_deliveries(deliveries)

    def _count(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            self._metrics.alerted("delivered" if each.delivered else "failed")
            if not each.delivered:
                logger.warning("No alert reached %s: %s", each.channel, visible(each.reason))


def _named(item: Execution | Message) -> str:
    return f"run {item.execution_id}" if isinstance(item, Execution) else repr(item.title)
