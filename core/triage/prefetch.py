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
from core.jobs import Worker
from core.records.plain_text import visible
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
        self._worker: Worker[str] = Worker(
            "contexts", self._prepare, failed=self._failed, most=WISHES
        )

    def ask(self, capture_ids: Sequence[str]) -> None:
        """Wish for some, the first of them first; earlier wishes come afterwards."""
        with self._changed:
            wanted = [name for name in dict.fromkeys(capture_ids) if name not in self._built]
        self._worker.prefer(wanted)

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
        self._worker.close()

    def _prepare(self, name: str) -> None:
        self._keep(name, self._build(name))

    def _failed(self, name: str, error: Exception) -> None:
        if isinstance(error, SignwatchError):
            problem = str(error)
        else:
            logger.error("No context of %s: %s", name, visible(str(error)))
            problem = f"it could not be made ({error})"
        self._keep(name, ItemContext(None, (), problem, (), (), ()))

    def _keep(self, name: str, built: ItemContext) -> None:
        with self._changed:
            self._built[name] = built
            while len(self._built) > KEPT:
                self._built.popitem(last=False)
            self._changed.notify_all()
