"""Good clients beside thousands that open connections and say nothing, or half of it."""

from __future__ import annotations

import selectors
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from core.endpoint.connections import raise_descriptors
from core.images import encode_png
from tests.benchmarks import load
from tests.benchmarks.rounds import interleaved
from tests.benchmarks.rows import Row, Rows, held_out
from tests.benchmarks.servers import ours
from tests.fuzz.run import fuzzed

SILENT = 2000
CLIENTS = 16
REQUESTS = 600
FUZZED = 100_000
# A head without its body, half a head, a request that no other one follows, nothing at all.
SILENCES = (
    b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    b"Content-Length: 1000\r\n\r\n",
    b"POST /invocations HTTP/1.1\r\nHost: loc",
    b"OPTIONS /ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"",
)


def rows() -> Rows:
    """The rate of good clients, with and without the silent ones, in turn."""
    images = [encode_png(pixels) for pixels in held_out().sample(64, seed=0).images]
    messages = [load.png_request(image) for image in images]
    raise_descriptors()
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as server:

        def rate() -> float:
            # Answered once those that connected before are: what is measured is silence.
            load.send(server.port, messages, requests=CLIENTS, clients=CLIENTS)
            return load.send(server.port, messages, requests=REQUESTS, clients=CLIENTS).rate

        def rate_beside_silence() -> float:
            with silent(server.port, SILENT):
                return rate()

        found = interleaved({"alone": rate, "beside": rate_beside_silence})
    ratio = np.array(found["beside"]) / np.array(found["alone"])
    name = f"rate of good clients under {SILENT:,} silent connections / without"
    yield Row.of_rounds(name, ratio, 0.95, True)


def fuzz() -> Rows:
    """Requests to all routes, drawn from their description."""
    outcome = fuzzed(FUZZED, seed=0)
    print("\n".join(outcome.failed[:20]))
    yield Row(f"fuzzed requests with 5xx answers, of {FUZZED:,}", len(outcome.failed), 0, False)


@contextmanager
def silent(port: int, count: int) -> Iterator[None]:
    """So many silent connections; one that the server closes is opened again."""
    silences = cycle(SILENCES)
    waiting = selectors.DefaultSelector()
    stopped = threading.Event()

    def opened() -> None:
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(next(silences))
        waiting.register(client, selectors.EVENT_READ)

    def hold() -> None:
        while not stopped.is_set():
            for key, _ in waiting.select(timeout=0.1):
                client: socket.socket = key.fileobj  # type: ignore[assignment]
                if not _more(client):
                    waiting.unregister(client)
                    client.close()
                    opened()

    for _ in range(count):
        opened()
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        for key in list(waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        waiting.close()


def _more(client: socket.socket) -> bool:
    try:
        return bool(client.recv(65_536))
    except OSError:
        return False
