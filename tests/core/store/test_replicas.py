"""Several processes on one shared log: each run takes place once, whoever it is that begins it."""

import subprocess
import sys
from pathlib import Path

from core.records.schedules import DEFAULT, Schedule
from core.settings import ROOT
from core.store import CaptureLog
from core.store.address import LakeAddress
from tests.support.clock import Clock
from tests.support.postgres import Server, postgres
from tests.support.scheduling import runs, schedules_over

__all__ = ["postgres"]

REPLICAS, MINUTES = 3, 12


def test_each_run_that_is_due_takes_place_once(postgres: Server, tmp_path: Path) -> None:
    address = LakeAddress(postgres.new_database(), str(tmp_path / "lake"))
    log = CaptureLog(address)
    schedules = schedules_over(log, Clock())
    schedules.delete(DEFAULT)
    schedules.create(Schedule("minutely", "cron(* * ? * * *)"))
    log.close()
    replicas = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.ticking", str(MINUTES), address.data],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(REPLICAS)
    ]
    for replica in replicas:  # all of them before the first is waited for
        replica.stdin.write(address.conninfo)
        replica.stdin.close()
    for replica in replicas:
        assert replica.wait() == 0, replica.stderr.read()
        replica.stderr.close()
    log = CaptureLog(address)
    expected = [(f"14 12:{minute:02d}", "Failed") for minute in range(1, MINUTES + 1)]
    assert runs(log, "minutely") == expected
    numbers = log.database.rows("SELECT number FROM log.executions ORDER BY number")
    assert numbers == [(n,) for n in range(1, MINUTES + 1)]
    log.close()
