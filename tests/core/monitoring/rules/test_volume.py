"""Traffic that stopped or doubled."""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from core.errors import BadInput
from core.monitoring.rules.volume import volume, volume_before
from core.records.monitoring import RuleState, Violation
from core.records.window import Window
from tests.support.expect import raises
from tests.support.records import NOON

STEADY = [100, 102, 98, 101, 99, 100, 97, 103]


def test_steady_traffic_holds() -> None:
    outcome = volume(110, STEADY, false_alarm_every=1000)
    assert outcome.state is RuleState.HOLDS
    assert outcome.threshold == 1 / 2000
    assert outcome.sentence == "110 requests in the window, 100 on average in the 8 before"


@pytest.mark.parametrize(
    ("count", "what"), [(0, "Traffic stopped"), (50, "Traffic fell"), (200, "Traffic rose")]
)
def test_traffic_that_stops_falls_or_doubles_is_a_violation(count: int, what: str) -> None:
    outcome = volume(count, STEADY, false_alarm_every=1000)
    assert outcome.state is RuleState.VIOLATED
    assert outcome.figure is not None and outcome.figure <= outcome.threshold
    description = (
        f"{what}: {count} requests in the window, 100 on average in the 8 before "
        f"(p = {outcome.figure:.2g})"
    )
    assert outcome.violations == (Violation("Volume", "baseline_drift_check", description),)


def test_a_change_that_is_sure_but_small_holds() -> None:
    outcome = volume(6_000, [n * 100 for n in STEADY], false_alarm_every=1000)
    assert outcome.state is RuleState.HOLDS
    assert outcome.figure is not None and outcome.figure < outcome.threshold


def test_what_varies_much_may_double() -> None:
    outcome = volume(220, [20, 180, 60, 140, 100, 190, 10, 100], false_alarm_every=1000)
    assert outcome.state is RuleState.HOLDS


def test_little_traffic_may_stop_for_an_interval() -> None:
    outcome = volume(0, [2, 1, 3, 0, 2, 2, 1, 1], false_alarm_every=1000)
    assert outcome.state is RuleState.HOLDS


def test_the_tail_is_that_of_poisson_where_the_mean_is_well_known() -> None:
    counts = np.random.default_rng(0).poisson(100, 100_000).tolist()
    outcome = volume(70, counts, false_alarm_every=10)
    assert outcome.figure == pytest.approx(poisson.cdf(70, np.mean(counts)), rel=0.02)


def chances(mean: float, variance: float, count: int) -> tuple[float, float]:
    """P(at most `count`) and P(at least `count`), summed from the negative binomial's terms."""
    size, share = mean**2 / (variance - mean), mean / variance
    terms = [
        math.exp(
            math.lgamma(k + size)
            - math.lgamma(size)
            - math.lgamma(k + 1)
            + size * math.log(share)
            + k * math.log1p(-share)
        )
        for k in range(count + 1)
    ]
    return sum(terms), 1 - sum(terms[:-1])


@pytest.mark.parametrize(("count", "upper"), [(3, False), (97, False), (110, True), (260, True)])
def test_the_probability_is_that_of_a_gamma_mixture_of_poisson_counts(
    count: int, upper: bool
) -> None:
    varying = [20, 180, 60, 140, 100, 190, 10, 100]  # mean 100
    squares = 2 * (80**2 + 40**2 + 90**2)
    bound = squares / 2.16735  # the lower 5 % point of chi-squared with 7 degrees of freedom
    dispersion = (bound - 100) / 100**2
    variance = 100 + dispersion * 100**2 * (1 + 1 / 8) + 100 / 8
    outcome = volume(count, varying, false_alarm_every=1000)
    assert outcome.figure == pytest.approx(chances(100, variance, count)[upper], rel=1e-5)


def test_steady_counts_leave_the_mean_unknown_and_no_dispersion() -> None:
    outcome = volume(88, [100] * 8, false_alarm_every=1000)
    assert outcome.figure == pytest.approx(chances(100, 100 + 100 / 8, 88)[0], rel=1e-9)


# Before a window


@pytest.mark.parametrize(
    ("length", "intervals"),
    [
        (timedelta(hours=1), 672),  # four weeks
        (timedelta(days=1), 28),
        (timedelta(days=3), 14),  # at least
        (timedelta(days=30), 14),
        (timedelta(minutes=1), 10_080),
        (timedelta(seconds=20), 10_080),  # at most
    ],
)
def test_the_history_is_four_weeks_within_limits(length: timedelta, intervals: int) -> None:
    window, asked = Window(NOON - length, NOON), list[tuple[Window, int]]()

    def before(*about: Any) -> list[int]:
        asked.append(about)
        return []

    volume_before(window, 5, before)
    assert asked == [(window, intervals)]


def test_eight_stretches_with_traffic_are_enough_and_empty_ones_count_too() -> None:
    window = Window(NOON - timedelta(minutes=30), NOON)
    few = volume_before(window, 5, lambda *_: [5] * 7 + [0] * 9)
    assert (few.state, few.decides, few.threshold) == (RuleState.NOT_COMPUTED, False, 1 / 2000)
    assert few.sentence == (
        "Not computed: 7 of the 16 stretches of 30 min before the window had traffic, and at least "
        "8 are needed to compare"
    )
    counts = [6] * 8 + [0] * 8
    enough = volume_before(window, 5, lambda *_: counts)
    assert enough == volume(5, counts, false_alarm_every=1000)
    assert (enough.state, enough.decides) == (RuleState.HOLDS, True)
    assert enough.sentence == "5 requests in the window, 3 on average in the 16 before"


def test_false_alarms_are_as_seldom_as_promised() -> None:
    """Counts whose rate varies by 30 %, 20 of them as baseline: at most 1 alarm in 100."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(2_000):
        counts = rng.poisson(50 * rng.gamma(11, 1 / 11, 21))
        outcome = volume(int(counts[0]), counts[1:].tolist(), false_alarm_every=100)
        alarms += outcome.state is RuleState.VIOLATED
    assert alarms <= 20


# Hours of the day


FRIDAY_NOON = datetime(2026, 2, 13, 12, tzinfo=UTC)
AT_NOON = Window(FRIDAY_NOON, FRIDAY_NOON + timedelta(hours=1))
AT_NIGHT = Window(FRIDAY_NOON - timedelta(hours=9), FRIDAY_NOON - timedelta(hours=8))


def office_hours(window: Window, intervals: int, *, weekends: bool = False) -> list[int | None]:
    """1,000 requests an hour by day, 5 by night; on weekends as by night, if so."""
    rng = np.random.default_rng(0)
    starts = [window.start - (place + 1) * timedelta(hours=1) for place in range(intervals)]
    return [
        int(rng.poisson(5 if not 7 <= at.hour < 19 or (weekends and at.weekday() > 4) else 1000))
        for at in starts
    ]


@pytest.mark.parametrize(
    ("window", "count", "violated"),
    [
        (AT_NOON, 1_040, False),
        (AT_NOON, 0, True),
        (AT_NOON, 400, True),
        (AT_NOON, 2_050, True),
        (AT_NIGHT, 6, False),
        (AT_NIGHT, 0, False),  # as it may come, one night hour in 150
        (AT_NIGHT, 1_000, True),
    ],
)
def test_traffic_that_follows_the_hour_is_compared_with_its_hour(
    window: Window, count: int, violated: bool
) -> None:
    outcome = volume_before(window, count, office_hours)
    assert (outcome.state is RuleState.VIOLATED) == violated
    mean = r"(999\.\d|1,00\d)" if window is AT_NOON else r"[45]\.\d+"
    assert re.match(
        rf"(Traffic \w+: )?{count:,} requests in the window, {mean} on average at such an hour, "
        r"in 28 before",
        outcome.sentence,
    )


def test_weekends_stand_apart_where_they_differ() -> None:
    saturday = Window(AT_NOON.start + timedelta(days=1), AT_NOON.end + timedelta(days=1))
    by_week = partial(office_hours, weekends=True)
    assert volume_before(saturday, 6, by_week).state is RuleState.HOLDS
    assert volume_before(saturday, 6, by_week).sentence.endswith("at such an hour, in 8 before")
    assert volume_before(AT_NOON, 6, by_week).state is RuleState.VIOLATED
    assert volume_before(saturday, 1_000, by_week).state is RuleState.VIOLATED


def test_what_was_in_violation_is_left_out() -> None:
    def with_an_outage(window: Window, intervals: int) -> list[int | None]:
        found = office_hours(window, intervals)
        return [None if 20 <= place < 190 else each for place, each in enumerate(found)]

    outcome = volume_before(AT_NOON, 1_000, with_an_outage)
    assert outcome.sentence.endswith("on average at such an hour, in 21 before")


def test_steady_traffic_has_no_seasons() -> None:
    def steady(window: Window, intervals: int) -> list[int | None]:
        return np.random.default_rng(1).poisson(100, intervals).tolist()

    assert volume_before(AT_NOON, 100, steady).sentence.endswith("on average in the 672 before")


def test_what_cannot_be_computed() -> None:
    short = volume(5, [5] * 7, false_alarm_every=100)
    assert short.state is RuleState.NOT_COMPUTED
    assert short.sentence == (
        "Not computed: the baseline has 7 intervals, and at least 8 are needed to know how much "
        "traffic varies"
    )
    silent = volume(5, [0] * 8, false_alarm_every=100)
    assert silent.sentence == "Not computed: the baseline had no traffic"


def test_bad_input() -> None:
    with raises(
        BadInput,
        "the number of intervals with at most one false alarm must be at least 1, got 0.5",
    ):
        volume(1, STEADY, false_alarm_every=0.5)
    with raises(BadInput, "counts of requests must be at least 0"):
        volume(-1, STEADY, false_alarm_every=10)
