"""Contexts of items, built ahead of time on a thread of their own.

Nobody waits for one to see the next image or to give a verdict, and where it is known what comes
next, its context is there when it is opened.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from core.errors import SignwatchError
from core.records.triage import ItemContext

logger = logging.getLogger(__name__)
KEPT = 48
WISHES = 16


class ContextPrefetch:
    """Contexts from `build`: the latest wishes are served first, the latest KEPT are kept."""

    def __init__(self, build: Callable[[str], ItemContext]) -> None:
        self._build = build
        self._changed = threading.Condition()
        self._built: OrderedDict[str, ItemContext] = OrderedDict()
        self._wishes: OrderedDict[str, None] = OrderedDict()  # the most urgent first
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, capture_ids: Sequence[str]) -> None:
        """Wish for some, the first of them first; earlier wishes come afterwards."""
        with self._changed:
            for name in reversed(capture_ids):
                if name not in self._built and not self._closed:
                    self._wishes[name] = None
                    self._wishes.move_to_end(name, last=False)
            while len(self._wishes) > WISHES:
                self._wishes.popitem()
            if self._wishes and self._thread is None:
                self._thread = threading.Thread(target=self._work, name="contexts", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def get(self, capture_id: str) -> ItemContext | None:
        """The context of that capture, if it is built."""
        with self._changed:
            return self._built.get(capture_id)

    def wait(self, capture_id: str, seconds: float) -> ItemContext | None:
        """The context of a capture that was asked for, if it is built within so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: capture_id in self._built, seconds)
            return self._built.get(capture_id)

    def close(self) -> None:
        """Stop after the one under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while (name := self._next()) is not None:
            try:
                built = self._build(name)
            except SignwatchError as error:
                built = _nothing(str(error))
            except Exception as error:  # noqa: BLE001 - nobody waits for it; the others are built
                logger.error("No context of %s: %s", name, error)
                built = _nothing(f"it could not be made ({error})")
            with self._changed:
                self._built[name] = built
                while len(self._built) > KEPT:
                    self._built.popitem(last=False)
                self._changed.notify_all()

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wishes or self._closed)
            return None if self._closed else self._wishes.popitem(last=False)[0]


def _nothing(problem: str) -> ItemContext:
    return ItemContext(None, (), problem, (), (), ())
