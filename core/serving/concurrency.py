"""Limits how many requests are in progress at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Unavailable


class Admission:
    """Counts the requests in progress; at most `most` are admitted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.in_work = 0

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """A place among the requests in progress; raises Unavailable if there is none."""
        with self._lock:
            if self.in_work >= self._most:
                raise Unavailable(
                    f"{self._most} requests are in work, at most that many may be "
                    "(SIGNWATCH_MAX_CONCURRENT); send this one again later"
                )
            self.in_work += 1
        try:
            yield
        finally:
            with self._lock:
                self.in_work -= 1
