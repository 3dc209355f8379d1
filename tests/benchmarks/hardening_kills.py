"""A hundred kills at any moment: what was durable before is there once."""

from __future__ import annotations

import os
import signal
import tempfile
from functools import partial
from pathlib import Path

import httpx
import numpy as np

from core.images import encode_png
from tests.benchmarks import drill
from tests.benchmarks.rows import Row, Rows, drawn
from tests.benchmarks.servers import ours
from tests.core.capture.test_crash import Clients
from tests.support.killing import killed, lost_and_doubled, prepare
from tests.support.postgres import running
from tests.support.serving_kills import Found, found, serving_kills, until_killed

OF_ACTS = {"import": 15, "upkeep": 20, "checkpoint": 20, "baseline": 10}
OF_A_REPLICA, OF_SERVING, OF_DRILLS = 10, 20, 5


def rows() -> Rows:
    """Kills of each kind of work, in processes of their own; every restart needs nobody."""
    kills, lost, doubled = 0, 0, 0
    for act, times in OF_ACTS.items():
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            durable = killed(act, Path(folder), times)
            figures = lost_and_doubled(act, Path(folder), durable)
        print(f"{act}: {times} kills, {len(durable)} durable before, lost and doubled {figures}")
        kills, lost, doubled = kills + times, lost + figures[0], doubled + figures[1]
    with running() as server, tempfile.TemporaryDirectory() as folder:
        conninfo = server.new_database()
        durable = killed("append", Path(folder), OF_A_REPLICA, conninfo=conninfo, most=10)
        figures = lost_and_doubled("append", Path(folder), durable, conninfo=conninfo)
        print(f"replica: {OF_A_REPLICA} kills, {len(durable)} durable before, {figures}")
        kills, lost, doubled = kills + OF_A_REPLICA, lost + figures[0], doubled + figures[1]
    for name, times, killing in (
        ("serving", OF_SERVING, serving_kills),
        ("drill", OF_DRILLS, drill_kills),
    ):
        left = killing(times)
        print(f"{name}: {times} kills, {left}")
        kills, lost, doubled = kills + times, lost + left.lost, doubled + left.doubled
    yield Row("kills: how many", kills, 100, True)
    yield Row("kills: lost", lost, 0, False)
    yield Row("kills: doubled", doubled, 0, False)


def drill_kills(times: int) -> Found:
    """Kill the dashboard while a drill and clients send to it; it starts again over its log."""
    answered: list[str] = []
    # Signs as in the baseline: no drill starts while an alarm stands.
    signs = drawn()
    order = np.random.default_rng(0).permutation(len(signs))
    images = [encode_png(signs.images[row]) for row in order]
    with tempfile.TemporaryDirectory() as folder:
        for round in range(times):
            with ours(Path(folder)) as server:
                url = f"http://127.0.0.1:{server.port}"
                if round == 0:
                    drill.command(folder, "baseline", "create", "--data", drill.signs(Path(folder)))
                httpx.post(f"{url}/api/drills", json={"share": 0.2}).raise_for_status()
                kill = partial(os.killpg, server.group, signal.SIGKILL)
                clients = Clients(url, round, images)
                answered += until_killed(clients, 20 * (round + 1), kill)
        return found(Path(folder) / "signwatch.duckdb", answered)
