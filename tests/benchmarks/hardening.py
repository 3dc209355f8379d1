"""What the worst requests cost that are accepted, against the real server."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import numpy as np

from core.images import encode_png
from tests.benchmarks import load
from tests.benchmarks.rows import Row, Rows
from tests.benchmarks.servers import Server, ours
from tests.support.heavy import HEAVY
from tests.support.images import blocks

HEAVY_AT_ONCE = 20
OTHERS = 4  # clients beside them
NORMAL = 300  # requests of theirs
TIMEOUT = 600
MEASURE_SECONDS = 0.005
MOST_MEGABYTES, MOST_SECONDS = 300, 1


def rows() -> Rows:
    """One row a promise; each measures with a server of its own."""
    for measure in (memory, delay):
        with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as server:
            yield from measure(server)


def memory(server: Server) -> Rows:
    """Of all heavy bodies, one after the other, the largest peak over what the server had idle."""
    for _ in range(50):
        _post(server, encode_png(blocks()))
    peaks: dict[str, float] = {}
    for name, body in HEAVY.items():
        content = body()
        time.sleep(1)  # what was freed is given back
        with _memory_watched(server) as peak:
            _post(server, content)
        peaks[name] = peak()
    print("MB over idle: " + ", ".join(f"{name} {most:.0f}" for name, most in peaks.items()))
    yield Row(
        "peak memory over idle of the worst accepted body, MB",
        max(peaks.values()),
        MOST_MEGABYTES,
        False,
    )


def delay(server: Server) -> Rows:
    """Of all heavy bodies, the longest that others wait while HEAVY_AT_ONCE of it arrive."""
    messages = [load.png_request(encode_png(blocks(seed))) for seed in range(32)]
    send = partial(load.send, server.port, messages, clients=OTHERS)
    send(requests=NORMAL)
    normal = float(np.percentile(send(requests=NORMAL).latencies, 99))
    added: dict[str, float] = {}
    for name, body in HEAVY.items():
        content, latencies = body(), []
        with ThreadPoolExecutor(HEAVY_AT_ONCE) as threads:
            heavy = [threads.submit(_post, server, content) for _ in range(HEAVY_AT_ONCE)]
            while not all(each.done() for each in heavy):
                latencies += send(requests=OTHERS).latencies
        for each in heavy:
            each.result()
        added[name] = float(np.percentile(latencies, 99)) - normal
    print(
        f"p99 of others, s: normal {normal:.3f}; above it, with {HEAVY_AT_ONCE} of "
        + ", ".join(f"{name} {seconds:.3f}" for name, seconds in added.items())
    )
    yield Row(
        f"p99 of others above normal while {HEAVY_AT_ONCE} worst bodies arrive, s",
        max(added.values()),
        MOST_SECONDS,
        False,
    )


def _post(server: Server, content: bytes) -> None:
    """Send it until it is answered: where many large bodies arrive, some are to come again."""
    while True:
        answer = httpx.post(
            f"http://127.0.0.1:{server.port}/invocations",
            content=content,
            headers={"Content-Type": "application/x-image"},
            timeout=TIMEOUT,
        )
        if answer.status_code != 503:
            break
        time.sleep(float(answer.headers["retry-after"]))
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.status_code}: {answer.text}")


@contextmanager
def _memory_watched(server: Server) -> Iterator[Callable[[], float]]:
    """What is yielded returns the peak since, in MB over the beginning, of all processes."""
    before = most = _resident(server)
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(MEASURE_SECONDS):
            most = max(most, _resident(server))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield lambda: (most - before) / 1e6
    finally:
        over.set()
        watching.join()


def _resident(server: Server) -> int:
    """Bytes that the processes of a server have in memory."""
    pages = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == server.group:
                pages += int((process / "statm").read_text().split()[1])
        except (OSError, IndexError):  # it has ended meanwhile
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")
