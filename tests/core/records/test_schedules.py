"""A schedule's window, and offsets as Model Monitor writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.records.schedules import Schedule, format_offset, parse_offset
from core.records.window import Window
from tests.support.expect import raises

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def schedule(**changes: Any) -> Schedule:
    return Schedule(**{"name": "mine", "expression": "cron(0 * ? * * *)"} | changes)


@pytest.mark.parametrize(
    ("changes", "start", "end"),
    [
        ({}, NOON - 15 * MINUTE, NOON),  # the monitor's
        ({"begins": 3 * HOUR}, NOON - 3 * HOUR, NOON),  # longer than the period
        ({"begins": 5 * MINUTE}, NOON - 5 * MINUTE, NOON),  # shorter
        ({"begins": 2 * HOUR, "ends": HOUR}, NOON - 2 * HOUR, NOON - HOUR),  # for late captures
        ({"ends": HOUR}, NOON - 75 * MINUTE, NOON - HOUR),
    ],
)
def test_the_window_is_independent_of_the_period(
    changes: dict[str, Any], start: datetime, end: datetime
) -> None:
    made = schedule(endpoint="cars", **changes)
    assert made.window(NOON, 15 * MINUTE) == Window(start, end, "cars")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"name": "a/b"},
            "schedule name must be 1 to 63 letters, digits and inner hyphens, got 'a/b'",
        ),
        ({"name": ""}, "schedule name must be 1 to 63 letters, digits and inner hyphens, got ''"),
        (
            {"endpoint": "a b"},
            "endpoint name must be 1 to 63 letters, digits and inner hyphens, got 'a b'",
        ),
        ({"threshold": 1.5}, "threshold must lie in (0, 1], got 1.5"),
        ({"threshold": float("nan")}, "threshold must lie in (0, 1], got nan"),
        (
            {"begins": HOUR, "ends": HOUR},
            "the window must begin before it ends, at most 366 days before a run, and end no later "
            "than the run; got from -PT1H to -PT1H",
        ),
        (
            {"begins": timedelta(days=367)},
            "the window must begin before it ends, at most 366 days before a run, and end no later "
            "than the run; got from -P367D to -PT0H",
        ),
        (
            {"begins": HOUR, "ends": timedelta(days=2)},
            "the window must begin before it ends, at most 366 days before a run, and end no later "
            "than the run; got from -PT1H to -P2D",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with raises(BadInput, message):
        schedule(**changes)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("-PT1H", HOUR),
        ("-PT0H", timedelta()),
        ("-PT0S", timedelta()),
        ("-P2D", timedelta(days=2)),
        ("-PT90M", 90 * MINUTE),
        ("-P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_offsets_are_read(text: str, length: timedelta) -> None:
    assert parse_offset(text) == length


@pytest.mark.parametrize(
    "text", ["", "-P", "-PT", "-P1DT", "PT1H", "1 hour", "-P1W", "-PT1.5H", "-PT\u0661H", None, 7]
)
def test_other_offsets_are_refused(text: object) -> None:
    with raises(BadInput, f"expected an offset like -PT1H or -P1DT30M, got {text!r}"):
        parse_offset(text)


@given(st.integers(0, 366 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
def test_what_is_written_is_read_again(length: timedelta) -> None:
    assert parse_offset(format_offset(length)) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(), "-PT0H"),
        (HOUR, "-PT1H"),
        (timedelta(days=1), "-P1D"),
        (timedelta(days=1, minutes=30), "-P1DT30M"),
        (timedelta(seconds=3661), "-PT1H1M1S"),
    ],
)
def test_offsets_are_written(length: timedelta, text: str) -> None:
    assert format_offset(length) == text
