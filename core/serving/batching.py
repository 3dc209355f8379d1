"""Concurrent requests share forward passes: items that wait when a worker is free form a batch.

A small batch costs nearly as much as a larger one. So a worker lingers a few milliseconds if more
requests are in progress; a single request is worked on at once. Batches of several threads,
lingering and futures are beyond `core.jobs.Worker`, so the threads are its own.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from core.errors import Unavailable

LINGER_SECONDS = 0.01
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class _Request(Generic[R]):
    """The results of one request so far; they arrive in any order."""

    results: list[R | None]
    left: int
    done: Future[list[R]] = field(default_factory=Future)


class Batcher(Generic[T, R]):
    """Works on items of many requests in batches.

    Parameters
    ----------
    work
        Items -> as many results, in order.
    then
        Called with items and results. The results are delivered when its future is done; its
        failure becomes theirs.
    max_waiting
        The most items in the queue; an empty queue accepts any request.
    max_batch
        The most items in a batch.
    workers
        The number of threads.
    started
        Called first in each thread.
    in_flight
        How many requests are in progress, including those that wait here.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        then: Callable[[Sequence[T], Sequence[R]], Future[Any]],
        *,
        max_waiting: int,
        max_batch: int,
        workers: int,
        started: Callable[[], None] = lambda: None,
        in_flight: Callable[[], int] = lambda: 0,
    ) -> None:
        self._work = work
        self._then = then
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._waiting: deque[tuple[T, _Request[R], int]] = deque()
        self._in_flight = in_flight
        self._changed = threading.Condition()
        self._idle = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, args=(started,), name="batch", daemon=True)
            for _ in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many items no worker has taken yet."""
        return len(self._waiting)

    def submit(self, items: Sequence[T]) -> Future[list[R]]:
        """The results to come, one an item; raises Unavailable if too many items wait."""
        request: _Request[R] = _Request([None] * len(items), len(items))
        if not items:
            request.done.set_result([])
            return request.done
        with self._changed:
            if self._closed:
                raise Unavailable("the classifier is stopped; start the dashboard again")
            if self._waiting and len(self._waiting) + len(items) > self._max_waiting:
                raise Unavailable(
                    f"{len(self._waiting)} images wait for the classifier, at most "
                    f"{self._max_waiting} may (SIGNWATCH_MAX_QUEUE); send this request again later"
                )
            self._waiting.extend((item, request, n) for n, item in enumerate(items))
            self._changed.notify(len(items))
        return request.done

    def close(self) -> None:
        """Work on what waits, then stop; every later `submit` raises Unavailable."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self, started: Callable[[], None]) -> None:
        started()
        while batch := self._next_batch():
            items = [item for item, _, _ in batch]
            try:
                results = self._work(items)
                done = self._then(items, results)
            except Exception as error:  # noqa: BLE001
                # The callers learn of it; the worker goes on to the next batch.
                self._fail(batch, error)
            else:
                done.add_done_callback(partial(self._settle, batch, results))

    def _settle(
        self, batch: list[tuple[T, _Request[R], int]], results: Sequence[R], done: Future[Any]
    ) -> None:
        if error := done.exception():
            self._fail(batch, error)
        else:
            self._deliver(batch, results)

    def _next_batch(self) -> list[tuple[T, _Request[R], int]]:
        """A fair share of what waits; empty once closed and done."""
        with self._changed:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._changed.wait()
                self._linger()  # another worker may take all of it meanwhile
            part = math.ceil(len(self._waiting) / self._idle)
            self._idle -= 1
            return [self._waiting.popleft() for _ in range(min(part, self._max_batch))]

    def _linger(self) -> None:
        """Wait for requests in progress, until a worker's share of them has arrived."""
        until = time.monotonic() + LINGER_SECONDS
        while (
            len(self._waiting) < min(self._max_batch, self._in_flight() // len(self._threads))
            and (left := until - time.monotonic()) > 0
            and not self._closed
        ):
            self._changed.wait(left)

    def _deliver(self, batch: list[tuple[T, _Request[R], int]], results: Sequence[R]) -> None:
        finished = []
        with self._changed:
            for (_, request, n), result in zip(batch, results, strict=True):
                request.results[n] = result
                request.left -= 1
                if request.left == 0 and not request.done.done():
                    finished.append(request)
        for request in finished:
            request.done.set_result([result for result in request.results if result is not None])

    def _fail(self, batch: list[tuple[T, _Request[R], int]], error: BaseException) -> None:
        with self._changed:
            failed = {id(r): r for _, r, _ in batch if not r.done.done()}
            for request in failed.values():
                request.done.set_exception(error)
