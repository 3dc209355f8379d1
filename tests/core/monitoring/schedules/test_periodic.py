"""What repeats: at once or after a pause, whatever fails, until it is closed."""

import threading
import time

import pytest

from core.monitoring.schedules.periodic import SLACK, Repeating, to_full_minute
from tests.support.waiting import LONGEST


def test_it_is_called_after_each_pause_until_closed() -> None:
    calls = threading.Semaphore(0)
    repeating = Repeating(calls.release, lambda: 0.0)
    for _ in range(3):
        assert calls.acquire(timeout=LONGEST)
    repeating.close()
    while calls.acquire(blocking=False):
        pass
    assert not repeating._thread.is_alive()
    assert not calls.acquire(blocking=False)


@pytest.mark.parametrize("at_once", [True, False])
def test_the_first_call_is_at_once_where_that_is_asked_for(at_once: bool) -> None:
    calls, waiting = threading.Semaphore(0), threading.Event()

    def pause() -> float:
        waiting.set()
        return LONGEST

    repeating = Repeating(calls.release, pause, at_once=at_once)
    assert waiting.wait(LONGEST)
    assert calls.acquire(blocking=False) is at_once
    repeating.close()


def test_a_failing_call_is_logged_and_called_again(caplog: pytest.LogCaptureFixture) -> None:
    calls = threading.Semaphore(0)

    def fail() -> None:
        calls.release()
        raise OSError("disk full")

    repeating = Repeating(fail, lambda: 0.0)
    for _ in range(2):
        assert calls.acquire(timeout=LONGEST)
    repeating.close()
    assert "OSError: disk full" in caplog.text


def test_closing_lets_a_call_end_and_does_not_wait_for_the_pause() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def run() -> None:
        begun.set()
        assert may_end.wait(LONGEST)
        ended.set()

    repeating = Repeating(run, lambda: 10 * LONGEST, at_once=True)
    assert begun.wait(LONGEST)
    closing = threading.Thread(target=repeating.close)
    closing.start()
    may_end.set()
    closing.join()
    assert ended.is_set()


@pytest.mark.parametrize(
    ("at", "seconds"), [(0.0, 60.0), (59.0, 1.0), (1_771_070_430.25, 29.75), (60.0, 60.0)]
)
def test_the_next_full_minute_is_over_before_it_is_called(
    at: float, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: at)
    assert to_full_minute() == pytest.approx(seconds + SLACK)
