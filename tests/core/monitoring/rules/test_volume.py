"""Traffic that stopped or doubled."""

import numpy as np
import pytest
from scipy.stats import poisson

from core.errors import BadInput
from core.monitoring.rules.volume import volume
from core.records.monitoring import RuleState, Violation
from tests.support.expect import raises

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
    outcome = volume(70, [100] * 1_000_000, false_alarm_every=10)
    assert outcome.figure == pytest.approx(poisson.cdf(70, 100), rel=1e-3)


def test_false_alarms_are_as_seldom_as_promised() -> None:
    """Counts whose rate varies by 30 %, 20 of them as baseline: at most 1 alarm in 100."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(2_000):
        counts = rng.poisson(50 * rng.gamma(11, 1 / 11, 21))
        outcome = volume(int(counts[0]), counts[1:].tolist(), false_alarm_every=100)
        alarms += outcome.state is RuleState.VIOLATED
    assert alarms <= 20


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
