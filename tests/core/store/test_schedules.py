"""Schedules in both kinds of store: the latest row of a name counts, whatever the clock shows."""

from dataclasses import replace
from datetime import timedelta

from core.errors import Conflict, NotFound
from core.records.schedules import Schedule, ScheduleStatus, StoredSchedule
from core.store import CaptureLog, SchedulesTable
from core.store.address import Address
from tests.support.expect import raises
from tests.support.records import NOON

HOUR = timedelta(hours=1)
NIGHTLY = StoredSchedule(
    Schedule("nightly", "cron(0 3 ? * * *)", HOUR * 24, HOUR, "cars", 0.25, '{"a": "\\ud83d"}'),
    ScheduleStatus.SCHEDULED,
    NOON,
    NOON + HOUR,
    NOON + 2 * HOUR,
)
PLAIN = StoredSchedule(
    Schedule("minutely", "cron(* * ? * * *)"), ScheduleStatus.STOPPED, NOON, NOON, NOON
)


def test_schedules_come_back_as_they_were_by_name(address: Address) -> None:
    log = CaptureLog(address)
    table = SchedulesTable(log.database)
    assert table.all() == []
    table.create(NIGHTLY)
    table.create(PLAIN)
    log.close()
    log = CaptureLog(address)
    table = SchedulesTable(log.database)
    assert table.all() == [PLAIN, NIGHTLY]
    assert table.one("nightly") == NIGHTLY
    with raises(NotFound, "there is no monitoring schedule 'x'; there are 'minutely', 'nightly'"):
        table.one("x")
    log.close()


def test_a_name_is_taken_once(log: CaptureLog) -> None:
    table = SchedulesTable(log.database)
    table.create(NIGHTLY)
    with raises(
        Conflict,
        "there is a monitoring schedule 'nightly' already; choose another name, or change or "
        "delete that one",
    ):
        table.create(replace(NIGHTLY, changed_at=NOON + 9 * HOUR))
    assert table.all() == [NIGHTLY]


def test_the_last_change_counts_even_after_the_clock_was_set_back(log: CaptureLog) -> None:
    table = SchedulesTable(log.database)
    table.create(NIGHTLY)
    changed = replace(NIGHTLY, status=ScheduleStatus.STOPPED, changed_at=NOON - 48 * HOUR)
    table.change(changed)
    assert table.all() == [changed]


def test_what_was_deleted_is_gone_and_its_name_free(log: CaptureLog) -> None:
    table = SchedulesTable(log.database)
    table.create(NIGHTLY)
    table.delete(NIGHTLY)
    assert table.all() == []
    with raises(NotFound, "there is no monitoring schedule 'nightly'; there are none"):
        table.one("nightly")
    table.create(NIGHTLY)
    assert table.all() == [NIGHTLY]


def test_what_is_there_from_the_start_does_not_come_back(log: CaptureLog) -> None:
    table = SchedulesTable(log.database)
    table.ensure(NIGHTLY)
    table.ensure(replace(NIGHTLY, status=ScheduleStatus.STOPPED))
    assert table.all() == [NIGHTLY]
    table.delete(NIGHTLY)
    table.ensure(NIGHTLY)
    assert table.all() == []
