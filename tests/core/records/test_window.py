"""Stretches of time, and times as text."""

from datetime import timedelta

import pytest

from core.errors import BadInput
from core.records.window import Window, duration, parse_time
from tests.support.expect import raises
from tests.support.records import NOON


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (None, None),
        ("2026-02-14T12:00:00Z", NOON),
        ("2026-02-14T12:00:00", NOON),
        ("2026-02-14T13:00+01:00", NOON),
        ("2026-02-14 12:00", NOON),
    ],
)
def test_times_are_read(text: str | None, moment: object) -> None:
    read = parse_time(text)
    assert read == moment
    assert read is None or read.utcoffset() == NOON.utcoffset()


def test_a_time_that_cannot_be_read_is_refused() -> None:
    with raises(BadInput, "expected a time like 2026-02-14T17:00:00Z, got 'noon'"):
        parse_time("noon")


def test_an_empty_window_is_refused() -> None:
    window = Window(NOON, NOON + timedelta(seconds=1))
    assert window.checked() is window
    with raises(
        BadInput,
        "the window must begin before it ends, got 2026-02-14 12:00:00+00:00 to "
        "2026-02-14 12:00:00+00:00",
    ):
        Window(NOON, NOON).checked()


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=5, seconds=59), "5 min"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(days=2, hours=3, minutes=5), "2 days 3 h"),
    ],
)
def test_lengths_have_two_units_at_most(length: timedelta, words: str) -> None:
    assert duration(length) == words
