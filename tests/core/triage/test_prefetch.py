"""Contexts ahead of time: in the order of the wishes, kept, and never in anybody's way."""

import threading

import pytest

from core.errors import NotFound
from core.records.triage import ItemContext
from core.triage.prefetch import KEPT, WISHES, ContextPrefetch
from tests.support.waiting import until

SECONDS = 30


def context(name: str) -> ItemContext:
    return ItemContext(name.encode(), (), None, (), (), ())


class Builder:
    """Builds one context after the other, each when it is let."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.busy = threading.Event()
        self.free = threading.Event()

    def build(self, name: str) -> ItemContext:
        self.built.append(name)
        self.busy.set()
        assert self.free.wait(SECONDS)
        if name == "deleted":
            raise NotFound("no capture deleted in the log")
        if name == "broken":
            raise RuntimeError("an image that nobody thought of")
        return context(name)


def test_the_latest_wishes_come_first() -> None:
    builder = Builder()
    contexts = ContextPrefetch(builder.build)
    contexts.ask(["one"])
    assert builder.busy.wait(SECONDS)
    contexts.ask(["two", "three"])
    contexts.ask(["four", "two"])
    assert contexts.get("two") is None
    builder.free.set()
    assert contexts.wait("three", SECONDS) == context("three")
    contexts.close()
    assert builder.built == ["one", "four", "two", "three"]


def test_what_was_made_is_not_made_again() -> None:
    builder = Builder()
    builder.free.set()
    contexts = ContextPrefetch(builder.build)
    for name in ("one", "one", "two"):
        contexts.ask([name])
        assert contexts.wait(name, SECONDS) == context(name)
    contexts.close()
    assert builder.built == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("deleted", "no capture deleted in the log"),
        ("broken", "it could not be made (an image that nobody thought of)"),
    ],
)
def test_what_cannot_be_made_says_why_and_the_others_are_made(name: str, problem: str) -> None:
    builder = Builder()
    builder.free.set()
    contexts = ContextPrefetch(builder.build)
    contexts.ask([name, "fine"])
    assert contexts.wait("fine", SECONDS) == context("fine")
    assert contexts.get(name) == ItemContext(None, (), problem, (), (), ())
    contexts.close()


def test_few_are_kept_and_few_wishes_wait() -> None:
    builder = Builder()
    builder.free.set()
    contexts = ContextPrefetch(builder.build)
    for number in range(KEPT + 1):
        contexts.ask([str(number)])
        until(lambda: not contexts._worker._waiting and not contexts._worker._busy, "it is made")
    assert contexts.get("0") is None
    for number in range(1, KEPT + 1):
        assert contexts.get(str(number)) == context(str(number))
    builder.free.clear()
    builder.busy.clear()
    contexts.ask(["now"])
    assert builder.busy.wait(SECONDS)
    contexts.ask([f"wish {number}" for number in range(WISHES + 5)])
    builder.free.set()
    assert contexts.wait(f"wish {WISHES - 1}", SECONDS)
    contexts.close()
    assert f"wish {WISHES}" not in builder.built


def test_a_closed_one_makes_nothing_more() -> None:
    builder = Builder()
    contexts = ContextPrefetch(builder.build)
    contexts.close()
    contexts.ask(["one"])
    assert contexts.wait("one", 0) is None
    assert builder.built == []
