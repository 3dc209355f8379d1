"""Threads of serving, on systems that tell less than Linux does."""

import os

import pytest

from core.model.threads import SERVING_WORKERS, usable_cores


def test_as_many_batches_at_a_time_as_there_are_cores() -> None:
    assert 1 <= SERVING_WORKERS == usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("cores", "used"), [(6, 6), (None, 1)])
def test_without_affinity_all_cores_are_used(
    cores: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert usable_cores() == used
