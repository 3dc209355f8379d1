"""Progress outwards, cancelling inwards."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import Cancelled

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
                "no picture was kept"
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
