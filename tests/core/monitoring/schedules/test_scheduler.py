"""Schedules by a clock of the test's own: what is due runs, once, and what was missed is named."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.alerts.channels import parse_channels
from core.errors import BadInput, Conflict, NotFound
from core.monitoring.executions import CUT_OFF, LOST
from core.records.monitoring import Execution, ExecutionStatus, MonitorSettings, Trigger
from core.records.schedules import DEFAULT, ONCE, Schedule, ScheduleStatus
from core.records.window import Window
from core.store import CaptureLog, ExecutionsTable
from tests.support.clock import Clock
from tests.support.expect import raises
from tests.support.records import NOON, make_execution
from tests.support.scheduling import executions_over, put, runs, schedules_over
from tests.support.webhook import Webhook

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MINUTELY = Schedule("minutely", "cron(* * ? * * *)")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON + 30 * MINUTE)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


def statuses(found: list[Execution]) -> list[str]:
    return [each.status.value for each in found]


# When they run


def test_a_capture_that_arrives_late_counts_where_the_window_is_looked_at_again(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    put(log, NOON + 45 * MINUTE, 14)
    clock.go(minutes=30)
    schedules.tick()
    (first,) = log.executions(9)
    put(log, NOON + 50 * MINUTE, 3)  # made in time, written after the run
    again = executions_over(log, clock).run(first.window, threshold=0.5)
    counts = [dict(each.figures.counts) for each in log.executions(9) if each.figures]
    assert counts == [{14: 1, 3: 1}, {14: 1}]
    assert log.executions(9) == [again, first]


def test_every_hour_the_monitors_window_is_looked_at_from_the_start(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock, settings=MonitorSettings(0.7, 90))
    put(log, NOON - 29 * MINUTE, 14)  # a minute in the window
    put(log, NOON - 31 * MINUTE, 14)
    put(log, NOON + HOUR, 14)
    schedules.tick()
    clock.go(minutes=29)
    schedules.tick()
    assert log.executions(9) == []
    clock.go(minutes=1)
    schedules.tick()
    schedules.tick()
    (done,) = log.executions(9)
    assert (done.trigger, done.schedule, done.threshold) == (Trigger.SCHEDULED, "hourly", 0.7)
    assert done.due_at == NOON + HOUR
    assert done.window == Window(NOON - 30 * MINUTE, NOON + HOUR)
    assert done.figures is not None
    assert dict(done.figures.counts) == {14: 1}
    assert done.started_at == done.ended_at == clock.at


@pytest.mark.parametrize(
    ("begins", "ends", "counts"),
    [
        (None, 0, [1, 2, 3]),  # the monitor's hour: longer than the period
        (1, 0, [1, 1, 1]),  # as long
        (0.5, 0, [0, 0, 0]),  # shorter: the captures are 45 s old by then
        (2, 1, [0, 1, 1]),  # a minute late on purpose
    ],
)
def test_windows_are_independent_of_the_period(
    log: CaptureLog, clock: Clock, begins: float | None, ends: float, counts: list[int]
) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(
        replace(MINUTELY, begins=None if begins is None else begins * MINUTE, ends=ends * MINUTE)
    )
    for _ in range(3):
        put(log, clock.at + timedelta(seconds=15), 14)
        clock.go(minutes=1)
        schedules.tick()
    found = reversed(log.executions(9, schedule="minutely"))
    assert [each.figures.total for each in found if each.figures] == counts


def test_a_schedule_has_an_endpoint_and_a_threshold_of_its_own(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(replace(MINUTELY, endpoint="cars", threshold=0.9))
    clock.go(minutes=1)
    schedules.tick()
    (done,) = log.executions(9)
    assert (done.window.endpoint, done.threshold) == ("cars", 0.9)


def test_the_next_run_is_known(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    (hourly,) = schedules.all()
    assert hourly.schedule == Schedule(DEFAULT, "cron(0 * ? * * *)")
    assert schedules.next_run(hourly) == NOON + HOUR
    clock.go(minutes=30)
    assert schedules.next_run(hourly) == NOON + 2 * HOUR  # this hour's is being run
    schedules.stop(DEFAULT)
    assert schedules.next_run(schedules.one(DEFAULT)) is None


def test_several_schedules_run_side_by_side_and_one_that_fails_harms_no_other(
    log: CaptureLog, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    schedules = schedules_over(log, clock)
    clock.go(minutes=27)
    schedules.create(MINUTELY)
    schedules.create(replace(MINUTELY, name="broken"))
    last_run = ExecutionsTable.last_run

    def fail(table: ExecutionsTable, name: str) -> object:
        return 1 / 0 if name == "broken" else last_run(table, name)

    monkeypatch.setattr(ExecutionsTable, "last_run", fail)
    clock.go(minutes=3)
    schedules.tick()
    assert runs(log, "hourly") == [("14 13:00", "Failed")]
    assert [due for due, _ in runs(log, "minutely")] == ["14 12:58", "14 12:59", "14 13:00"]
    assert "Schedule broken could not run" in caplog.text


# What was missed


def test_runs_missed_while_nobody_ran_are_made_up_for_with_their_own_windows(
    log: CaptureLog, clock: Clock
) -> None:
    schedules_over(log, clock)
    for hour in range(1, 4):
        put(log, NOON + hour * HOUR - MINUTE, *[hour] * hour)
    clock.go(hours=3)
    schedules_over(log, clock).tick()
    found = log.executions(9)[::-1]
    assert [each.due_at for each in found] == [NOON + n * HOUR for n in range(1, 4)]
    assert [dict(each.figures.counts) for each in found] == [{1: 1}, {2: 2}, {3: 3}]
    log_of = ExecutionsTable(log.database).log_of
    first, last = (log_of(each.execution_id).lines[0] for each in (found[0], found[-1]))
    assert first == (
        "2026-02-14 15:30:00.000000 UTC  Due at 2026-02-14 13:00:00 UTC by schedule hourly, made "
        "up for 2 h 30 min later"
    )
    assert last.endswith("made up for 30 min later")
    clock.go(minutes=30)
    schedules_over(log, clock).tick()
    on_time = log.executions(1)[0]
    assert log_of(on_time.execution_id).lines[0].endswith("16:00:00 UTC by schedule hourly")


def test_after_an_outage_somebody_is_notified_of_the_last_two_hours(
    log: CaptureLog, clock: Clock, hook: Webhook
) -> None:
    """Each hour another class floods, so that each would be news."""
    schedules_over(log, clock)
    for hour in range(1, 7):
        put(log, NOON + hour * HOUR - MINUTE, hour)
    clock.go(hours=6)
    schedules = schedules_over(log, clock, channels=parse_channels(hook.url))
    schedules.tick()
    schedules._executions._alerts.close()
    assert runs(log, "hourly") == [(f"14 {k}:00", "CompletedWithViolations") for k in range(13, 19)]
    # Due at 17:00 and at 18:00; 16:00 is two and a half hours ago.
    assert [title.partition(" predicted")[0] for title in hook.titles] == [
        "Signwatch alert: Class 5",
        "Signwatch alert: Class 6",
    ]


def test_after_an_outage_the_latest_run_notifies_however_old_it_is(
    log: CaptureLog, clock: Clock, hook: Webhook
) -> None:
    schedules = schedules_over(log, clock)
    schedules.change(Schedule(DEFAULT, "cron(0 13 ? * * *)"))
    for day, class_id in ((0, 14), (1, 3)):
        put(log, NOON + day * DAY + 59 * MINUTE, class_id)
    clock.go(hours=30)  # 13:00 of yesterday and of today, 5 h 30 min ago
    schedules = schedules_over(log, clock, channels=parse_channels(hook.url))
    schedules.tick()
    schedules._executions._alerts.close()
    assert [due for due, _ in runs(log, DEFAULT)] == ["14 13:00", "15 13:00"]
    (title,) = hook.titles
    assert title.startswith("Signwatch alert: Class 3 predicted 100.00%")


def test_too_many_are_marked_by_one_that_says_which(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(replace(MINUTELY, begins=5 * MINUTE, ends=MINUTE, threshold=0.9))
    schedules.stop(DEFAULT)
    clock.go(days=3, seconds=10)
    schedules_over(log, clock).tick()
    found = log.executions(99)[::-1]
    assert len(found) == 25
    mark, *made_up = found
    assert mark.message == (
        "Failed: 4,296 runs of schedule minutely, due from 2026-02-14 12:31:00 to 2026-02-17 "
        "12:06:00 UTC, did not take place: Signwatch was not running then, its machine slept, or "
        "its clock was set forward. Only the 24 runs that were due after them are made up for. Run "
        "the monitor over this stretch if it matters."
    )
    first, last = NOON + 31 * MINUTE, NOON + 3 * DAY + 6 * MINUTE
    assert mark.window == Window(first - 5 * MINUTE, last - MINUTE)
    assert (mark.status, mark.figures, mark.due_at) == (ExecutionStatus.FAILED, None, last)
    assert (mark.threshold, mark.trigger) == (0.9, Trigger.SCHEDULED)
    assert [each.due_at for each in made_up] == [last + n * MINUTE for n in range(1, 25)]
    log_of = ExecutionsTable(log.database).log_of(mark.execution_id)
    assert log_of.lines == (f"2026-02-17 12:30:10.000000 UTC  {mark.message}",)


def test_time_before_a_schedule_was_there_is_not_missed(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    schedules.stop(DEFAULT)
    clock.go(days=30)
    schedules.create(MINUTELY)
    schedules.tick()
    assert runs(log, "minutely") == []


def test_a_clock_that_was_set_back_is_named_and_the_schedule_goes_on(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(MINUTELY)
    clock.go(minutes=2)
    schedules.tick()
    clock.go(hours=-2)
    for _ in range(3):
        schedules.tick()
        clock.go(minutes=1)
    assert runs(log, "minutely") == [
        ("14 12:31", "Failed"),
        ("14 12:32", "Failed"),
        ("14 10:32", "Failed"),
        ("14 10:33", "Failed"),
        ("14 10:34", "Failed"),
    ]
    run = log.executions(9, schedule="minutely")[2]
    assert run.message == (
        "Failed: the clock was set back. Schedule minutely had come to 2026-02-14 12:32:00 UTC, "
        "and now it is 2026-02-14 10:32:00 UTC. It goes on from here."
    )
    # What was due in both times is run in both.
    clock.at = NOON + 35 * MINUTE
    schedules.tick()
    assert runs(log, "minutely").count(("14 12:32", "Failed")) == 2


def test_a_schedule_that_never_ran_goes_on_where_the_clock_was_set_back_to(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    for clock.at in (NOON - 88 * MINUTE, NOON - HOUR, NOON, NOON + 35 * MINUTE):
        schedules.tick()
    assert runs(log, "hourly") == [
        ("14 10:32", "Failed"),
        ("14 11:00", "Failed"),
        ("14 12:00", "Failed"),
    ]


def test_a_clock_that_is_behind_by_little_runs_nothing_twice(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(MINUTELY)
    for minutes in (2, -1, 1, 1):
        clock.go(minutes=minutes)
        schedules.tick()
    assert [due for due, _ in runs(log, "minutely")] == ["14 12:31", "14 12:32", "14 12:33"]


@pytest.mark.parametrize("ahead", [1, 9, 10, 11, 90])
def test_a_schedule_made_while_the_clock_was_ahead_loses_no_run(
    log: CaptureLog, clock: Clock, ahead: int
) -> None:
    schedules = schedules_over(log, clock)
    clock.go(minutes=ahead)
    schedules.create(MINUTELY)
    clock.go(minutes=-ahead)
    schedules.tick()
    before = len(runs(log, "minutely"))
    for _ in range(ahead + 5):
        clock.go(minutes=1)
        schedules.tick()
    assert len(runs(log, "minutely")) - before == ahead + 5
    assert schedules.one("minutely").runs_from == NOON + 30 * MINUTE


@pytest.mark.parametrize("ahead", [9, 90])
def test_one_that_was_changed_while_the_clock_was_ahead_loses_no_run(
    log: CaptureLog, clock: Clock, ahead: int
) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(MINUTELY)
    clock.go(minutes=1)
    schedules.tick()
    clock.go(minutes=ahead)
    schedules.change(replace(MINUTELY, expression="cron(0/1 * ? * * *)"))
    clock.go(minutes=-ahead)
    for _ in range(ahead + 5):
        schedules.tick()
        clock.go(minutes=1)
    assert len(runs(log, "minutely")) == ahead + 5


# Several processes


def test_of_several_processes_each_run_is_one_s(log: CaptureLog, clock: Clock) -> None:
    both = [schedules_over(log, clock) for _ in range(2)]
    both[0].create(MINUTELY)
    for _ in range(4):
        clock.go(minutes=1)
        for schedules in both:
            schedules.tick()
    assert [due for due, _ in runs(log, "minutely")] == [
        "14 12:31",
        "14 12:32",
        "14 12:33",
        "14 12:34",
    ]


def test_a_run_that_another_process_began_meanwhile_is_left_to_it(
    log: CaptureLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules = schedules_over(log, clock)
    clock.go(minutes=30)
    begin, table = ExecutionsTable.begin, ExecutionsTable(log.database)
    others = make_execution(due_at=NOON + HOUR, execution_id="others")

    def first(self: ExecutionsTable, execution: Execution, *, after: object = None) -> bool:
        monkeypatch.setattr(ExecutionsTable, "begin", begin)
        assert table.begin(others, after=None)
        return begin(self, execution, after=after)

    monkeypatch.setattr(ExecutionsTable, "begin", first)
    schedules.tick()
    assert [each.execution_id for each in log.executions(9)] == ["others"]


def test_a_change_made_elsewhere_counts_from_the_next_minute_on(
    log: CaptureLog, clock: Clock
) -> None:
    here, elsewhere = (schedules_over(log, clock) for _ in range(2))
    elsewhere.create(MINUTELY)
    clock.go(minutes=1)
    here.tick()
    elsewhere.change(replace(MINUTELY, threshold=0.25))
    clock.go(minutes=1)
    here.tick()
    elsewhere.stop("minutely")
    clock.go(minutes=1)
    here.tick()
    found = log.executions(9, schedule="minutely")
    assert [each.threshold for each in found] == [0.25, 0.5]


# Changes


def test_what_comes_due_while_a_schedule_is_stopped_is_not_missed(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(MINUTELY)
    clock.go(minutes=1)
    schedules.tick()
    schedules.stop("minutely")
    assert schedules.one("minutely").status is ScheduleStatus.STOPPED
    clock.go(minutes=5)
    schedules.tick()
    schedules.start("minutely")
    schedules.start("minutely")  # once more does no harm
    schedules.tick()
    clock.go(minutes=1)
    schedules.tick()
    assert [due for due, _ in runs(log, "minutely")] == ["14 12:31", "14 12:37"]


def test_starting_a_schedule_that_runs_changes_nothing(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    before = schedules.one(DEFAULT)
    clock.go(hours=1)
    schedules.start(DEFAULT)
    assert schedules.one(DEFAULT) == before
    schedules.tick()
    assert [due for due, _ in runs(log, DEFAULT)] == ["14 13:00"]


def test_another_expression_counts_from_its_change_another_window_at_once(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    clock.go(minutes=30, seconds=1)  # the hour's run is due, and the change comes before it
    schedules.change(Schedule(DEFAULT, "cron(0 * ? * * *)", begins=5 * MINUTE))
    schedules.tick()
    (done,) = log.executions(9)
    assert done.window == Window(NOON + 55 * MINUTE, NOON + HOUR)
    clock.go(hours=1)
    schedules.change(Schedule(DEFAULT, "cron(30 * ? * * *)"))
    schedules.tick()
    assert len(log.executions(9)) == 1
    assert schedules.next_run(schedules.one(DEFAULT)) == NOON + 150 * MINUTE
    stored = schedules.one(DEFAULT)
    assert (stored.created_at, stored.changed_at) == (NOON + 30 * MINUTE, clock.at)


def test_the_schedule_that_is_there_from_the_start_can_be_deleted_for_good(
    log: CaptureLog, clock: Clock
) -> None:
    schedules = schedules_over(log, clock)
    schedules.delete(DEFAULT)
    again = schedules_over(log, clock)
    assert again.all() == []
    clock.go(hours=2)
    again.tick()
    assert log.executions(9) == []
    again.create(Schedule(DEFAULT, "cron(0 * ? * * *)"))
    clock.go(hours=1)
    again.tick()
    assert [due for due, _ in runs(log, DEFAULT)] == ["14 15:00"]


def test_what_does_not_serve_is_refused_and_nothing_changes(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    before = schedules.all()
    past = "cron(0 0 1 1 ? 2020)"
    for act in (schedules.create, schedules.change):
        with raises(BadInput, f"{past} has no run in the future; choose a later year"):
            act(Schedule(DEFAULT, past))
    with pytest.raises(BadInput, match=r"^expected cron\(minutes hours "):
        schedules.create(Schedule("mine", "every hour"))
    with pytest.raises(Conflict, match=r"^there is a monitoring schedule 'hourly' already"):
        schedules.create(Schedule(DEFAULT, "cron(* * ? * * *)"))
    for call in (schedules.start, schedules.stop, schedules.delete, schedules.run_now):
        with raises(NotFound, "there is no monitoring schedule 'mine'; there are 'hourly'"):
            call("mine")
    with raises(NotFound, "there is no monitoring schedule 'mine'; there are 'hourly'"):
        schedules.change(Schedule("mine", "cron(* * ? * * *)"))
    assert schedules.all() == before
    assert log.executions(9) == []


def test_run_now_looks_at_the_window_of_the_schedule(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(replace(MINUTELY, begins=HOUR, ends=5 * MINUTE, threshold=0.9))
    put(log, NOON, 14)
    done = schedules.run_now("minutely")
    assert (done.trigger, done.schedule, done.due_at) == (Trigger.MANUAL, "minutely", None)
    assert done.threshold == 0.9
    assert done.window == Window(NOON - 30 * MINUTE, NOON + 25 * MINUTE)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert log.executions(9) == [done]
    clock.go(minutes=1)
    schedules.tick()  # what was asked for by hand is beside what is due
    assert [each.due_at for each in log.executions(9)] == [NOON + 31 * MINUTE, None]


def test_what_runs_once_does_so_at_once_and_never_again(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    schedules.create(Schedule("now", ONCE, begins=HOUR))
    (done,) = log.executions(9)
    assert (done.schedule, done.window) == ("now", Window(clock.at - HOUR, clock.at))
    assert schedules.next_run(schedules.one("now")) is None
    clock.go(minutes=10)
    schedules.tick()
    assert len(log.executions(9)) == 1
    schedules.change(Schedule("now", ONCE, begins=2 * HOUR))
    assert log.executions(1)[0].window.start == clock.at - 2 * HOUR


# Crashes, failures, closing


def test_an_execution_that_its_process_took_with_it_ends_failed(
    log: CaptureLog, clock: Clock
) -> None:
    schedules, table = schedules_over(log, clock), ExecutionsTable(log.database)
    crashed = make_execution(
        clock.at, status=ExecutionStatus.IN_PROGRESS, figures=None, violations=(), ended_at=clock.at
    )
    table.begin(crashed)
    clock.go(minutes=LOST / MINUTE)
    schedules.tick()
    assert log.execution(crashed.execution_id) == crashed
    clock.go(seconds=1)
    schedules.tick()
    ended = log.execution(crashed.execution_id)
    assert (ended.status, ended.message, ended.figures) == (ExecutionStatus.FAILED, CUT_OFF, None)
    assert ended.ended_at == clock.at
    assert ended.window == crashed.window
    assert table.log_of(ended.execution_id).lines[0].endswith(CUT_OFF)


def test_one_that_began_before_the_clock_was_set_back_ends_too(
    log: CaptureLog, clock: Clock
) -> None:
    table = ExecutionsTable(log.database)
    ahead = clock.at + LOST + MINUTE
    table.begin(make_execution(ahead, status=ExecutionStatus.IN_PROGRESS, figures=None))
    schedules_over(log, clock).tick()
    assert statuses(log.executions(9)) == ["Failed"]


def test_a_run_whose_process_crashed_is_not_run_again(log: CaptureLog, clock: Clock) -> None:
    """It may have been what brought the process down."""
    schedules = schedules_over(log, clock)
    clock.go(minutes=30)
    due = make_execution(clock.at, status=ExecutionStatus.IN_PROGRESS, due_at=clock.at)
    ExecutionsTable(log.database).begin(due, after=None)
    executions_over(log, clock).end_lost(begun_before=clock.at + MINUTE)
    schedules.tick()
    assert runs(log, "hourly") == [("14 13:00", "Failed")]


def test_an_evaluation_that_breaks_off_is_kept_with_its_error(
    log: CaptureLog, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    schedules = schedules_over(log, clock)

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    put(log, NOON + 45 * MINUTE, 14)
    clock.go(minutes=30)
    with monkeypatch.context() as broken:
        broken.setattr("core.monitoring.executions.evaluate", fail)
        schedules.tick()
    (done,) = log.executions(9)
    assert (done.status, done.message) == (
        ExecutionStatus.FAILED,
        "Failed: it broke off with OSError: disk full",
    )
    assert done.figures.total == 1  # as far as it came
    assert done.due_at == NOON + HOUR
    lines = ExecutionsTable(log.database).log_of(done.execution_id).lines
    assert [line.partition("UTC  ")[2] for line in lines] == [
        "Due at 2026-02-14 13:00:00 UTC by schedule hourly",
        "Window 2026-02-14 12:00:00 to 2026-02-14 13:00:00 UTC, all endpoints: 1 predictions, "
        "0 records that could not be read",
        "{14: 1}",
        "Baseline none",
        "Failed: it broke off with OSError: disk full",
    ]
    schedules.tick()
    assert len(log.executions(9)) == 1
    clock.go(hours=1)
    schedules.tick()
    assert statuses(log.executions(9)) == ["Failed", "Failed"]  # an empty window, evaluated


def test_figures_that_could_not_be_read_are_not_computed(
    log: CaptureLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(log, "window_figures", fail)
    done = executions_over(log, clock).run(Window(NOON, NOON + HOUR), threshold=0.5)
    assert (done.status, done.figures, done.outcomes) == (ExecutionStatus.FAILED, None, ())
    assert log.executions(9) == [done]


def test_a_closed_schedule_begins_nothing_more(log: CaptureLog, clock: Clock) -> None:
    schedules = schedules_over(log, clock)
    clock.go(hours=3)
    schedules.close()
    schedules.tick()
    assert log.executions(9) == []
