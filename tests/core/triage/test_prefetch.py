"""Close looks ahead of time: in the order of the wishes, kept, and never in anybody's way."""

import threading

import pytest

from core.errors import NotFound
from core.triage import Closeup, Closeups
from core.triage.prefetch import KEPT, WISHES

SECONDS = 30


def closeup(name: str) -> Closeup:
    return Closeup(name.encode(), (), None, (), (), ())


class Camera:
    """Takes what it is told to, one by one, each when it is let."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.busy = threading.Event()
        self.free = threading.Event()

    def take(self, name: str) -> Closeup:
        self.taken.append(name)
        self.busy.set()
        assert self.free.wait(SECONDS)
        if name == "deleted":
            raise NotFound("no capture deleted in the log")
        if name == "broken":
            raise RuntimeError("an image that nobody thought of")
        return closeup(name)


def test_the_latest_wishes_come_first() -> None:
    camera = Camera()
    closeups = Closeups(camera.take)
    closeups.ask(["one"])
    assert camera.busy.wait(SECONDS)
    closeups.ask(["two", "three"])
    closeups.ask(["four", "two"])
    assert closeups.get("two") is None
    camera.free.set()
    assert closeups.wait("three", SECONDS) == closeup("three")
    closeups.close()
    assert camera.taken == ["one", "four", "two", "three"]


def test_what_was_made_is_not_made_again() -> None:
    camera = Camera()
    camera.free.set()
    closeups = Closeups(camera.take)
    for name in ("one", "one", "two"):
        closeups.ask([name])
        assert closeups.wait(name, SECONDS) == closeup(name)
    closeups.close()
    assert camera.taken == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("deleted", "no capture deleted in the log"),
        ("broken", "it could not be made (an image that nobody thought of)"),
    ],
)
def test_what_cannot_be_made_says_why_and_the_others_are_made(name: str, problem: str) -> None:
    camera = Camera()
    camera.free.set()
    closeups = Closeups(camera.take)
    closeups.ask([name, "fine"])
    assert closeups.wait("fine", SECONDS) == closeup("fine")
    assert closeups.get(name) == Closeup(None, (), problem, (), (), ())
    closeups.close()


def test_few_are_kept_and_few_wishes_wait() -> None:
    camera = Camera()
    camera.free.set()
    closeups = Closeups(camera.take)
    for number in range(KEPT + 1):
        closeups.ask([str(number)])
        assert closeups.wait(str(number), SECONDS)
    assert closeups.get("0") is None
    assert closeups.get("1") == closeup("1")
    camera.free.clear()
    camera.busy.clear()
    closeups.ask(["now"])
    assert camera.busy.wait(SECONDS)
    closeups.ask([f"wish {number}" for number in range(WISHES + 5)])
    camera.free.set()
    assert closeups.wait(f"wish {WISHES - 1}", SECONDS)
    closeups.close()
    assert f"wish {WISHES}" not in camera.taken


def test_a_closed_one_makes_nothing_more() -> None:
    camera = Camera()
    closeups = Closeups(camera.take)
    closeups.close()
    closeups.ask(["one"])
    assert closeups.wait("one", 0) is None
    assert camera.taken == []
