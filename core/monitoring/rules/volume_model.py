"""How much traffic varies: a distribution of the next count, fitted to the counts before it.

A count is Poisson around its rate, and the rate is the mean of its season times a factor whose
distribution is one of three: gamma, lognormal, or a mixture of two lognormals, of which the second
stands for spikes. Seasons are hours of the day, weekdays and weekends apart, or all alike. Families
and seasons are compared by the Bayesian information criterion (Schwarz 1978), likelihoods are
computed by quadrature over the factor. What is estimated is not known exactly, so the next count's
factor is spread further: by the season's mean, and by the ratio of Student's to the normal quantile
at the alarm's level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import gamma, norm, poisson, t

FITTED = 700  # counts, evenly spread, that a likelihood is computed of
FEWEST_SPIKES = 3
SPIKE = 0.7  # at least so far above the season's median, as a logarithm, and four deviations
NO_DISPERSION = 1e-4  # of a gamma factor that makes no difference
LEAST_SPREAD = 0.02
_NORMAL = np.linspace(-6, 6, 121)  # nodes of the quadrature
_WEIGHTS = norm.pdf(_NORMAL) / norm.pdf(_NORMAL).sum()
_TRIED = np.geomspace(0.35, 2, 13)  # of the first estimate
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Factor = tuple[Floats, Floats]  # nodes and weights


@dataclass(frozen=True)
class Gamma:
    """dispersion: the variance of the factor, whose mean is 1."""

    dispersion: float
    size: int = 1

    def factor(self, wider: float = 1.0, level: float | None = None, freedom: int = 1) -> Factor:
        """Nodes and weights of its distribution, `wider` times as large a variance."""
        spread = self.dispersion * wider * _inflation(level, freedom) ** 2
        if spread < NO_DISPERSION:
            return np.ones(1), np.ones(1)
        nodes = gamma.ppf(norm.cdf(_NORMAL), 1 / spread, scale=spread)
        return np.maximum(nodes, 1e-12), _WEIGHTS


@dataclass(frozen=True)
class Lognormal:
    """spread: the standard deviation of the factor's logarithm, whose mean is 0."""

    spread: float
    size: int = 1

    def factor(self, wider: float = 1.0, level: float | None = None, freedom: int = 1) -> Factor:
        """As for `Gamma`."""
        spread = self.spread * wider**0.5 * _inflation(level, freedom)
        return np.exp(spread * _NORMAL), _WEIGHTS


@dataclass(frozen=True)
class Spiky:
    """A lognormal factor, and for a `share` another one, found `spikes` times.

    height, spread_above: mean and standard deviation of the spikes' logarithms.
    """

    spread: float
    share: float
    height: float
    spread_above: float
    spikes: int
    size: int = 4

    def factor(self, wider: float = 1.0, level: float | None = None, freedom: int = 1) -> Factor:
        """As for `Gamma`."""
        below = self.spread * wider**0.5 * _inflation(level, freedom)
        above = self.spread_above * wider**0.5
        if level is not None:
            above *= _inflation(min(level / self.share, 0.2), self.spikes - 1)
            above *= (1 + 1 / self.spikes) ** 0.5
        nodes = np.exp(np.concatenate([below * _NORMAL, self.height + above * _NORMAL]))
        return nodes, np.concatenate([(1 - self.share) * _WEIGHTS, self.share * _WEIGHTS])


Family = Gamma | Lognormal | Spiky


@dataclass(frozen=True)
class Fitted:
    """A distribution of the next count.

    Parameters
    ----------
    family
        Of the factor.
    means
        Season -> what the factor multiplies.
    sizes
        Season -> counts that the mean is of.
    fit
        The criterion, larger is better.
    """

    family: Family
    means: dict[int, float]
    sizes: dict[int, int]
    fit: float

    def tails(self, count: int, season: int, level: float) -> tuple[float, float]:
        """P(at most `count`) and P(at least `count`) in a season, exact at about `level`."""
        freedom = sum(self.sizes.values()) - len(self.sizes)
        nodes, weights = self.family.factor(1 + 2 / self.sizes[season], level, freedom)
        rates = self.means[season] * nodes
        low = float(poisson.cdf(count, rates) @ weights)
        return low, float(poisson.sf(count - 1, rates) @ weights)


def fitted(counts: Sequence[int], seasonings: Sequence[Ints]) -> tuple[Fitted, int]:
    """The distribution that fits best, and which of the `seasonings` it has.

    Parameters
    ----------
    counts
        n >= 2.
    seasonings
        ``(n,)`` each, the season of every count; tried one by one.
    """
    values = np.asarray(counts, dtype=np.float64)
    best = [max(_fits(values, each), key=lambda found: found.fit) for each in seasonings]
    chosen = int(np.argmax([each.fit for each in best]))
    return best[chosen], chosen


def _fits(counts: Floats, seasons: Ints) -> Iterator[Fitted]:
    """One of each family."""
    names, own = np.unique(seasons, return_inverse=True)
    sizes = np.bincount(own)
    logs = np.log(counts + 0.5)
    arithmetic = (np.bincount(own, weights=counts) + 0.5) / sizes
    geometric = np.exp(np.bincount(own, weights=logs) / sizes)
    median = np.exp([np.median(logs[own == number]) for number in range(len(names))])
    penalty = 0.5 * np.log(len(counts))
    rows = np.linspace(0, len(counts) - 1, min(len(counts), FITTED)).astype(np.int64)

    def made(means: Floats, families: Iterator[Family]) -> Fitted:
        tried = [(_likelihood(counts[rows], means[own[rows]], each), each) for each in families]
        found, family = max(tried, key=lambda each: each[0])
        found *= len(counts) / len(rows)
        return Fitted(
            family,
            dict(zip(names.tolist(), means.tolist(), strict=True)),
            dict(zip(names.tolist(), sizes.tolist(), strict=True)),
            found - penalty * (len(names) + family.size),
        )

    spread = _gamma_dispersion(counts, arithmetic[own], sizes[own])
    yield made(arithmetic, (Gamma(each) for each in [0.0, *spread * _TRIED**2]))
    off = logs - np.log(geometric[own])
    spread = max((off @ off / max(1, len(counts) - len(names))) ** 0.5, LEAST_SPREAD)
    yield made(geometric, (Lognormal(each) for each in spread * _TRIED))
    spiky = _spiky(logs - np.log(median[own]))
    if spiky is not None:
        yield made(median, iter([spiky]))


def _gamma_dispersion(counts: Floats, means: Floats, sizes: Ints) -> float:
    """By moments: the squares that Poisson leaves open."""
    squares = (counts - means) ** 2 * sizes / np.maximum(sizes - 1, 1)
    weights = np.minimum(means, 20.0)  # where the mean is small, most of it is Poisson's
    return max(float(np.average((squares - means) / means**2, weights=weights)), NO_DISPERSION)


def _spiky(off: Floats) -> Spiky | None:
    """Spikes stand out from the median; None where there are too few."""
    deviation = 1.4826 * float(np.median(np.abs(off)))  # of a normal distribution
    high = off > max(4 * deviation, SPIKE)
    if not FEWEST_SPIKES <= high.sum() < len(off) / 2:
        return None
    return Spiky(
        max(float(off[~high].std()), LEAST_SPREAD),
        float(high.mean()),
        float(off[high].mean()),
        max(float(off[high].std(ddof=1)), 0.1),
        int(high.sum()),
    )


def _likelihood(counts: Floats, means: Floats, family: Family) -> float:
    nodes, weights = family.factor()
    rates = np.maximum(means[:, None] * nodes, 1e-12)
    logs = counts[:, None] * np.log(rates) - rates - gammaln(counts + 1)[:, None]
    highest = logs.max(axis=1, keepdims=True)
    return float((highest[:, 0] + np.log(np.exp(logs - highest) @ weights)).sum())


def _inflation(level: float | None, freedom: int) -> float:
    """How much further out Student's quantile lies than the normal one; 1 without a level."""
    if level is None:
        return 1.0
    return float(t.ppf(level, max(freedom, 1)) / norm.ppf(level))
