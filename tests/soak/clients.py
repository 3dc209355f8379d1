"""Clients that send a day's requests, each over a connection that it keeps while it can."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import uvloop

from tests.soak.traffic import Request

CLIENTS = 16
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Sent:
    """What became of a request. status: None where the client did not wait for one; 0 where none
    came; seconds: until the answer was read.
    """

    request: Request
    status: int | None
    seconds: float


def send(port: int, requests: Iterable[Request]) -> list[Sent]:
    """Send them all, CLIENTS at a time, in order."""
    return uvloop.run(_send(port, iter(requests)))


async def _send(port: int, requests: Iterator[Request]) -> list[Sent]:
    sent: list[Sent] = []
    await asyncio.gather(*(_Client(port).send_all(requests, sent) for _ in range(CLIENTS)))
    return sent


class _Client:
    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def send_all(self, requests: Iterator[Request], sent: list[Sent]) -> None:
        for request in requests:
            begun = time.perf_counter()
            status = await self._status(request)
            sent.append(Sent(request, status, time.perf_counter() - begun))
        self._hang_up()

    async def _status(self, request: Request) -> int | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._exchange(request)
        except (OSError, EOFError, TimeoutError):
            self._hang_up()
            return None if request.kind.leaves else 0

    async def _exchange(self, request: Request) -> int | None:
        if self._writer is None or self._writer.is_closing() or self._reader.at_eof():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        message = request.message
        self._writer.write(message[: int(len(message) * request.kind.cut)])
        await self._writer.drain()
        if request.kind.leaves:
            self._hang_up()
            return None
        head = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        if fields.get(b"transfer-encoding") == b"chunked":
            while size := int(await self._reader.readline(), 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readline()
        else:
            await self._reader.readexactly(int(fields.get(b"content-length", b"0")))
        if fields.get(b"connection") == b"close":
            self._hang_up()
        return int(head.split()[1])

    def _hang_up(self) -> None:
        if self._writer is not None:
            with suppress(OSError):
                self._writer.transport.abort()
            self._writer = None
