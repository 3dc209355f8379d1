"""Killed at any moment of its work, a process has lost nothing and doubled nothing."""

from pathlib import Path

import pytest

from tests.support.killed import ACTS
from tests.support.killing import killed, lost_and_doubled, prepare
from tests.support.postgres import Server, postgres

__all__ = ["postgres"]

TIMES = 3


@pytest.mark.parametrize("act", sorted(ACTS.keys() - {"append"}))
def test_kills_cost_nothing(tmp_path: Path, act: str) -> None:
    prepare(tmp_path)
    durable = killed(act, tmp_path, TIMES)
    assert len(durable) >= TIMES
    assert lost_and_doubled(act, tmp_path, durable) == (0, 0)


@pytest.mark.parametrize("act", ["append", "import"])
def test_kills_of_a_replica_cost_nothing(postgres: Server, tmp_path: Path, act: str) -> None:
    prepare(tmp_path)
    conninfo = postgres.new_database()
    durable = killed(act, tmp_path, 2, conninfo=conninfo, most=6)
    assert lost_and_doubled(act, tmp_path, durable, conninfo=conninfo) == (0, 0)
