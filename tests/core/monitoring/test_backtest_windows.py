"""Rules over windows of the past: the same outcomes as those of runs, window by window."""

from datetime import timedelta

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring import backtest_windows
from core.monitoring.backtest_windows import alarms, replay, window_figures
from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import Constraints
from core.monitoring.rules import ClassShare, LInfinitySimple
from core.monitoring.rules.in_force import NOTHING, Against
from core.records.backtest import PastCounts, Windows
from core.records.monitoring import WindowFigures
from tests.support.expect import raises
from tests.support.records import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVEN = Baseline(4, {0: 1_000, 1: 1_000, 2: 1_000, 3: 1_000})
SUGGESTED = Against(EVEN, Constraints.suggested(EVEN), "b-1")
NO_STEPS = np.zeros((2, 0), dtype=np.int64)


def counts(*predictions: tuple[int, int, int]) -> PastCounts:
    """Of (step, class, count)."""
    return PastCounts(np.array(predictions, dtype=np.int64).reshape(-1, 3).T, NO_STEPS)


def held(figures: list[WindowFigures]) -> list[dict[int, int]]:
    return [dict(each.counts) for each in figures]


def test_windows_are_added_up_from_steps() -> None:
    windows = Windows.every(HOUR, NOON, NOON + 4 * HOUR, 2 * HOUR)
    found = window_figures(windows, counts((0, 14, 3), (1, 14, 1), (1, 2, 5), (3, 99, 7)))
    assert held(found) == [{2: 5, 14: 4}, {2: 5, 14: 1}, {99: 7}]
    assert [each.total for each in found] == [9, 6, 7]
    assert found[0].mean_confidence is None and found[0].flagged is None


def test_windows_with_gaps_leave_out_what_lies_between() -> None:
    windows = Windows.every(3 * HOUR, NOON, NOON + 4 * HOUR, HOUR)
    assert held(window_figures(windows, counts((0, 1, 1), (1, 1, 5), (2, 1, 5), (3, 1, 2)))) == [
        {1: 1},
        {1: 2},
    ]


def test_unreadable_records_count_in_their_windows() -> None:
    windows = Windows.every(HOUR, NOON, NOON + 2 * HOUR, HOUR)
    found = window_figures(
        windows, PastCounts(np.array([[0], [1], [4]]), np.array([[0, 1], [2, 3]]))
    )
    assert [(each.total, each.unreadable, dict(each.counts)) for each in found] == [
        (6, 2, {1: 4}),
        (3, 3, {}),
    ]


def test_without_captures_windows_are_empty() -> None:
    windows = Windows.every(HOUR, NOON, NOON + 2 * HOUR, HOUR)
    assert [each.total for each in window_figures(windows, counts())] == [0, 0]


def test_random_windows_are_what_counting_gives() -> None:
    rng = np.random.default_rng(0)
    steps, classes = rng.integers(0, 600, 5_000), rng.integers(0, 43, 5_000)
    windows = Windows.every(7 * MINUTE, NOON, NOON + 600 * MINUTE, 30 * MINUTE)
    assert windows.grid == MINUTE
    first = (windows.start - NOON) // MINUTE
    inside = steps >= first
    found = window_figures(
        windows,
        counts(*zip((steps - first)[inside], classes[inside], np.ones(inside.sum()), strict=True)),
    )
    for (begin, end), each in zip(windows.places(), found, strict=True):
        chosen = classes[(steps >= begin + first) & (steps < end + first)]
        ids, n = np.unique(chosen, return_counts=True)
        assert dict(each.counts) == dict(zip(ids.tolist(), n.tolist(), strict=True))


def test_too_many_classes_are_refused_before_they_are_laid_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backtest_windows, "MAX_BINS", 5)
    windows = Windows.every(HOUR, NOON, NOON + 2 * HOUR, HOUR)
    window_figures(windows, counts((0, 1, 1)))
    with raises(
        BadInput,
        "2 classes in 2 windows are too many to replay: choose one endpoint, or fewer windows",
    ):
        window_figures(windows, counts((0, 1, 1), (0, 2, 1)))


def test_a_rule_over_all_windows() -> None:
    windows = Windows.every(HOUR, NOON, NOON + 4 * HOUR, HOUR)
    figures = window_figures(
        windows, counts((0, 14, 1), (0, 2, 1), (1, 14, 3), (1, 2, 1), (3, 14, 9), (3, 2, 1))
    )
    found = replay(ClassShare(0.7), windows, figures, NOTHING)
    assert [each.state.value for each in found.outcomes] == [
        "holds",
        "violated",
        "not computed",
        "violated",
    ]
    assert (found.violated, found.computed) == ((1, 3), 3)
    assert replay(ClassShare(0.8), windows, figures, NOTHING).violated == (3,)
    assert replay(ClassShare(0.9), windows, figures, NOTHING).violated == ()


def test_a_rule_that_needs_a_baseline_says_why_it_cannot_be_replayed() -> None:
    windows = Windows.every(HOUR, NOON, NOON + HOUR, HOUR)
    figures = window_figures(windows, counts((0, 1, 1)))
    broken = Against(baseline_id="b", problem="it is of another model")
    (outcome,) = replay(LInfinitySimple(0.1), windows, figures, broken).outcomes
    assert outcome.sentence == "Not computed: it is of another model"


def test_alarms_are_those_of_the_rules_that_decide() -> None:
    windows = Windows.every(HOUR, NOON, NOON + 3 * HOUR, HOUR)
    even, drifted = [(k, 250) for k in range(4)], [(0, 490), (1, 170), (2, 170), (3, 170)]
    figures = window_figures(
        windows,
        counts(*((step, k, n) for step, held in ((0, even), (2, drifted)) for k, n in held)),
    )
    assert alarms(figures, SUGGESTED, 0.5) == (2,)
    assert alarms(figures, NOTHING, 0.5) == ()
    assert alarms(figures, NOTHING, 0.2) == (0, 2)
