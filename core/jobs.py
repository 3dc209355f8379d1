"""Work that outlasts one drawing of a page: a thread of its own, watched and cancelled from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import Cancelled

Result = TypeVar("Result")
Work = Callable[[Callable[[int, int, str], None], Callable[[], bool]], Result]


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
    """One piece of work under way. The work gets `progress(done, total, text)` and `cancelled()`.

    It ends with its process, finished or not: nothing of it is kept but what `result` hands out.
    """

    def __init__(self, title: str, work: Work[Result]) -> None:
        """Start it."""
        self.title = title
        self.reached = Reached()
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._result: Result
        threading.Thread(target=self._run, args=(work,), name=title, daemon=True).start()

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
        """What the work came to, or the error that it ended with; waits for the end.

        Raises Cancelled also where the work was over before it noticed.
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


Progress = Callable[[int, int, str], None]


class Watch:
    """One attack seen from outside: `tick` once before every step."""

    def __init__(
        self,
        title: str,
        total: int,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._title, self._total, self.done = title, total, 0
        self._progress, self._cancelled = progress, cancelled

    def tick(self, text: str) -> None:
        """Report the step that begins; raises Cancelled if somebody asked for that."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled(
                f"{self._title} was cancelled after {self.done} of {self._total} steps; "
                "no image was kept"
            )
        self._report(text)
        self.done += 1

    def skip_to(self, done: int) -> None:
        """Steps that turned out to be unnecessary count as done."""
        self.done = done
        self._report("done" if done == self._total else f"{done} of {self._total} steps")

    def _report(self, text: str) -> None:
        if self._progress is not None:
            self._progress(self.done, self._total, text)
