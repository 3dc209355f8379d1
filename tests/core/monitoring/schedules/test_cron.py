"""Model Monitor's cron expressions, in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.errors import BadInput
from core.monitoring.schedules.cron import HOURLY, Cron
from tests.support.expect import raises

SATURDAY = datetime(2026, 2, 14, 12, 29, 30, tzinfo=UTC)


def runs(text: str, count: int = 3, start: datetime = SATURDAY) -> list[str]:
    cron, found = Cron.parse(text), []
    for _ in range(count):
        due = cron.next_after(start)
        assert due is not None
        found.append(f"{due:%m-%d %H:%M}")
        start = due
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HOURLY, ["02-14 13:00", "02-14 14:00", "02-14 15:00"]),
        ("cron(0 12 ? * * *)", ["02-15 12:00", "02-16 12:00", "02-17 12:00"]),
        ("cron(0 17/12 ? * * *)", ["02-14 17:00", "02-15 17:00", "02-16 17:00"]),
        ("cron(0 0/2 ? * * *)", ["02-14 14:00", "02-14 16:00", "02-14 18:00"]),
        ("cron(0 00/24 ? * * *)", ["02-15 00:00", "02-16 00:00", "02-17 00:00"]),
        ("cron(* * * * ? *)", ["02-14 12:30", "02-14 12:31", "02-14 12:32"]),
        ("cron(0/15 * * * ? *)", ["02-14 12:30", "02-14 12:45", "02-14 13:00"]),
        ("cron(5,10-12 9 * * ? *)", ["02-15 09:05", "02-15 09:10", "02-15 09:11"]),
        ("cron(0 8 1 * ? *)", ["03-01 08:00", "04-01 08:00", "05-01 08:00"]),
        ("cron(0 8 L * ? *)", ["02-28 08:00", "03-31 08:00", "04-30 08:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["02-16 18:00", "02-17 18:00", "02-18 18:00"]),
        ("cron(0 18 ? * 1 *)", ["02-15 18:00", "02-22 18:00", "03-01 18:00"]),
        ("cron(0 18 ? * L *)", ["02-14 18:00", "02-21 18:00", "02-28 18:00"]),
        ("cron(0 10 ? * 3#2 *)", ["03-10 10:00", "04-14 10:00", "05-12 10:00"]),
        ("cron(0 10 ? * 6L *)", ["02-27 10:00", "03-27 10:00", "04-24 10:00"]),
        ("cron(0 0 1 jan,JUL ? 2027-2028)", ["01-01 00:00", "07-01 00:00", "01-01 00:00"]),
        ("  cron(0  *  ?  *  *  *) ", ["02-14 13:00", "02-14 14:00", "02-14 15:00"]),
    ],
)
def test_runs(text: str, expected: list[str]) -> None:
    assert runs(text) == expected


def test_times_are_utc_wherever_one_asks_from() -> None:
    asked = SATURDAY.astimezone(timezone(timedelta(hours=5, minutes=30)))
    due = Cron.parse("cron(0 0 ? * * *)").next_after(asked)
    assert due == datetime(2026, 2, 15, tzinfo=UTC)
    assert due.utcoffset() == timedelta(0)


def test_a_schedule_of_the_past_never_runs_again() -> None:
    assert Cron.parse("cron(0 0 1 1 ? 2020)").next_after(SATURDAY) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HOURLY, "every hour at minute 0 (UTC)"),
        ("cron(5 7 * * ? *)", "every day at 07:05 UTC"),
        ("cron(0 17/12 ? * * *)", "every 12 hours of a day, from 17:00 UTC on"),
        ("cron(* * ? * * *)", "every minute"),
        ("cron(0/5 * ? * * *)", "every 5 minutes"),
        ("cron(*/15 * * * ? *)", "every 15 minutes"),
        ("cron(0/7 * ? * * *)", "cron(0/7 * ? * * *) (UTC)"),
        ("cron(3/5 * ? * * *)", "cron(3/5 * ? * * *) (UTC)"),
        ("cron(0/5 8 ? * * *)", "cron(0/5 8 ? * * *) (UTC)"),
        ("cron(0 9 ? * MON-FRI *)", "cron(0 9 ? * MON-FRI *) (UTC)"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert Cron.parse(text).describe() == words


FORM = (
    "expected cron(minutes hours day-of-month month day-of-week year), for example "
    "cron(0 * ? * * *) for every hour, got "
)


@pytest.mark.parametrize(
    "text", ["", "hourly", "0 * ? * * *", "cron(0 * ? * *)", "cron(0 * ? * * * *)"]
)
def test_other_texts_are_refused(text: str) -> None:
    with raises(BadInput, f"{FORM}{text!r}"):
        Cron.parse(text)


def test_long_texts_are_refused_unread() -> None:
    with raises(BadInput, f"{FORM}{'cron(' + '0' * 251!r}"):
        Cron.parse("cron(" + "0" * 10_000 + ")")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("60 * ? * * *", "minutes '60': expected 0-59, got '60'"),
        ("0 24 ? * * *", "hours '24': expected 0-23, got '24'"),
        ("x * ? * * *", "minutes 'x': expected 0-59, got 'x'"),
        ("²/5 * ? * * *", "minutes '²/5': expected 0-59, got '²'"),
        ("0 * 0 * ? *", "day of month '0': expected 1-31, got '0'"),
        ("0 * 32 * ? *", "day of month '32': expected 1-31, got '32'"),
        ("0 * * 13 ? *", "month '13': expected 1-12 or JAN-DEC, got '13'"),
        ("0 * ? * FUN *", "day of week 'FUN': expected 1-7 or SUN-SAT, got 'FUN'"),
        ("0 * ? * 8#1 *", "day of week '8#1': expected 1-7 or SUN-SAT, got '8'"),
        ("0 * ? * * 1969", "year '1969': expected 1970-2199, got '1969'"),
        ("0/0 * ? * * *", "minutes '0/0': expected a step of at least 1, got '0'"),
        ("9-5 * ? * * *", "minutes '9-5': expected a range that rises, got '9-5'"),
        ("5, * ? * * *", "minutes '5,': expected 0-59, got ''"),
        ("0 [00-23] ? * * *", "hours '[00-23]': write a number in place of the brackets, as in 12"),
        (
            "0 [00-23]/[01-24] ? * * *",
            "hours '[00-23]/[01-24]': write a number in place of the brackets, as in 17/12",
        ),
        (
            "0 * ? * ? *",
            "day of week '?': exactly one of the two days must be ?, and day of month is '?'",
        ),
        (
            "0 * * * * *",
            "day of week '*': exactly one of the two days must be ?, and day of month is '*'",
        ),
        ("0 * 3W * ? *", "day of month '3W': W (nearest weekday) is not supported; name the day"),
    ],
)
def test_a_bad_field_is_named(text: str, reason: str) -> None:
    with raises(BadInput, f"cron expression, {reason}"):
        Cron.parse(f"cron({text})")
