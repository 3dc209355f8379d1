"""Work in the background, how far it is, and how somebody stops it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from core.errors import Cancelled

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int, str], None]  # done, total, what is being done
IsCancelled = Callable[[], bool]
Work = Callable[[Progress, IsCancelled], Result]


def in_silence(done: int, total: int, text: str) -> None:
    """Progress that nobody watches."""


def never() -> bool:
    """Nobody cancels."""
    return False


def part_of(progress: Progress, number: int, parts: int) -> Progress:
    """The progress of one of several parts, reported as progress of the whole.

    Parameters
    ----------
    progress
        Of the whole.
    number
        Which part, from 0.
    parts
        How many parts there are; each counts alike.

    Examples
    --------
    >>> second = part_of(print, 1, 4)
    >>> second(3, 10, "step 3")
    13 40 step 3
    """
    return lambda done, total, text: progress(number * total + done, parts * total, text)


@dataclass(frozen=True)
class Reached:
    """How far the work is: done of total, and what is being done."""

    done: int = 0
    total: int = 0
    text: str = "starting"

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Job(Generic[Result]):
    """One piece of work on a thread of its own.

    It ends with its process, finished or not: nothing of it is kept but what `result` hands out.

    Parameters
    ----------
    title
        What it is called in messages.
    work
        Called with ``progress(done, total, text)`` and ``cancelled()``; it starts at once.

    Examples
    --------
    >>> def add(progress, cancelled):
    ...     total = 0
    ...     for number in range(1, 4):
    ...         progress(number, 3, f"adding {number}")
    ...         total += number
    ...     return total
    >>> job = Job("Adding", add)
    >>> job.result()
    6
    >>> job.reached.share, job.reached.text
    (1.0, 'adding 3')
    """

    def __init__(self, title: str, work: Work[Result]) -> None:
        self.title = title
        self.reached = Reached()
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._result: Result
        run = partial(copy_context().run, self._run, work)  # it acts for whoever starts it
        threading.Thread(target=run, name=title, daemon=True).start()

    def cancel(self) -> None:
        """Ask the work to stop; from now on it has no result."""
        self._cancelled.set()

    @property
    def ended(self) -> bool:
        """Whether `result` has an answer."""
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Until the work has ended, at most `seconds`; whether it has."""
        return self._ended.wait(seconds)

    def result(self) -> Result:
        """Wait for the end of the work.

        Returns
        -------
        Result
            What the work returned.

        Raises
        ------
        Cancelled
            Somebody called `cancel`, even if the work ended before it noticed.
        Exception
            What the work raised.
        """
        self._ended.wait()
        if self._error is not None:
            raise self._error
        if self._cancelled.is_set():
            raise Cancelled(f"{self.title} was cancelled; nothing of it was kept")
        return self._result

    def _run(self, work: Work[Result]) -> None:
        try:
            self._result = work(self._report, self._cancelled.is_set)
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        finally:
            self._ended.set()

    def _report(self, done: int, total: int, text: str) -> None:
        self.reached = Reached(done, total, text)


class Worker(Generic[Item]):
    """Works on items one by one, on a thread of its own that the first item starts.

    Parameters
    ----------
    name
        Of the thread.
    work
        Called with each item.
    failed
        Called with an item and what `work` raised for it; the next item follows.
    most
        How many items may wait.
    started
        Called first in the thread.

    Examples
    --------
    >>> worker = Worker("printing", print, failed=print, most=2)
    >>> worker.offer("first")
    True
    >>> worker.close(finish=True)
    first
    >>> worker.offer("second")
    False
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Item], object],
        *,
        failed: Callable[[Item, Exception], object],
        most: int,
        started: Callable[[], object] = lambda: None,
    ) -> None:
        self._name = name
        self._work = work
        self._failed = failed
        self._most = most
        self._started = started
        self._waiting: deque[Item] = deque()
        self._busy = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def offer(self, item: Item) -> bool:
        """Let an item wait behind all others; False if there is no room, or after `close`."""
        with self._changed:
            if self._closed or len(self._waiting) >= self._most:
                return False
            self._waiting.append(item)
            self._wake()
            return True

    def prefer(self, items: Sequence[Item]) -> None:
        """Let items wait in their order ahead of all others; the last ones make room.

        An item that waits already moves to its new place. After `close`, nothing happens.
        """
        with self._changed:
            if self._closed or not items:
                return
            others = (item for item in self._waiting if item not in items)
            self._waiting = deque([*items, *others][: self._most])
            self._wake()

    def flush(self) -> None:
        """Return once no item waits and none is worked on."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy)

    def close(self, *, finish: bool = False, seconds: float | None = None) -> None:
        """Stop after the item under way, or after all that wait (finish).

        seconds: how long to wait for the end; None: as long as it takes.
        """
        with self._changed:
            self._closed = True
            if not finish:
                self._waiting.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        self._started()
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                item = self._waiting.popleft()
                self._busy = True
            try:
                self._work(item)
            except Exception as error:  # noqa: BLE001 - nobody waits for it; the next may succeed
                self._report(item, error)

    def _report(self, item: Item, problem: Exception) -> None:
        try:
            self._failed(item, problem)
        except Exception:
            logger.exception("%s: a failure could not be reported", self._name)


class Watch:
    """Steps of an attack as somebody outside sees them: `tick` once before every step."""

    def __init__(self, title: str, total: int, progress: Progress, cancelled: IsCancelled) -> None:
        self._title, self._total, self.done = title, total, 0
        self._progress, self._cancelled = progress, cancelled

    def tick(self, text: str) -> None:
        """Report the step that begins; raises Cancelled if somebody asked for that."""
        if self._cancelled():
            raise Cancelled(
                f"{self._title} was cancelled after {self.done} of {self._total} steps; "
                "no image was kept"
            )
        self._progress(self.done, self._total, text)
        self.done += 1

    def skip_to(self, done: int) -> None:
        """Count steps that turned out to be unnecessary as done."""
        self.done = done
        text = "done" if done == self._total else f"{done} of {self._total} steps"
        self._progress(done, self._total, text)
