"""Asks the program in its own process, without sockets, and counts what it answers."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core import services
from tests.fuzz.cases import Asked, Cases, ids
from tests.support import door

AT_ONCE = 8


@dataclass
class Outcome:
    """What came of all requests.

    statuses: by number; failed: requests that were answered with 5xx, or not at all; memory: bytes
    in use after a tenth of the requests, and at the end; threads, descriptors: likewise.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def note(self) -> None:
        """Measure the process."""
        self.memory.append(memory())
        self.threads.append(threading.active_count())
        self.descriptors.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))


def memory() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ask(app: Any, path: str) -> bytes:
    """The body of one GET."""
    return asyncio.run(answer(app, Asked("GET", path, headers=[(b"host", b"localhost")])))[1]


def fuzz(
    app: Any,
    cases: Cases,
    count: int,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> Outcome:
    """Ask `count` requests, several at a time."""
    outcome = Outcome()
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            asked = cases.case(number)
            try:
                status, body = await answer(app, asked)
            except Exception as error:  # noqa: BLE001 what leaves the program is a fault as well
                status, body = 599, repr(error).encode()
            outcome.statuses[status] += 1
            if status >= 500:
                problem = body[:300].decode(errors="replace")
                outcome.failed.append(f"{number}: {asked.method} {asked.path[:80]}: {problem}")
            cases.known.extend(ids(body))
            if number == count // 10:
                outcome.note()
            progress(number)

    async def run() -> None:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    asyncio.run(run())
    outcome.note()
    return outcome


async def answer(app: Any, asked: Asked) -> tuple[int, bytes]:
    """Status and body; 499 for a client that hung up."""
    parts = iter(asked.parts or [b""])
    left = max(1, len(asked.parts))
    status, body, done = 499, bytearray(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal left
        if asked.hangs_up and left <= 1:
            return {"type": "http.disconnect"}
        if left == 0:
            await done.wait()
            return {"type": "http.disconnect"}
        left -= 1
        return {"type": "http.request", "body": next(parts), "more_body": left > 0}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                done.set()

    await app(asked.scope(), receive, send)
    return status, bytes(body)


@contextmanager
def no_drills(signwatch: services.Services) -> Iterator[None]:
    """Drills find no endpoint to send to."""
    drills = signwatch.simulation.drills
    address, drills._address = drills._address, lambda: "http://127.0.0.1:1"
    try:
        yield
    finally:
        drills._address = address


def fuzzed(count: int, seed: int, *, bar: bool = False) -> Outcome:
    """`count` requests to the program over an empty log."""
    warnings.simplefilter("ignore")  # of numpy and Pillow, about damaged content
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SIGNWATCH_LOCAL"] = folder
        signwatch = services.current()
        program = door.app()
        try:
            with (
                no_drills(signwatch),
                tqdm(total=count, disable=not bar, unit=" requests") as shown,
            ):
                cases = Cases(json.loads(ask(program, "/api/openapi.json")), seed)
                return fuzz(program, cases, count, progress=lambda _: shown.update())
        finally:
            services.close_current()
