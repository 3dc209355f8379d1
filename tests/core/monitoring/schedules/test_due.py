"""What a schedule has to do, from how far it has come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.monitoring.schedules.cron import HOURLY, Cron
from core.monitoring.schedules.due import (
    MADE_UP,
    SET_BACK,
    Due,
    Missed,
    due,
    explain_set_back,
    next_run,
)

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVERY_HOUR, EVERY_MINUTE = Cron.parse(HOURLY), Cron.parse("cron(* * ? * * *)")


@pytest.mark.parametrize(
    ("last", "runs_from", "at", "runs"),
    [
        (None, NOON, NOON, []),
        (None, NOON - MINUTE, NOON, [NOON]),
        (None, NOON - MINUTE, NOON - MINUTE / 2, []),
        (NOON, NOON - DAY, NOON + 59 * MINUTE, []),
        (NOON, NOON - DAY, NOON + HOUR, [NOON + HOUR]),
        (NOON, NOON - DAY, NOON + 3 * HOUR, [NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR]),
        # Started again, or given another expression, at a quarter past two.
        (NOON, NOON + 135 * MINUTE, NOON + 3 * HOUR, [NOON + 3 * HOUR]),
    ],
)
def test_what_came_due_since_the_last_run(
    last: datetime | None, runs_from: datetime, at: datetime, runs: list[datetime]
) -> None:
    assert due(EVERY_HOUR, last=last, runs_from=runs_from, at=at) == Due(tuple(runs))


def test_the_latest_are_made_up_for_and_those_before_are_missed() -> None:
    found = due(EVERY_HOUR, last=NOON, runs_from=NOON, at=NOON + 30 * HOUR)
    assert found.runs == tuple(NOON + n * HOUR for n in range(7, 31))
    assert len(found.runs) == MADE_UP == 24
    assert found.missed == Missed(NOON + HOUR, NOON + 6 * HOUR, 6)
    assert found.missed.explain("hourly") == (
        "6 runs of schedule hourly, due from 2026-02-14 13:00:00 to 2026-02-14 18:00:00 UTC, did "
        "not take place: Signwatch was not running then, its machine slept, or its clock was set "
        "forward. Only the 24 runs that were due after them are made up for. Run the monitor over "
        "this stretch if it matters."
    )
    one = due(EVERY_HOUR, last=NOON, runs_from=NOON, at=NOON + 25 * HOUR).missed
    assert one == Missed(NOON + HOUR, NOON + HOUR, 1)
    assert one.explain("x").startswith("1 run of schedule x, due from 2026-02-14 13:00:00 to ")


def test_a_year_of_minutes_is_counted() -> None:
    found = due(EVERY_MINUTE, last=NOON, runs_from=NOON, at=NOON + 365 * DAY)
    assert found.missed == Missed(NOON + MINUTE, NOON + 365 * DAY - 24 * MINUTE, 365 * 1440 - 24)


def test_a_clock_that_was_set_back_by_little_is_waited_for() -> None:
    at = NOON - SET_BACK
    assert due(EVERY_MINUTE, last=NOON, runs_from=NOON - DAY, at=at) == Due()
    assert next_run(EVERY_MINUTE, last=NOON, runs_from=NOON - DAY, at=at) == NOON + MINUTE


def test_a_clock_that_was_set_back_by_more_is_named() -> None:
    at = NOON - DAY
    assert due(EVERY_MINUTE, last=NOON, runs_from=NOON - 9 * DAY, at=at) == Due(set_back_from=NOON)
    assert due(EVERY_MINUTE, last=None, runs_from=NOON, at=at) == Due(set_back_from=NOON)
    assert next_run(EVERY_MINUTE, last=NOON, runs_from=NOON - 9 * DAY, at=at) == at + MINUTE
    assert explain_set_back("minutely", NOON, at) == (
        "the clock was set back. Schedule minutely had come to 2026-02-14 12:00:00 UTC, and now it "
        "is 2026-02-13 12:00:00 UTC. It goes on from here."
    )


def test_a_change_in_the_future_tells_nothing_once_the_schedule_has_run() -> None:
    """It was made while the clock was ahead; the run that says so came after it."""
    found = due(EVERY_HOUR, last=NOON, runs_from=NOON + DAY, at=NOON + HOUR)
    assert found == Due((NOON + HOUR,))


def test_there_is_no_hour_too_many_or_too_few_when_clocks_are_changed() -> None:
    """Europe and America change theirs in March and autumn; UTC does not."""
    for night in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
        found = due(EVERY_HOUR, last=night, runs_from=night, at=night + 6 * HOUR)
        assert found.runs == tuple(night + n * HOUR for n in range(1, 7))


EXPRESSIONS = [
    HOURLY,
    "cron(* * ? * * *)",
    "cron(0/7 8-17 ? * MON-FRI *)",
    "cron(30 17/12 L * ? *)",
    "cron(0 10 ? * 3#2 *)",
    "cron(5,10-12 9 1 jan,JUL ? *)",
    "cron(0 0 1 1 ? 2020)",
]


@given(
    st.sampled_from(EXPRESSIONS),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 200),
)
def test_runs_of_a_stretch_are_those_that_follow_each_other(
    text: str, start: datetime, hours: int
) -> None:
    cron, end = Cron.parse(text), start + hours * HOUR
    moment, expected = cron.next_after(start), []
    while moment is not None and moment <= end and len(expected) < 50:
        expected.append(moment)
        moment = cron.next_after(moment)
    found = list(cron.between(start, end))
    assert found[:50] == expected
    assert len(found) == len(expected) or len(expected) == 50
