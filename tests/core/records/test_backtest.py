"""Windows of the past: which ones fit a stretch, and the grid that they lie on."""

from datetime import timedelta

import pytest

from core.errors import BadInput
from core.records.backtest import MAX_WINDOWS, Windows
from tests.support.expect import raises
from tests.support.records import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_windows_at_every_step_end_with_the_stretch() -> None:
    found = Windows.every(20 * MINUTE, NOON, NOON + 2 * HOUR, HOUR)
    assert found.ends == tuple(NOON + HOUR + k * 20 * MINUTE for k in range(4))
    assert (found.start, found.end, len(found)) == (NOON, NOON + 2 * HOUR, 4)
    assert found.left_out == 0
    # None begins before the stretch.
    late = Windows.every(25 * MINUTE, NOON, NOON + 2 * HOUR, HOUR)
    assert late.ends == tuple(NOON + 70 * MINUTE + k * 25 * MINUTE for k in range(3))


@pytest.mark.parametrize(
    ("step", "length", "grid", "places"),
    [
        (HOUR, HOUR, HOUR, [(0, 1), (1, 2)]),
        (20 * MINUTE, HOUR, 20 * MINUTE, [(0, 3), (1, 4), (2, 5), (3, 6)]),
        (25 * MINUTE, HOUR, 5 * MINUTE, [(0, 12), (5, 17), (10, 22)]),
        (90 * MINUTE, HOUR, HOUR, [(0, 1)]),
    ],
)
def test_every_window_lies_on_the_grid(
    step: timedelta, length: timedelta, grid: timedelta, places: list[tuple[int, int]]
) -> None:
    found = Windows.every(step, NOON, NOON + 2 * HOUR, length)
    assert (found.grid, list(found.places())) == (grid, places)


def test_windows_that_end_anywhere_lie_on_a_grid_too() -> None:
    found = Windows.ending([NOON, NOON + 7 * MINUTE, NOON + HOUR], 10 * MINUTE)
    assert (found.start, found.grid) == (NOON - 10 * MINUTE, MINUTE)
    assert list(found.places()) == [(0, 10), (7, 17), (60, 70)]


def test_the_latest_windows_are_kept_and_the_others_counted() -> None:
    by_step = Windows.every(MINUTE, NOON, NOON + 3_000 * MINUTE, MINUTE)
    by_ends = Windows.ending((NOON + k * MINUTE for k in range(1, 3_001)), MINUTE)
    assert by_step == by_ends
    assert (len(by_step), by_step.left_out) == (MAX_WINDOWS, 1_000)
    assert by_step.end == NOON + 3_000 * MINUTE


def test_what_makes_no_windows_is_refused() -> None:
    with raises(BadInput, "a window must be longer than 0 minutes, got 0"):
        Windows.every(MINUTE, NOON, NOON + HOUR, timedelta())
    with raises(BadInput, "a step must be longer than 0 minutes, got -1"):
        Windows.every(-MINUTE, NOON, NOON + HOUR, HOUR)
    message = "no window of 60 minutes fits: choose a longer stretch or shorter windows"
    with raises(BadInput, message):
        Windows.every(MINUTE, NOON, NOON + 59 * MINUTE, HOUR)
    with raises(BadInput, message):
        Windows.ending([], HOUR)
