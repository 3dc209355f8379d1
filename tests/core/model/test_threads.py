"""Threads of serving, on systems that tell less than Linux does."""

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from core.model.threads import SERVING_WORKERS, compute_on_one_thread, usable_cores


def test_as_many_batches_at_a_time_as_there_are_cores() -> None:
    assert 1 <= SERVING_WORKERS == usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("cores", "used"), [(6, 6), (None, 1)])
def test_without_affinity_all_cores_are_used(
    cores: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert usable_cores() == used


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_one_thread_alone_computes_on_one(two_threads: None) -> None:
    with ThreadPoolExecutor(1) as serving, ThreadPoolExecutor(1) as other:
        serving.submit(compute_on_one_thread).result()
        counts = [each.submit(torch.get_num_threads).result() for each in (serving, other)]
    assert (*counts, torch.get_num_threads()) == (1, 2, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
@pytest.mark.parametrize("more", [-3, 2])
def test_that_thread_goes_last_and_never_sooner_than_before(two_threads: None, more: int) -> None:
    """Only an administrator may lower a niceness: a process that is nicer already stays so."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = min(19, before + more)

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with ThreadPoolExecutor(1) as serving:
        serving.submit(compute_on_one_thread, wanted).result()
        assert serving.submit(niceness).result() == max(before, wanted)
    assert niceness() == before
