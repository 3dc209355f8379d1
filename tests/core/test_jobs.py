"""Work in the background: its result, its errors, how far it is, and that it can be stopped."""

import threading
from collections.abc import Callable

import pytest

from core.errors import BadInput, Cancelled
from core.jobs import Job, Progress, Reached, Watch, Worker, part_of
from tests.support.expect import raises
from tests.support.waiting import LONGEST, until


def test_it_hands_out_its_result_once_it_has_ended() -> None:
    job = Job("Counting", lambda progress, cancelled: 42)
    assert job.wait(LONGEST)
    assert job.ended
    assert job.result() == 42
    assert job.result() == 42


def test_it_reports_how_far_it_is() -> None:
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


def test_before_the_first_report_the_share_is_zero() -> None:
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


# Workers


class Press:
    """Work of a worker: prints an item once it may."""

    def __init__(self, most: int = 3) -> None:
        self.printed: list[str] = []
        self.failures: list[tuple[str, str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.worker: Worker[str] = Worker("press", self.print, failed=self.fail, most=most)

    def print(self, item: str) -> None:
        self.begun.set()
        assert self.go_on.wait(LONGEST)
        if item == "broken":
            raise BadInput("no such paper")
        self.printed.append(item)

    def fail(self, item: str, error: Exception) -> None:
        self.failures.append((item, str(error)))

    def hold(self, item: str) -> None:
        """Let one item be worked on until `go_on` is set."""
        assert self.worker.offer(item)
        assert self.begun.wait(LONGEST)


def test_a_worker_works_in_the_order_offered() -> None:
    press = Press()
    press.go_on.set()
    for item in ("a", "b", "c"):
        assert press.worker.offer(item)
        press.worker.flush()
    assert press.printed == ["a", "b", "c"]
    press.worker.close()


def test_a_worker_that_nobody_needs_has_no_thread() -> None:
    press = Press()
    press.worker.flush()
    press.worker.close()
    assert "press" not in {thread.name for thread in threading.enumerate()}


def test_a_worker_is_not_idle_while_it_works_on_the_last_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    press, idle = Press(), list[object]()
    press.hold("a")
    with monkeypatch.context() as patched:
        patched.setattr(press.worker._changed, "wait_for", lambda what: idle.append(what()))
        press.worker.flush()
    press.go_on.set()
    press.worker.close()
    assert (idle, press.printed) == ([False], ["a"])


def test_what_finds_no_room_is_refused() -> None:
    press = Press(most=2)
    press.hold("a")
    assert [press.worker.offer(item) for item in ("b", "c", "d")] == [True, True, False]
    press.go_on.set()
    press.worker.flush()
    assert press.printed == ["a", "b", "c"]
    press.worker.close()


def test_what_is_urgent_comes_first_and_only_once_and_the_last_makes_way() -> None:
    press = Press(most=2)
    press.hold("a")
    press.worker.offer("b")
    press.worker.prefer(["c", "d"])
    press.worker.prefer(["d"])
    press.go_on.set()
    press.worker.flush()
    assert press.printed == ["a", "d", "c"]
    press.worker.close()
    press.worker.prefer(["e"])
    press.worker.flush()
    assert press.printed == ["a", "d", "c"]


def test_after_a_failure_the_next_item_follows() -> None:
    press = Press()
    press.go_on.set()
    for item in ("broken", "fine"):
        press.worker.offer(item)
    press.worker.close(finish=True)
    assert press.failures == [("broken", "no such paper")]
    assert press.printed == ["fine"]


def test_a_failure_that_cannot_be_reported_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        done.append(1 // item)

    def failed(item: int, error: Exception) -> None:
        raise RuntimeError(f"{item}: {error}")

    worker = Worker("test", work, failed=failed, most=2)
    assert [worker.offer(item) for item in (0, 1)] == [True, True]
    worker.flush()
    worker.close(finish=True)
    assert done == [1]
    assert [each.getMessage() for each in caplog.records] == [
        "test: a failure could not be reported"
    ]


def test_closing_drops_what_waits_unless_it_is_to_be_finished() -> None:
    for finish, printed in ((False, ["a"]), (True, ["a", "b"])):
        press = Press()
        press.hold("a")
        press.worker.offer("b")
        closing = threading.Thread(target=press.worker.close, kwargs={"finish": finish})
        closing.start()
        until(lambda worker=press.worker: not worker.offer("c"), "it is closed")
        press.go_on.set()
        closing.join(LONGEST)
        assert press.printed == printed


def test_closing_waits_no_longer_than_allowed() -> None:
    press = Press()
    press.hold("a")
    press.worker.close(seconds=0)
    assert press.printed == []
    press.go_on.set()
    press.worker.flush()
    assert press.printed == ["a"]


def test_the_thread_begins_with_what_prepares_it() -> None:
    names: list[object] = []
    worker: Worker[int] = Worker(
        "prepared",
        names.append,
        failed=lambda *_: None,
        most=1,
        started=lambda: names.append(threading.current_thread().name),
    )
    worker.offer(1)
    worker.close(finish=True)
    assert names == ["prepared", 1]


def test_parts_report_progress_of_the_whole() -> None:
    reported: list[tuple[int, int, str]] = []
    parts = [part_of(lambda *report: reported.append(report), number, 3) for number in range(3)]
    parts[0](2, 4, "first")
    parts[2](1, 2, "last")
    assert reported == [(2, 12, "first"), (5, 6, "last")]


def test_a_watch_reports_before_every_step_and_stops_between_them() -> None:
    reported: list[tuple[int, int, str]] = []
    asked: list[bool] = []
    watch = Watch("PGD", 4, lambda *report: reported.append(report), lambda: bool(asked))
    watch.tick("step 1")
    watch.skip_to(3)
    watch.tick("step 4")
    watch.skip_to(4)
    assert reported == [(0, 4, "step 1"), (3, 4, "3 of 4 steps"), (3, 4, "step 4"), (4, 4, "done")]
    asked.append(True)
    with raises(Cancelled, "PGD was cancelled after 4 of 4 steps; no image was kept"):
        watch.tick("step 5")
    assert len(reported) == 4


def test_a_watch_that_is_cancelled_at_once_lets_no_step_begin() -> None:
    reported: list[object] = []
    watch = Watch("PGD", 4, lambda *report: reported.append(report), lambda: True)
    with raises(Cancelled, "PGD was cancelled after 0 of 4 steps; no image was kept"):
        watch.tick("step 1")
    assert reported == []
