"""Servers under load that are killed, with or without a drill under way."""

import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.settings import ROOT, Settings
from core.store import CaptureLog
from tests.core.capture.test_crash import CLIENTS, Clients, Server
from tests.support.waiting import LONGEST


@dataclass(frozen=True)
class Found:
    """answered: requests; lost, doubled: of them, in the log."""

    answered: int
    lost: int
    doubled: int


@contextmanager
def servers(folder: Path) -> Iterator[Server]:
    """Servers of the classifier that ships, one at a time, over one log."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWATCH_")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.forking_server"],
        cwd=ROOT,
        env=environment | {"SIGNWATCH_LOCAL": str(folder), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Server(process, folder / "signwatch.duckdb")
        assert process.stdin
        process.stdin.close()


def serving_kills(times: int, *, drill: bool, seed: int = 0) -> Found:
    """Kill a server so many times while clients send to it; a drill sends as well."""
    assert Settings().model.exists()
    chance, answered = random.Random(seed), []
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as server:
        for round in range(times):
            child = server.start()
            if drill:
                httpx.post(f"{server.url}/api/drills", json={}, timeout=LONGEST)
            clients = Clients(server.url, round)
            with ThreadPoolExecutor(CLIENTS) as threads:
                sending = [threads.submit(clients.run, client) for client in range(CLIENTS)]
                clients.wait_for(chance.randint(1, 40))
                server.kill(child)
                for each in sending:
                    each.result(LONGEST)
            answered += clients.answered
        log = CaptureLog(server.log)
        found = log.database.rows("SELECT coalesce(inference_id, event_id) FROM log.captures")
        log.close()
    kept = Counter(row[0] for row in found)
    return Found(
        len(answered),
        len(set(answered) - kept.keys()),
        sum(kept.values()) - len(kept),
    )
