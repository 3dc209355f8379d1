"""Traffic that stopped, or doubled: one test for each interval of the schedule.

An interval is a violation if it holds at most half or at least twice what is expected, and such a
count, or one further out, has a probability of at most 1 / (2 A): on average one false alarm in
about A intervals. What is expected, and how much counts vary, is learned from the HISTORY before
the window: by hour of the day, weekends apart, where traffic follows them (see `volume_model`).
Intervals in which the rule itself was violated are left out, unless most of the latest day are
such: then traffic has changed.

Where there are fewer than MODELLED intervals, they say too little of a distribution. Then requests
are a gamma mixture of Poisson counts: with counts x_1..x_m of mean x, the next count is negative
binomial with mean x and variance x + d x^2 (1 + 1/m) + x/m; the terms in 1/m are for not knowing
the mean. d is what Poisson leaves open, at least 0, of the upper 95 % bound of the counts' variance
(chi-squared): at most one false alarm in A intervals.

Drills are no traffic, neither in the window nor before it. Where fewer than MIN_INTERVALS of its
intervals had traffic, the rule is not computed, so the first traffic of a new installation is no
alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, nbinom, poisson

from core.errors import BadInput
from core.monitoring.rules.outcomes import judged, not_computed
from core.monitoring.rules.volume_model import fitted
from core.records.monitoring import VOLUME, Outcome, Violation
from core.records.window import Window

NAME = VOLUME
FEATURE = "Volume"
FACTOR = 2.0
MIN_INTERVALS = 8
FALSE_ALARM_EVERY = 1_000.0  # intervals
HISTORY = timedelta(days=28)
DAY = timedelta(days=1)
HOURS = 24
MODELLED = 100  # intervals, from which on their distribution is fitted
FEWEST, MOST = 14, 10_080  # intervals of the history, however long they are


def volume_before(
    window: Window, count: int, before: Callable[[Window, int], Sequence[int | None]]
) -> Outcome:
    """The outcome for a window with `count` requests, compared with the stretches before it.

    before: counts of so many of them, the latest first, fewer where the log begins later; None
    where the rule was violated. It decides only where it can be computed.
    """
    length = window.end - window.start
    found = before(window, min(MOST, max(FEWEST, HISTORY // length)))
    kept = [place for place, each in enumerate(found) if each is not None]
    counts = [each for each in found if each is not None]
    busy = sum(each > 0 for each in counts)
    if busy >= MIN_INTERVALS:
        seasons = _seasons(window, [0, *(place + 1 for place in kept)])
        return volume(count, counts, false_alarm_every=FALSE_ALARM_EVERY, seasons=seasons)
    reason = (
        f"{busy} of the {len(found)} stretches of {length.total_seconds() / 60:g} min before the "
        f"window had traffic, and at least {MIN_INTERVALS} are needed to compare"
    )
    return replace(not_computed(NAME, 1 / (2 * FALSE_ALARM_EVERY), reason), decides=False)


def volume(
    count: int,
    baseline: Sequence[int],
    *,
    false_alarm_every: float,
    seasons: Sequence[NDArray[np.int64]] = (),
) -> Outcome:
    """The outcome for an interval with `count` requests, compared with baseline intervals.

    The figure is the probability, the threshold 1 / (2 A).

    Parameters
    ----------
    count
        Requests of the interval.
    baseline
        Those of m others, the same length of time each, empty ones included.
    false_alarm_every
        A.
    seasons
        ``(1 + m,)`` each: ways to tell alike intervals, the one at hand first.

    Raises
    ------
    BadInput
        For an A below 1 or negative counts.
    """
    if not 1 <= false_alarm_every < float("inf"):
        raise BadInput(
            "the number of intervals with at most one false alarm must be at least 1, "
            f"got {false_alarm_every}"
        )
    if count < 0 or min(baseline, default=0) < 0:
        raise BadInput("counts of requests must be at least 0")
    threshold = 1 / (2 * false_alarm_every)
    if len(baseline) < MIN_INTERVALS:
        return not_computed(
            NAME,
            threshold,
            f"the baseline has {len(baseline)} intervals, and at least {MIN_INTERVALS} are needed "
            "to know how much traffic varies",
        )
    if not any(baseline):
        return not_computed(NAME, threshold, "the baseline had no traffic")
    return judge(count, expect(baseline, seasons), threshold)


@dataclass(frozen=True)
class Expected:
    """What the next interval is expected to hold.

    mean: requests; words: the same, and of what; tails: count and level -> P(at most so many) and
    P(at least so many), exact at about that level.
    """

    mean: float
    words: str
    tails: Callable[[int, float], tuple[float, float]]


def expect(baseline: Sequence[int], seasons: Sequence[NDArray[np.int64]] = ()) -> Expected:
    """What intervals before say of the next one; seasons as for `volume`. Some had traffic."""
    mean = float(np.mean(baseline))
    words = f"{mean:,.4g} on average in the {len(baseline):,} before"
    if len(baseline) < MODELLED:
        variance = _variance(baseline, mean)
        return Expected(mean, words, lambda count, _: _tails(count, mean, variance))
    ways = [np.zeros(len(baseline) + 1, dtype=np.int64), *seasons]
    # A season that has no interval before tells nothing of this one.
    ways = [way for way in ways if way[0] in way[1:]]
    found, chosen = fitted(baseline, [way[1:] for way in ways])
    own = int(ways[chosen][0])
    if chosen:
        alike = np.asarray(baseline)[ways[chosen][1:] == own]
        mean = float(alike.mean())
        words = f"{mean:,.4g} on average at such an hour, in {len(alike):,} before"
    return Expected(mean, words, lambda count, level: found.tails(count, own, level))


def judge(count: int, expected: Expected, threshold: float) -> Outcome:
    """The outcome for an interval with `count` requests, beside what was expected."""
    low, high = expected.tails(count, threshold)
    words = f"{count:,} requests in the window, {expected.words}"
    p_value = low if count < expected.mean else high
    few, many = count <= expected.mean / FACTOR, count >= expected.mean * FACTOR
    if p_value <= threshold and (few or many):
        what = ("Traffic stopped" if count == 0 else "Traffic fell") if few else "Traffic rose"
        description = f"{what}: {words} (p = {p_value:.2g})"
        violation = Violation(FEATURE, "baseline_drift_check", description)
        return judged(NAME, p_value, threshold, description, (violation,))
    return judged(NAME, p_value, threshold, words, ())


def _variance(baseline: Sequence[int], mean: float) -> float:
    intervals = len(baseline)
    low = float(chi2.ppf(0.05, intervals - 1))
    bound = float(np.var(baseline, ddof=1)) * (intervals - 1) / low
    dispersion = max(0.0, (bound - mean) / mean**2)
    return mean + dispersion * mean**2 * (1 + 1 / intervals) + mean / intervals


def _tails(count: int, mean: float, variance: float) -> tuple[float, float]:
    """P(at most `count`) and P(at least `count`)."""
    if variance <= mean * (1 + 1e-9):
        return float(poisson.cdf(count, mean)), float(poisson.sf(count - 1, mean))
    size, share = mean**2 / (variance - mean), mean / variance
    return float(nbinom.cdf(count, size, share)), float(nbinom.sf(count - 1, size, share))


def _seasons(window: Window, places: Sequence[int]) -> list[NDArray[np.int64]]:
    """Hours of the day, and these with weekends apart, of stretches so many lengths back."""
    length = window.end - window.start
    if length >= DAY:
        return []
    starts = [window.start - place * length for place in places]
    hours = np.array([start.hour for start in starts], dtype=np.int64)
    weekend = np.array([start.weekday() >= 5 for start in starts], dtype=np.int64)
    return [hours, hours + HOURS * weekend]
