"""Bodies on their way: slow ones are given up, and give way to others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.endpoint import arrival
from core.endpoint.arrival import Arrivals
from core.errors import TooSlow, Unavailable


async def coming(*parts: bytes, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """Parts at once, and what follows `then` never, unless it is set."""
    for part in parts:
        yield part
    if then is not None:
        await then.wait()


def read(arrivals: Arrivals, parts: AsyncIterator[bytes], seconds: float = 60) -> bytes:
    return asyncio.run(arrivals.read(parts, 100, seconds))


def test_a_body_is_its_parts() -> None:
    arrivals = Arrivals()
    assert read(arrivals, coming(b"ab", b"", b"cd")) == b"abcd"
    assert (len(arrivals), arrivals._held) == (0, 0)


def test_a_silent_body_is_given_up_long_before_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "SILENT_SECONDS", 0.01)
    arrivals = Arrivals()
    with pytest.raises(TooSlow) as caught:
        read(arrivals, coming(b"half", then=asyncio.Event()))
    assert str(caught.value) == (
        "the body came slower than 1,000 bytes a second; 4 bytes of it came. Its first 0.01 s do "
        "not count"
    )
    assert (len(arrivals), arrivals._held) == (0, 0)


def test_what_comes_at_the_least_rate_may_take_all_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrival, "SILENT_SECONDS", 0.01)
    monkeypatch.setattr(arrival, "LEAST_RATE", 10)
    with pytest.raises(TooSlow) as caught:
        read(Arrivals(), coming(b"half", then=asyncio.Event()), seconds=0.02)
    assert str(caught.value) == "the body did not arrive within 0.02 s; 4 bytes of it came"


def test_the_slowest_gives_way_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "TOGETHER", 1000)
    arrivals = Arrivals()

    async def run() -> list[bytes | BaseException]:
        go = asyncio.Event()
        slow = asyncio.create_task(arrivals.read(coming(bytes(300), then=asyncio.Event()), 10, 60))
        await asyncio.sleep(0)
        fast = asyncio.create_task(arrivals.read(coming(bytes(600), then=go), 10, 60))
        await asyncio.sleep(0)
        assert (len(arrivals), arrivals._held) == (2, 900)
        last = await arrivals.read(coming(bytes(200)), 10, 60)
        go.set()
        return [last, *await asyncio.gather(slow, fast, return_exceptions=True)]

    last, slow, fast = asyncio.run(run())
    assert (last, fast) == (bytes(200), bytes(600))
    assert isinstance(slow, Unavailable)
    assert str(slow) == (
        "many requests are arriving, and this was the slowest of them: 300 bytes of its body came. "
        "Send it again later"
    )
    assert (len(arrivals), arrivals._held) == (0, 0)


def test_a_body_that_gave_way_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the rest of it lies ready: half of it has been forgotten."""
    monkeypatch.setattr(arrival, "TOGETHER", 1000)
    arrivals = Arrivals()

    async def parts() -> AsyncIterator[bytes]:
        yield bytes(10)
        await arrivals.read(coming(bytes(995)), 10, 60)
        yield bytes(10)

    with pytest.raises(Unavailable, match="this was the slowest of them: 10 bytes"):
        read(arrivals, parts())
    assert (len(arrivals), arrivals._held) == (0, 0)


def test_one_body_alone_never_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "TOGETHER", 10)
    assert len(asyncio.run(Arrivals().read(coming(bytes(300)), 10, 60))) == 300
    monkeypatch.setattr(arrival, "LARGEST_TOGETHER", 3)

    async def run() -> list[bytes]:
        """Two of the largest size, where that is more than otherwise."""
        arrivals, go = Arrivals(), asyncio.Event()
        first = asyncio.create_task(arrivals.read(coming(bytes(20), then=go), 20, 60))
        await asyncio.sleep(0)
        second = await arrivals.read(coming(bytes(20)), 20, 60)
        go.set()
        return [await first, second]

    assert asyncio.run(run()) == [bytes(20), bytes(20)]
