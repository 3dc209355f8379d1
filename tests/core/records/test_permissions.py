"""A call that changes something asks who acts; jobs act for whoever started them."""

import contextvars
import threading

import pytest

from core.errors import Forbidden
from core.jobs import Job
from core.records import permissions
from core.records.analysts import Analyst, Permission, Role
from tests.support.expect import raises

BO = Analyst("Bo", Role.VIEWER)
ADA = Analyst("Ada", Role.ANALYST)


@permissions.needs(Permission.DRILLS)
def begin(strength: int) -> int:
    """Something that needs a permission."""
    return strength + 1


def acting(analyst: Analyst, call: object) -> object:
    """What a call returns where it acts for somebody."""

    def run() -> object:
        permissions.act_as(analyst)
        return call()  # type: ignore[operator]

    return contextvars.copy_context().run(run)


def test_the_process_itself_may() -> None:
    assert begin(1) == 2
    assert (begin.__name__, begin.permission) == ("begin", Permission.DRILLS)


@pytest.mark.parametrize(
    ("analyst", "is_one"), [(BO, "Bo is a viewer"), (ADA, "Ada is an analyst")]
)
def test_a_refusal_says_why(analyst: Analyst, is_one: str) -> None:
    with raises(
        Forbidden,
        f"{is_one}. Only administrators may start or cancel drills. SIGNWATCH_ADMINISTRATORS says "
        "who is one",
    ):
        acting(analyst, lambda: begin(1))


def test_a_job_acts_for_whoever_started_it() -> None:
    job: Job[int] = acting(BO, lambda: Job("Drill", lambda *_: begin(1)))  # type: ignore[assignment]
    with pytest.raises(Forbidden, match="Bo is a viewer"):
        job.result()
    assert Job("Drill", lambda *_: begin(1)).result() == 2


def test_another_thread_does_not_act_for_them() -> None:
    """Threads that serve several sessions say for whom they act, each time."""
    found: list[int] = []

    def start() -> None:
        thread = threading.Thread(target=lambda: found.append(begin(1)))
        thread.start()
        thread.join()

    acting(BO, start)
    assert found == [2]


def test_somebody_named_is_judged_instead() -> None:
    permissions.check(Permission.VERDICTS, by=ADA)
    with pytest.raises(Forbidden):
        permissions.check(Permission.VERDICTS, by=BO)
