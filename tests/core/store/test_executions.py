"""Runs in both kinds of store: under way and ended, found again, begun by one of several."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings

from core.errors import NotFound
from core.records.execution_log import ExecutionLog, UnreadableRecord
from core.records.monitoring import Execution, ExecutionStatus
from core.records.schedules import LastRun
from core.records.window import Window
from core.store import CaptureLog, ExecutionsTable, database, executions
from core.store.schema import MIGRATIONS
from tests.core.store.conftest import NewAddress
from tests.core.store.test_log import add_unreadable
from tests.support import records
from tests.support.expect import raises
from tests.support.records import NOON, make_execution

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NO_LOG = ExecutionLog(())
UNDER_WAY = make_execution(
    status=ExecutionStatus.IN_PROGRESS, message="InProgress", figures=None, violations=()
)


def ids(found: list[Execution]) -> list[str]:
    return [each.execution_id for each in found]


def number(log: CaptureLog, execution: Execution) -> int:
    sql = "SELECT number FROM log.executions WHERE execution_id = ?"
    ((found,),) = log.database.rows(sql, [execution.execution_id])
    return int(found)


@settings(max_examples=20)
@given(execution=records.executions)
def test_an_execution_comes_back_as_it_was(shared_log: CaptureLog, execution: Execution) -> None:
    ExecutionsTable(shared_log.database).keep(execution, NO_LOG)
    assert shared_log.execution(execution.execution_id) == execution


def test_executions_are_found_by_id_schedule_and_endpoint(log: CaptureLog) -> None:
    hourly = make_execution(schedule="hourly", window=Window(NOON, NOON, "cars"))
    manual = make_execution(schedule=None)
    for each in (hourly, manual):
        ExecutionsTable(log.database).keep(each, NO_LOG)
    assert log.execution(manual.execution_id) == manual
    with raises(NotFound, "no run none in the log"):
        log.execution("none")
    assert log.executions(9, schedule="hourly") == log.executions(9, endpoint="cars") == [hourly]
    assert log.executions(9, schedule="hourly", endpoint="vans") == []
    assert len(log.executions(9)) == 2


def test_executions_of_before_have_no_outcomes_number_or_log(
    new_address: NewAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, before = new_address(tmp_path), make_execution()
    with monkeypatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", MIGRATIONS[:3])
        log = CaptureLog(address)
        marks = ", ".join("?" * 13)
        with log.database.transaction() as transaction:
            transaction.execute(
                f"INSERT INTO log.executions VALUES ({marks})", executions._row(before)[:13]
            )
        log.close()
    log = CaptureLog(address)
    try:
        table = ExecutionsTable(log.database)
        assert log.executions(9) == [before]
        assert (before.outcomes, before.baseline_id, before.due_at) == ((), None, None)
        assert table.log_of(before.execution_id) is None
        later = make_execution(NOON - HOUR, baseline_id="b-1", due_at=NOON - HOUR)
        table.keep(later, NO_LOG)
        assert log.executions(9) == [later, before]  # whatever the clock says
        assert table.last_run("hourly") == LastRun(1, NOON - HOUR)
    finally:
        log.close()


def test_the_latest_executions_come_first_whatever_the_clock_says(log: CaptureLog) -> None:
    made = [make_execution(NOON + n * MINUTE) for n in (0, 3, 1, 2)]
    for execution in made:
        ExecutionsTable(log.database).keep(execution, NO_LOG)
    assert log.executions(3) == made[:0:-1]


def test_an_execution_under_way_is_seen_and_its_end_takes_its_place(log: CaptureLog) -> None:
    table, other = ExecutionsTable(log.database), make_execution()
    assert table.begin(UNDER_WAY)
    table.keep(other, NO_LOG)
    assert log.execution(UNDER_WAY.execution_id) == UNDER_WAY
    assert log.executions(9, status="InProgress") == [UNDER_WAY]
    assert log.executions(9, ended=True) == [other]
    assert table.log_of(UNDER_WAY.execution_id) is None
    lost = replace(UNDER_WAY, status=ExecutionStatus.FAILED)
    table.keep(lost, ExecutionLog(("lost",)))
    ended = make_execution(execution_id=UNDER_WAY.execution_id)
    table.keep(ended, ExecutionLog(("one", "two")))
    assert log.executions(9) == [other, ended]
    assert (number(log, ended), number(log, other)) == (1, 2)
    assert table.log_of(ended.execution_id) == ExecutionLog(("one", "two"))


def test_of_several_that_want_to_begin_a_run_one_does(log: CaptureLog) -> None:
    table = ExecutionsTable(log.database)

    def begin(_: int) -> bool:
        due = make_execution(due_at=NOON, status=ExecutionStatus.IN_PROGRESS)
        return table.begin(due, after=None)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(begin, range(6))) == [False] * 5 + [True]
    assert len(log.executions(9)) == 1
    assert table.last_run("hourly") == LastRun(1, NOON)


def test_a_run_follows_on_the_last_one_of_its_schedule(log: CaptureLog) -> None:
    table = ExecutionsTable(log.database)
    table.keep(make_execution(schedule="daily", due_at=NOON + HOUR), NO_LOG)
    assert table.begin(make_execution(due_at=NOON), after=None)
    last = table.last_run("hourly")
    assert last == LastRun(2, NOON)
    table.keep(make_execution(NOON + HOUR), NO_LOG)  # by hand, for the same schedule
    assert table.last_run("hourly") == last
    following = make_execution(due_at=NOON + HOUR)
    assert not table.begin(following, after=None)
    assert not table.begin(following, after=LastRun(1, NOON))
    assert table.begin(following, after=last)
    # A clock that was set back: what was due earlier may follow what was due later.
    assert table.begin(make_execution(due_at=NOON), after=LastRun(4, NOON + HOUR))
    assert table.last_run("hourly") == LastRun(5, NOON)
    assert table.last_run("never") is None


def test_executions_are_narrowed_by_times_sorted_and_passed_over(log: CaptureLog) -> None:
    table = ExecutionsTable(log.database)
    first = make_execution(NOON + 2 * MINUTE, execution_id="a", due_at=NOON)
    second = make_execution(NOON + 3 * MINUTE, execution_id="b", due_at=NOON + MINUTE)
    third = make_execution(
        NOON, execution_id="c", status=ExecutionStatus.COMPLETED, ended_at=NOON + HOUR
    )
    for each in (first, second, third):
        table.keep(each, NO_LOG)
    assert ids(table.latest(9, order="scheduled")) == ["b", "a", "c"]
    assert ids(table.latest(9, order="status", rising=True)) == ["c", "a", "b"]
    assert ids(table.latest(9, rising=True)) == ["a", "b", "c"]
    assert ids(table.latest(2, skip=1)) == ["b", "a"]
    assert ids(table.latest(9, after={"scheduled": NOON})) == ["b"]
    assert ids(table.latest(9, before={"created": NOON + 3 * MINUTE})) == ["c", "a"]
    assert ids(table.latest(9, after={"modified": NOON + 30 * MINUTE})) == ["c"]
    assert ids(table.latest(9, after={"created": NOON}, before={"scheduled": NOON + MINUTE})) == [
        "a"
    ]


def test_runs_over_a_moment_include_the_start_of_their_window_and_not_its_end(
    log: CaptureLog,
) -> None:
    table = ExecutionsTable(log.database)
    everywhere, cars = make_execution(), make_execution(window=Window(NOON - HOUR, NOON, "cars"))
    clean = make_execution(
        NOON + MINUTE, window=everywhere.window, status=ExecutionStatus.COMPLETED, violations=()
    )
    for each in (everywhere, cars, clean):
        table.keep(each, NO_LOG)
    assert table.over(NOON - HOUR, "signwatch", limit=9) == [everywhere, clean]
    assert table.over(NOON, "signwatch", limit=9) == []
    assert table.over(NOON - HOUR - MINUTE, "signwatch", limit=9) == []
    assert len(table.over(NOON - MINUTE, "cars", limit=9)) == 3
    assert table.over(NOON - MINUTE, "signwatch", limit=1) == [everywhere]


def test_violated_runs_of_a_stretch_share_time_and_endpoint_with_it(log: CaptureLog) -> None:
    table = ExecutionsTable(log.database)

    def keep(start: datetime, endpoint: str | None = None, **changes: object) -> str:
        run = make_execution(window=Window(start, start + HOUR, endpoint), **changes)
        table.keep(run, NO_LOG)
        return run.execution_id

    status = ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    of_all, of_cars = keep(NOON, status=status), keep(NOON, "cars", status=status)
    keep(NOON, status=ExecutionStatus.COMPLETED)
    keep(NOON - HOUR, status=status)  # ends where the stretch begins
    keep(NOON + HOUR, status=status)  # begins where it ends
    found = {None: {of_all, of_cars}, "cars": {of_all, of_cars}, "vans": {of_all}}
    for endpoint, expected in found.items():
        assert set(ids(table.violated_within(Window(NOON, NOON + HOUR, endpoint)))) == expected


def test_a_log_comes_back_with_its_records(log: CaptureLog) -> None:
    table, execution = ExecutionsTable(log.database), make_execution()
    kept = ExecutionLog(
        ("a line", "Zeile \N{BULLET} 'zwei'"),
        (UnreadableRecord("cars/x.jsonl", 7, NOON, "no JSON", "{\x00\ud800"),),
    )
    table.keep(execution, kept)
    assert table.log_of(execution.execution_id) == kept
    assert table.log_of("unknown") is None


def test_the_records_of_a_window_that_could_not_be_read(log: CaptureLog) -> None:
    for endpoint, moment in (
        ("cars", NOON + MINUTE),
        ("cars", NOON),
        ("vans", NOON),
        ("cars", NOON - MINUTE),
        ("cars", NOON + HOUR),
        ("cars", None),
    ):
        add_unreadable(log, endpoint, moment)
    table = ExecutionsTable(log.database)
    found = table.unreadable(Window(NOON, NOON + HOUR, "cars"))
    assert [record.inferred_at for record in found] == [NOON, NOON + MINUTE]
    assert len(table.unreadable(Window(NOON, NOON + HOUR))) == 3
    figures = log.window_figures(Window(NOON, NOON + HOUR), low_confidence=0.5)
    assert figures.unreadable == 3


def test_of_many_records_the_first_are_kept_and_of_long_ones_the_beginning(
    log: CaptureLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.database.transaction() as transaction:
        for line in range(executions.MOST_UNREADABLE + 5):
            transaction.execute(
                "INSERT INTO log.unreadable VALUES ('a.jsonl', ?, 'cars', 'AllTraffic', ?, "
                "'no JSON', ?)",
                [line, NOON.replace(tzinfo=None), "x" * 5000],
            )
    found = ExecutionsTable(log.database).unreadable(Window(NOON, NOON + HOUR))
    assert [record.line for record in found] == list(range(executions.MOST_UNREADABLE))
    assert {record.content for record in found} == {"x" * executions.LONGEST_CONTENT}
