"""How things stand: a violation stands until something that evaluated replaces it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.records.monitoring import Execution, ExecutionStatus
from core.records.schedules import HOURLY, ONCE, Schedule, ScheduleStatus, StoredSchedule
from core.records.window import Window
from core.store import CaptureLog, ExecutionsTable, SchedulesTable
from tests.support.records import NOON, make_execution

MINUTE = timedelta(minutes=1)
SINCE = NOON - timedelta(days=1)
CLEAN = ExecutionStatus.COMPLETED
FAILED = ExecutionStatus.FAILED
VIOLATED = ExecutionStatus.COMPLETED_WITH_VIOLATIONS


def run(
    minutes: float, status: ExecutionStatus, schedule: str | None, endpoint: str | None = None
) -> Execution:
    at = NOON + minutes * MINUTE
    made = make_execution(
        at, status=status, schedule=schedule, window=Window(at - MINUTE, at, endpoint)
    )
    return made if status is VIOLATED else replace(made, violations=())


@pytest.mark.parametrize(
    ("runs", "standing"),
    [
        ([(0, VIOLATED, "a"), (1, FAILED, "b")], [0]),
        ([(0, VIOLATED, "a"), (1, CLEAN, "b")], [0, 1]),
        ([(0, VIOLATED, "a"), (1, CLEAN, "a")], [1]),
        ([(0, VIOLATED, "a"), (1, CLEAN, "a"), (2, FAILED, "a")], [1]),
        ([(0, VIOLATED, "a"), (1, CLEAN, None)], [1]),
        ([(0, VIOLATED, None), (1, CLEAN, "a")], [1]),
        ([(0, VIOLATED, "a", "cars"), (1, CLEAN, None)], [0, 1]),
        ([(0, CLEAN, "a"), (1, VIOLATED, "b"), (2, VIOLATED, "a")], [2, 1]),
        ([(0, VIOLATED, "once"), (1, CLEAN, "a")], [1]),
        ([(0, VIOLATED, "stopped"), (1, CLEAN, "a")], [1]),
        ([(0, VIOLATED, "deleted"), (1, CLEAN, "a")], [1]),
        ([(-3000, VIOLATED, None, "cars"), (1, CLEAN, "a")], [1]),
        ([(-3000, VIOLATED, None, "cars"), (1, FAILED, "a")], [0]),
        ([(-3000, VIOLATED, "a"), (1, CLEAN, "b")], [0, 1]),
        ([(0, FAILED, "a")], []),
    ],
)
def test_what_stands(
    log: CaptureLog,
    runs: list[tuple[float, ExecutionStatus, str | None]],
    standing: list[int],
) -> None:
    schedules = SchedulesTable(log.database)
    for name, expression, status in (
        ("a", HOURLY, ScheduleStatus.SCHEDULED),
        ("b", HOURLY, ScheduleStatus.SCHEDULED),
        ("once", ONCE, ScheduleStatus.SCHEDULED),
        ("stopped", HOURLY, ScheduleStatus.STOPPED),
    ):
        schedules.create(StoredSchedule(Schedule(name, expression), status, NOON, NOON, NOON))
    table = ExecutionsTable(log.database)
    made = [run(*each) for each in runs]
    for each in made:
        table.begin(each)
    assert table.standing(SINCE) == [made[place] for place in standing]
