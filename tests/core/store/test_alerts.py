"""Notices and deliveries in both kinds of store; one of several claims wins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from core.monitoring.schedules.cron import HOURLY
from core.records.alerts import Delivery, Notice, NoticeKind
from core.records.execution_log import ExecutionLog
from core.records.monitoring import ExecutionStatus, Violation
from core.records.schedules import ONCE, Schedule, ScheduleStatus, StoredSchedule
from core.records.window import Window
from core.store import AlertsTable, CaptureLog, ExecutionsTable, SchedulesTable
from core.store.address import Address
from tests.support.records import NOON, make_execution

MINUTE = timedelta(minutes=1)
FIRST = Notice(
    "1",
    NoticeKind.ALERT,
    None,
    NOON,
    ("PredictedClass check class 14",),
    "run",
    NOON,
    NOON + MINUTE,
)


def test_the_last_notice_of_the_endpoint_and_its_outcome_decide(log: CaptureLog) -> None:
    table, seen = AlertsTable(log.database), []

    def nothing(last: Notice | None, deliveries: list[Delivery], _: list[Violation]) -> None:
        seen.append((last, deliveries))

    assert table.claim(None, None, nothing) is None
    assert table.claim(None, None, lambda *_: FIRST) == FIRST
    arrived = Delivery("1", "Slack", True, "", NOON + 2 * MINUTE)
    lost = Delivery("1", "E-Mail", False, "no answer", NOON + 3 * MINUTE)
    table.add_deliveries([arrived, lost])
    table.add(replace(FIRST, notice_id="t", kind=NoticeKind.TEST, made_at=NOON + 9 * MINUTE))
    elsewhere = replace(FIRST, notice_id="2", endpoint="cars", made_at=NOON + 8 * MINUTE)
    table.add(elsewhere)
    table.claim(None, None, nothing)
    table.claim("cars", None, nothing)
    table.claim("bikes", None, nothing)
    found = [(last, sorted(each, key=lambda d: d.at)) for last, each in seen]
    assert found == [(None, []), (FIRST, [arrived, lost]), (elsewhere, []), (None, [])]
    assert table.deliveries(10) == [(FIRST, lost), (FIRST, arrived)]
    assert table.deliveries(1) == [(FIRST, lost)]


def test_what_lasts_is_what_was_not_recovered_from(log: CaptureLog) -> None:
    table = AlertsTable(log.database)
    assert table.lasting() == []
    table.add(FIRST)
    cars = replace(FIRST, notice_id="2", endpoint="cars", since=NOON - MINUTE)
    table.add(cars)
    reminder = replace(FIRST, notice_id="3", kind=NoticeKind.REMINDER, made_at=NOON + 5 * MINUTE)
    table.add(reminder)
    assert table.lasting() == [cars, reminder]
    table.add(replace(cars, notice_id="4", kind=NoticeKind.RECOVERY, made_at=NOON + 6 * MINUTE))
    assert table.lasting() == [reminder]


def test_one_of_many_claims_wins(log: CaptureLog) -> None:
    table = AlertsTable(log.database)

    def once(number: int) -> Notice | None:
        mine = replace(FIRST, notice_id=str(number))
        return table.claim(None, None, lambda last, *_: None if last else mine)

    with ThreadPoolExecutor(4) as threads:
        won = [notice for notice in threads.map(once, range(8)) if notice]
    assert len(won) == 1
    assert table.lasting() == won


def test_what_other_schedules_found_at_the_endpoint_last_is_known(log: CaptureLog) -> None:
    schedules, executions = SchedulesTable(log.database), ExecutionsTable(log.database)
    table = AlertsTable(log.database)

    def elsewhere(endpoint: str | None, schedule: str | None) -> list[str]:
        given: list[list[Violation]] = []
        table.claim(endpoint, schedule, lambda _, __, found: given.append(found))
        return sorted(violation.description for violation in given[0])

    def ran(schedule: str | None, description: str, endpoint: str | None = None) -> None:
        found = (Violation("PredictedClass", "check", description),) if description else ()
        state = ExecutionStatus.COMPLETED_WITH_VIOLATIONS if found else ExecutionStatus.COMPLETED
        executions.keep(
            make_execution(
                schedule=schedule,
                violations=found,
                status=state,
                window=Window(NOON, NOON + MINUTE, endpoint),
            ),
            ExecutionLog(()),
        )

    def stored(name: str, expression: str = HOURLY) -> StoredSchedule:
        schedule = Schedule(name, expression)
        return StoredSchedule(schedule, ScheduleStatus.SCHEDULED, NOON, NOON, NOON)

    for each in (stored("hourly"), stored("often"), stored("there"), stored("once", ONCE)):
        schedules.create(each)
    assert elsewhere(None, "hourly") == []
    ran("hourly", "h")
    ran("often", "o")
    ran("there", "t", "cars")
    ran("once", "once")
    ran("unknown", "unknown")
    ran(None, "by hand")
    assert elsewhere(None, "hourly") == ["o"]
    assert elsewhere(None, None) == ["h", "o"]
    assert elsewhere("cars", "hourly") == ["t"]
    ran("often", "")
    assert elsewhere(None, "hourly") == []
    failed = make_execution(schedule="hourly", status=ExecutionStatus.FAILED, violations=())
    executions.keep(failed, ExecutionLog(()))
    assert elsewhere(None, "often") == ["h"]  # an empty window says nothing either way
    schedules.change(replace(stored("hourly"), status=ScheduleStatus.STOPPED))
    assert elsewhere(None, "often") == []
    schedules.delete(stored("there"))
    assert elsewhere("cars", None) == []


def test_it_survives_a_restart(address: Address) -> None:
    log = CaptureLog(address)
    AlertsTable(log.database).add(FIRST)
    log.close()
    log = CaptureLog(address)
    assert AlertsTable(log.database).lasting() == [FIRST]
    log.close()
