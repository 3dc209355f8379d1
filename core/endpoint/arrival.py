"""Bodies on their way: how long one may take, and what all of them together may hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from core.errors import SignwatchError, TooSlow, Unavailable

SILENT_SECONDS = 30  # a body may take these before its rate counts
LEAST_RATE = 1000  # bytes a second
TOGETHER = 200_000_000  # bytes of all bodies that are still on their way
LARGEST_TOGETHER = 10  # or as many of the largest size, where that is more


class Arrivals:
    """The bodies that are on their way, within one event loop.

    A body that is slower than LEAST_RATE is given up. Where all together hold more than they may,
    the slowest gives way, so that slow clients cost others nothing.
    """

    def __init__(self) -> None:
        self._bodies: set[_Body] = set()
        self._held = 0  # bytes

    def __len__(self) -> int:
        """How many bodies are on their way."""
        return len(self._bodies)

    async def read(self, parts: AsyncIterator[bytes], largest: int, seconds: float) -> bytes:
        """The body that comes in `parts`.

        Parameters
        ----------
        largest
            The most bytes that it may have; it is for the caller to hold it to that.
        seconds
            How long all of it may take.

        Raises
        ------
        TooSlow
            It did not come in time.
        Unavailable
            It gave way to others.
        """
        room = max(TOGETHER, LARGEST_TOGETHER * largest)
        body = _Body(asyncio.get_running_loop().time(), seconds)
        self._bodies.add(body)
        try:
            async with body.timeout:
                async for part in parts:
                    if body.gave_way:
                        break
                    self._held += len(part)
                    body.add(part)
                    self._make(room)
        except TimeoutError:
            raise body.problem() from None
        finally:
            self._forget(body)
        if body.gave_way:
            raise body.problem()
        return b"".join(body.parts)

    def _make(self, room: int) -> None:
        if self._held > room and len(self._bodies) > 1:
            slowest = min(self._bodies, key=_Body.rate)
            self._forget(slowest)
            slowest.give_way()

    def _forget(self, body: _Body) -> None:
        if body in self._bodies:
            self._bodies.remove(body)
            self._held -= body.size


class _Body:
    def __init__(self, begun: float, seconds: float) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.gave_way = False
        self._begun, self._seconds = begun, seconds
        self.timeout = asyncio.timeout_at(begun + min(seconds, SILENT_SECONDS))

    def add(self, part: bytes) -> None:
        self.parts.append(part)
        self.size += len(part)
        allowed = min(self._seconds, SILENT_SECONDS + self.size / LEAST_RATE)
        self.timeout.reschedule(self._begun + allowed)

    def rate(self) -> float:
        """Bytes a second so far."""
        return self.size / (asyncio.get_running_loop().time() - self._begun + 1e-6)

    def give_way(self) -> None:
        self.gave_way = True
        self.parts.clear()
        self.timeout.reschedule(0)

    def problem(self) -> SignwatchError:
        if self.gave_way:
            return Unavailable(
                "many requests are arriving, and this was the slowest of them: "
                f"{self.size:,} bytes of its body came. Send it again later"
            )
        if self._seconds <= SILENT_SECONDS + self.size / LEAST_RATE:
            return TooSlow(
                f"the body did not arrive within {self._seconds} s; {self.size:,} bytes of it came"
            )
        return TooSlow(
            f"the body came slower than {LEAST_RATE:,} bytes a second; {self.size:,} bytes of it "
            f"came. Its first {SILENT_SECONDS} s do not count"
        )
