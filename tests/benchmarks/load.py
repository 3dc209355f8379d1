"""Clients that keep a server busy: as little work as possible, for it shares the cores."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import uvloop


@dataclass(frozen=True)
class Load:
    """What came of it. latencies: seconds a request, in the order of the answers."""

    seconds: float
    latencies: tuple[float, ...]
    bodies: tuple[bytes, ...]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


def png_request(image: bytes) -> bytes:
    """A whole HTTP request whose body is the image."""
    return _request("image/png", image)


def json_request(image: bytes) -> bytes:
    """A whole HTTP request that carries the image as base64 in JSON."""
    return _request("application/json", json.dumps({"image": b64encode(image).decode()}).encode())


def send(port: int, messages: Sequence[bytes], *, requests: int, clients: int) -> Load:
    """Send whole HTTP requests in turn, from `clients` connections that stay open.

    Raises RuntimeError if an answer has another status than 200.
    """
    return uvloop.run(_send(port, messages, requests, clients))


async def _send(port: int, messages: Sequence[bytes], requests: int, clients: int) -> Load:
    todo = zip(range(requests), cycle(messages), strict=False)
    latencies: list[float] = []
    bodies: list[bytes] = []
    begun = time.perf_counter()
    await asyncio.gather(*(_client(port, todo, latencies, bodies) for _ in range(clients)))
    return Load(time.perf_counter() - begun, tuple(latencies), tuple(bodies))


def _request(content_type: str, body: bytes) -> bytes:
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _client(
    port: int, todo: Iterator[tuple[int, bytes]], latencies: list[float], bodies: list[bytes]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _, request in todo:
        begun = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = await reader.readexactly(int(fields[b"content-length"]))
        latencies.append(time.perf_counter() - begun)
        bodies.append(body)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.splitlines()[0].decode()}: {body.decode()}")
    writer.close()
