"""Work in the background: its result, its errors, how far it is, and that it can be stopped."""

import threading
from collections.abc import Callable

import pytest

from core.errors import BadInput, Cancelled
from core.jobs import Job, Progress, Reached
from tests.support.expect import raises
from tests.support.waiting import LONGEST, until


def test_it_hands_out_its_result_once_it_has_ended() -> None:
    job = Job("Counting", lambda progress, cancelled: 42)
    assert job.wait(LONGEST)
    assert job.ended
    assert job.result() == 42
    assert job.result() == 42


def test_it_tells_how_far_it_is() -> None:
    go_on = threading.Event()

    def work(progress: Progress, cancelled: Callable[[], bool]) -> None:
        progress(3, 12, "the third")
        go_on.wait(LONGEST)

    job = Job("Counting", work)
    until(lambda: job.reached.done, "the report")
    assert job.reached == Reached(3, 12, "the third")
    assert job.reached.share == 0.25
    assert not job.ended
    assert not job.wait(0)
    go_on.set()
    assert job.result() is None


def test_before_anything_is_told_the_share_is_none() -> None:
    assert Reached().share == 0
    assert Reached(5, 4).share == 1


@pytest.mark.parametrize("error", [BadInput("no such class"), ZeroDivisionError("by zero")])
def test_its_errors_are_those_of_the_result(error: Exception) -> None:
    def work(progress: Progress, cancelled: Callable[[], bool]) -> None:
        raise error

    with raises(type(error), str(error)):
        Job("Counting", work).result()


def test_work_that_notices_a_cancel_ends_with_its_own_words() -> None:
    def work(progress: Progress, cancelled: Callable[[], bool]) -> None:
        until(cancelled, "the cancel")
        raise Cancelled("stopped after 3 of 12")

    job = Job("Counting", work)
    job.cancel()
    with raises(Cancelled, "stopped after 3 of 12"):
        job.result()


def test_work_that_was_over_before_it_noticed_has_no_result_either() -> None:
    job = Job("Counting", lambda progress, cancelled: 42)
    assert job.wait(LONGEST)
    job.cancel()
    with raises(Cancelled, "Counting was cancelled; nothing of it was kept"):
        job.result()
