"""A hundred kills at any moment: what was durable before is there once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.rows import Row, Rows
from tests.support.killing import killed, lost_and_doubled, prepare
from tests.support.postgres import running
from tests.support.serving_kills import serving_kills

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
    for drill, times in ((False, OF_SERVING), (True, OF_DRILLS)):
        found = serving_kills(times, drill=drill)
        print(f"{'drill' if drill else 'serving'}: {times} kills, {found}")
        kills, lost, doubled = kills + times, lost + found.lost, doubled + found.doubled
    yield Row("kills: how many", kills, 100, True)
    yield Row("kills: lost", lost, 0, False)
    yield Row("kills: doubled", doubled, 0, False)
