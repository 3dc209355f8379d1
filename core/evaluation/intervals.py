"""Confidence intervals at LEVEL, all that are shown, for images that are correlated within a track.

Images of one track show one physical sign, so tracks are what varies: the variance of a mean is
that of its tracks' sums (linearised, as in surveys: Cochran, Sampling Techniques, 1977, 6.4). A
share then gets the interval of so many independent images as would vary as much (Korn and Graubard,
Survey Methodology 24, 1998), with Jeffreys' prior, as the exact one is too wide for few of them
(Brown, Cai and DasGupta, Statistical Science 16, 2001). Few tracks that happen to agree say little
of how much tracks differ, so the variance is drawn towards that of tracks whose images correlate
by CORRELATION, with the weight of PRIOR_TRACKS. Where no image varies, tracks are counted, exactly
(Clopper and Pearson, Biometrika 26, 1934). One track has no interval: it says nothing of others.
Its tests simulate how often they hold the truth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm, t

from core.records.evaluation.report import Estimate

LEVEL = 0.95
CORRELATION = 0.3  # of images within a track
PRIOR_TRACKS = 5
Values = NDArray[np.floating]
Tracks = NDArray[np.int64]
Sums = NDArray[np.float64]


def share(values: Values, tracks: Tracks | None = None, *, level: float = LEVEL) -> Estimate:
    """The mean of values in [0, 1], as of hits and misses.

    Parameters
    ----------
    values
        ``(n,)``, n at least 1.
    tracks
        ``(n,)`` the track of each; each its own if None.
    level
        How often the interval holds the truth, in (0, 1).
    """
    sums, sizes = _by_track(values, tracks)
    average, count, tail = float(values.mean()), len(sums), (1 - level) / 2
    if count < 2:
        return Estimate(average, None, None)
    if (values == values[0]).all():
        return _exact(average * count, count, tail)
    centre = (count * average + 0.5) / (count + 1)
    alike = 1 + ((sizes**2).sum() / len(values) - 1) * CORRELATION
    prior = centre * (1 - centre) / len(values) * alike
    variance = count * _variance(sums, sizes) + PRIOR_TRACKS * prior
    variance /= count + PRIOR_TRACKS
    images = average * (1 - average) / variance
    freedom = count - 1 + PRIOR_TRACKS
    images *= (norm.ppf(tail) / t.ppf(tail, freedom)) ** 2  # the variance is an estimate
    low, high = beta.ppf([tail, 1 - tail], average * images + 0.5, (1 - average) * images + 0.5)
    # The prior draws it towards one half: of very few images it might leave the mean out.
    return Estimate(average, min(float(low), average), max(float(high), average))


def mean(values: Values, tracks: Tracks | None = None) -> Estimate:
    """The mean of values of any size (n,); tracks as for `share`."""
    sums, sizes = _by_track(values, tracks)
    average = float(values.mean())
    if len(sums) < 2:
        return Estimate(average, None, None)
    width = float(t.ppf((1 + LEVEL) / 2, len(sums) - 1)) * _variance(sums, sizes) ** 0.5
    return Estimate(average, average - width, average + width)


def _exact(hits: float, count: int, tail: float) -> Estimate:
    """hits / count, and the interval of so many independent trials."""
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return Estimate(hits / count, low, high)


def _by_track(values: Values, tracks: Tracks | None) -> tuple[Sums, Tracks]:
    """Sum and size of each track."""
    names = np.arange(len(values)) if tracks is None else tracks
    _, of_track = np.unique(names, return_inverse=True)
    sums = np.bincount(of_track, weights=values).astype(np.float64)
    return sums, np.bincount(of_track).astype(np.int64)


def _variance(sums: Sums, sizes: Tracks) -> float:
    """Of the mean over all images."""
    count, images = len(sums), sizes.sum()
    off = sums - sums.sum() / images * sizes
    return float(count / (count - 1) * (off**2).sum() / images**2)
