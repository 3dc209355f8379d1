"""Killed at any moment, the log holds every answered request, and none of them twice."""

import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from core.records.queries import CaptureFilter
from core.store import CaptureLog
from tests.support.images import noise, saved
from tests.support.waiting import LONGEST, until

ROOT = Path(__file__).parents[3]
ROUNDS = 50 if os.environ.get("SIGNWATCH_REQUIRE_ALL") == "1" else 12
CLIENTS = 8
CONTEXT = ssl.create_default_context()  # made once: each takes as long as some requests
IMAGES = [saved(noise(32, 32, seed), "PNG") for seed in range(16)]


class Server:
    """A server over one log that is killed and started again."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self.log = log
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> int:
        """The id of the process, once it answers."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{self.port}\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        until(self._listens, "a server that listens")  # it does so when it is ready
        return child

    def kill(self, child: int) -> None:
        """No chance to clean up."""
        os.kill(child, signal.SIGKILL)
        assert self._process.stdout
        assert self._process.stdout.readline() == "ended\n"

    def _listens(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def server(tmp_path: Path, model_dir: Path) -> Iterator[Server]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWATCH_")} | {
        "SIGNWATCH_LOCAL": str(tmp_path),
        "SIGNWATCH_MODEL": str(model_dir),
        "OMP_NUM_THREADS": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.forking_server"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Server(process, tmp_path / "signwatch.duckdb")
        assert process.stdin
        process.stdin.close()


class Clients:
    """Clients that send one request after another until their server is gone."""

    def __init__(self, url: str, round: int, images: Sequence[bytes] = IMAGES) -> None:
        self._url, self._round, self._images = url, round, images
        self.answered: list[str] = []
        self._changed = threading.Condition()

    def run(self, client: int) -> None:
        """Ids of requests stand in `answered` once they have been answered."""
        with httpx.Client(base_url=self._url, timeout=LONGEST, verify=CONTEXT) as http:
            for number in range(10_000):
                name = f"{self._round}-{client}-{number}"
                headers = {"Content-Type": "image/png", "X-Amzn-SageMaker-Inference-Id": name}
                image = self._images[(client * 37 + number) % len(self._images)]
                try:
                    answer = http.post("/invocations", content=image, headers=headers)
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200
                with self._changed:
                    self.answered.append(name)
                    self._changed.notify_all()

    def wait_for(self, answers: int) -> None:
        """Return as soon as so many requests have been answered."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answered) >= answers, LONGEST)


def test_a_killed_server_has_kept_every_answered_request_once(server: Server) -> None:
    chance = random.Random(0)
    answered: list[str] = []
    for round in range(ROUNDS):
        child = server.start()
        clients = Clients(server.url, round)
        with ThreadPoolExecutor(CLIENTS) as threads:
            running = [threads.submit(clients.run, client) for client in range(CLIENTS)]
            clients.wait_for(chance.randint(1, 40))
            server.kill(child)
            for each in running:
                each.result(LONGEST)
        answered += clients.answered
    log = CaptureLog(server.log)
    rows = log.database.rows("SELECT inference_id, image_sha256 FROM log.captures")
    kept = Counter(row[0] for row in rows)
    assert set(answered) <= kept.keys()
    assert len(answered) == len(set(answered)) >= ROUNDS
    assert set(kept.values()) == {1}
    assert log.images([row[1] for row in rows]).keys() == {row[1] for row in rows}
    assert log.count(CaptureFilter()) == len(rows)
    log.close()
