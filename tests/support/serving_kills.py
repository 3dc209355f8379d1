"""Servers under load that are killed, and what is left of the requests."""

import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.settings import ROOT
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


def serving_kills(times: int) -> Found:
    """Kill a server so many times while clients send to it."""
    chance, answered = random.Random(0), []
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as server:
        for round in range(times):
            child = server.start()
            kill = partial(server.kill, child)
            answered += until_killed(Clients(server.url, round), chance.randint(1, 40), kill)
        return found(server.log, answered)


def until_killed(clients: Clients, answers: int, kill: Callable[[], object]) -> list[str]:
    """Let clients send until so many were answered, then kill the server; all that it answered."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        sending = [threads.submit(clients.run, client) for client in range(CLIENTS)]
        clients.wait_for(answers)
        kill()
        for each in sending:
            each.result(LONGEST)
    return clients.answered


def found(path: Path, answered: list[str]) -> Found:
    """What a log has of the requests that were answered, and of all others."""
    log = CaptureLog(path)
    rows = log.database.rows("SELECT coalesce(inference_id, event_id) FROM log.captures")
    log.close()
    kept = Counter(row[0] for row in rows)
    return Found(len(answered), len(set(answered) - kept.keys()), sum(kept.values()) - len(kept))
