"""Concurrent requests share a batch; nothing waits for one to fill; the queue is bounded."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unavailable
from core.serving import batching as batching_module
from core.serving.batching import Batcher
from tests.support.expect import raises
from tests.support.waiting import LONGEST, until


class Squaring:
    """Work that notes its batches, and waits for permission if asked to."""

    def __init__(self, *, blocked: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.allowed = threading.Event()
        if not blocked:
            self.allowed.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.entered.release()
        assert self.allowed.wait(LONGEST)
        if -1 in items:
            raise ValueError("minus one")
        return [item**2 for item in items]


def done(items: Sequence[int], results: Sequence[int]) -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


@contextmanager
def batching(
    work: Squaring,
    *,
    max_waiting: int = 100,
    max_batch: int = 8,
    workers: int = 1,
    in_flight: Callable[[], int] = lambda: 0,
) -> Iterator[Batcher[int, int]]:
    batcher: Batcher[int, int] = Batcher(
        work,
        done,
        max_waiting=max_waiting,
        max_batch=max_batch,
        workers=workers,
        in_flight=in_flight,
    )
    try:
        yield batcher
    finally:
        work.allowed.set()
        batcher.close()


@given(
    st.lists(st.lists(st.integers(0, 1000), max_size=20), max_size=20),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_every_request_gets_its_own_results_in_order(
    requests: list[list[int]], workers: int, max_batch: int
) -> None:
    work = Squaring()
    with batching(work, max_waiting=10_000, max_batch=max_batch, workers=workers) as batcher:
        futures = [batcher.submit(items) for items in requests]
        results = [future.result(LONGEST) for future in futures]
    assert results == [[item**2 for item in items] for items in requests]
    assert sorted(chain(*work.batches)) == sorted(chain(*requests))
    assert all(1 <= len(batch) <= max_batch for batch in work.batches)


def test_a_request_alone_is_worked_on_at_once() -> None:
    work = Squaring()
    with batching(work) as batcher:
        assert batcher.submit([3]).result(LONGEST) == [9]
        assert batcher.submit([4]).result(LONGEST) == [16]
    assert work.batches == [[3], [4]]


def test_what_waits_meanwhile_is_one_batch_across_requests() -> None:
    work = Squaring(blocked=True)
    with batching(work) as batcher:
        first = batcher.submit([0])
        assert work.entered.acquire(timeout=LONGEST)
        rest = [batcher.submit([n, n]) for n in (1, 2, 3)]
        assert batcher.waiting == 6
        work.allowed.set()
        assert [future.result(LONGEST) for future in (first, *rest)] == [
            [0],
            [1, 1],
            [4, 4],
            [9, 9],
        ]
    assert work.batches == [[0], [1, 1, 2, 2, 3, 3]]


def test_a_worker_lingers_for_requests_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching_module, "LINGER_SECONDS", LONGEST)
    work = Squaring()
    with batching(work, in_flight=lambda: 3) as batcher:
        futures = [batcher.submit([n]) for n in range(3)]
        assert [future.result(LONGEST) for future in futures] == [[0], [1], [4]]
    assert work.batches == [[0, 1, 2]]


@pytest.mark.parametrize(("in_flight", "workers"), [(99, 1), (16, 2), (17, 2)])
def test_a_full_batch_or_a_fair_share_is_enough(
    monkeypatch: pytest.MonkeyPatch, in_flight: int, workers: int
) -> None:
    monkeypatch.setattr(batching_module, "LINGER_SECONDS", LONGEST)
    with batching(Squaring(), in_flight=lambda: in_flight, workers=workers) as batcher:
        assert batcher.submit(list(range(8))).result(LONGEST) == [n * n for n in range(8)]


def test_a_worker_lingers_for_its_own_share_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four requests in progress two are enough for one of two workers."""
    monkeypatch.setattr(batching_module, "LINGER_SECONDS", LONGEST)
    with batching(Squaring(), in_flight=lambda: 4, workers=2) as batcher:
        until(lambda: batcher._idle == 2, "both workers wait")
        assert batcher.submit([2, 3]).result(LONGEST / 2) == [4, 9]


def test_results_are_delivered_once_what_follows_is_done() -> None:
    following: list[Future[None]] = []

    def then(items: Sequence[int], results: Sequence[int]) -> Future[None]:
        assert list(results) == [item**2 for item in items]
        following.append(Future())
        return following[-1]

    batcher: Batcher[int, int] = Batcher(Squaring(), then, max_waiting=9, max_batch=8, workers=1)
    first = batcher.submit([2])
    until(lambda: following, "the first batch was handed on")
    second = batcher.submit([3])
    until(lambda: len(following) == 2, "the second batch was handed on meanwhile")
    assert not first.done()
    following[1].set_exception(OSError("disk full"))
    following[0].set_result(None)
    assert first.result(LONGEST) == [4]
    with pytest.raises(OSError, match=r"^disk full$"):
        second.result(LONGEST)
    batcher.close()


def test_it_lingers_no_longer_than_it_may() -> None:
    work = Squaring()
    with batching(work, in_flight=lambda: 99, workers=2) as batcher:
        for n in range(20):
            assert batcher.submit([n]).result(LONGEST) == [n * n]
    assert work.batches == [[n] for n in range(20)]


def test_idle_workers_share_what_waits() -> None:
    work = Squaring(blocked=True)
    with batching(work, workers=2) as batcher:
        until(lambda: batcher._idle == 2, "both workers wait")
        future = batcher.submit([1, 2, 3, 4])
        for _ in range(2):
            assert work.entered.acquire(timeout=LONGEST)
        work.allowed.set()
        assert future.result(LONGEST) == [1, 4, 9, 16]
    assert sorted(work.batches) == [[1, 2], [3, 4]]


def test_a_full_queue_refuses_and_takes_more_once_it_has_emptied() -> None:
    work = Squaring(blocked=True)
    with batching(work, max_waiting=3) as batcher:
        batcher.submit([0])
        assert work.entered.acquire(timeout=LONGEST)
        batcher.submit([1, 2])
        with raises(
            Unavailable,
            "2 images wait for the classifier, at most 3 may (SIGNWATCH_MAX_QUEUE); "
            "send this request again later",
        ):
            batcher.submit([3, 4])
        batcher.submit([3])
        work.allowed.set()
        until(lambda: batcher.waiting == 0, "the queue is empty")
        assert batcher.submit(list(range(9))).result(LONGEST) == [n**2 for n in range(9)]


def test_a_failing_batch_fails_its_requests_alone() -> None:
    work = Squaring(blocked=True)
    with batching(work, max_batch=2) as batcher:
        first = batcher.submit([0])
        assert work.entered.acquire(timeout=LONGEST)
        bad, beside, later = batcher.submit([-1, 5, 6]), batcher.submit([7]), batcher.submit([8])
        work.allowed.set()
        assert first.result(LONGEST) == [0]
        with pytest.raises(ValueError, match=r"^minus one$"):
            bad.result(LONGEST)
        assert beside.result(LONGEST) == [49]
        assert later.result(LONGEST) == [64]


def test_every_request_of_a_failing_batch_learns_of_it() -> None:
    work = Squaring(blocked=True)
    with batching(work) as batcher:
        first = batcher.submit([0])
        assert work.entered.acquire(timeout=LONGEST)
        together = [batcher.submit(items) for items in ([1], [-1, 2], [3])]
    assert first.result(LONGEST) == [0]
    assert work.batches == [[0], [1, -1, 2, 3]]
    assert [each.done() for each in together] == [True] * 3
    assert [str(each.exception()) for each in together] == ["minus one"] * 3


def test_closing_answers_what_waits_and_takes_no_more() -> None:
    work = Squaring(blocked=True)
    batcher: Batcher[int, int] = Batcher(work, done, max_waiting=9, max_batch=8, workers=1)
    futures = [batcher.submit([n]) for n in range(3)]
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(batcher.close)
        until(lambda: batcher._closed, "it is being closed")
        with raises(Unavailable, "the classifier is stopped; start the dashboard again"):
            batcher.submit([9])
        work.allowed.set()
        closing.result(LONGEST)
    assert [future.result(LONGEST) for future in futures] == [[0], [1], [4]]
    assert not any(thread.is_alive() for thread in batcher._threads)


def test_each_worker_is_started_once() -> None:
    started = []
    batcher: Batcher[int, int] = Batcher(
        Squaring(),
        done,
        max_waiting=9,
        max_batch=8,
        workers=3,
        started=lambda: started.append(threading.current_thread()),
    )
    batcher.close()
    assert sorted(map(id, started)) == sorted(map(id, batcher._threads))
