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
from scipy.stats import beta, norm, rankdata, t

from core.records.evaluation.report import Estimate

LEVEL = 0.95
CORRELATION = 0.3  # of images within a track
PRIOR_TRACKS = 5
Values = NDArray[np.floating]
Tracks = NDArray[np.int64]
Sums = NDArray[np.float64]


def share(
    values: Values,
    tracks: Tracks | None = None,
    *,
    level: float = LEVEL,
    predicted: bool = False,
) -> Estimate:
    """The mean of values in [0, 1], as of hits and misses.

    Parameters
    ----------
    values
        ``(n,)``, n at least 1.
    tracks
        ``(n,)`` the track of each; each its own if None.
    level
        How often the interval holds the truth, in (0, 1).
    predicted
        The interval is for the share that as many new tracks will show, not for that of all.
    """
    sums, sizes = _by_track(values, tracks)
    average, count, tail = float(values.mean()), len(sums), (1 - level) / 2
    if count < 2:
        return Estimate(average, None, None)
    if (values == values[0]).all():
        return _exact(average * count, count, tail)
    centre = (count * average + 0.5) / (count + 1)
    prior = centre * (1 - centre) / _independent(sizes)
    variance = count * _variance(sums, sizes) + PRIOR_TRACKS * prior
    variance /= count + PRIOR_TRACKS
    if predicted:  # theirs vary as much as these
        variance *= 2
    return _as_many(average, variance, count - 1 + PRIOR_TRACKS, tail)


def auroc(
    clean: Values,
    suspicious: Values,
    clean_tracks: Tracks | None = None,
    suspicious_tracks: Tracks | None = None,
) -> Estimate:
    """The probability that one of `suspicious` is larger than one of `clean`; ties count half.

    Its variance is that of the tracks' sums of placement values (Obuchowski, Biometrics 53, 1997;
    DeLong's where each image is a track of its own), drawn towards that of independent images.

    Parameters
    ----------
    clean, suspicious
        ``(n,)`` and ``(m,)`` scores, n and m at least 1.
    clean_tracks, suspicious_tracks
        ``(n,)`` and ``(m,)``; a number in both is one track.

    Examples
    --------
    >>> auroc(np.array([1.0, 2.0]), np.array([0.0, 1.0])).mean
    0.125
    """
    n, m = len(clean), len(suspicious)
    ranks = rankdata(np.concatenate([clean, suspicious]))
    above = (ranks[n:] - rankdata(suspicious)) / n  # of each suspicious one: share of clean below
    below = 1 - (ranks[:n] - rankdata(clean)) / m
    average = float(above.mean())
    own = np.arange(n) if clean_tracks is None else clean_tracks
    theirs = n + np.arange(m) if suspicious_tracks is None else suspicious_tracks
    sizes = [np.unique(each, return_counts=True)[1] for each in (own, theirs)]
    few = min(map(len, sizes))
    tail = (1 - LEVEL) / 2
    if few < 2:
        return Estimate(average, None, None)
    if average in (0, 1):
        return _exact(average * few, few, tail)
    names, of_track = np.unique(np.concatenate([own, theirs]), return_inverse=True)
    off = np.concatenate([(below - average) / n, (above - average) / m])
    sums = np.bincount(of_track, weights=off, minlength=len(names))
    found = float(few / (few - 1) * (sums**2).sum())
    centre = (few * average + 0.5) / (few + 1)
    prior = _hanley_mcneil(centre, *map(_independent, sizes))
    variance = (few * found + PRIOR_TRACKS * prior) / (few + PRIOR_TRACKS)
    return _as_many(average, variance, few - 1 + PRIOR_TRACKS, tail)


def mean(values: Values, tracks: Tracks | None = None) -> Estimate:
    """The mean of values of any size (n,); tracks as for `share`."""
    sums, sizes = _by_track(values, tracks)
    average = float(values.mean())
    if len(sums) < 2:
        return Estimate(average, None, None)
    width = float(t.ppf((1 + LEVEL) / 2, len(sums) - 1)) * _variance(sums, sizes) ** 0.5
    return Estimate(average, average - width, average + width)


def _independent(sizes: Tracks) -> float:
    """As many independent images vary as tracks of these sizes, correlated by CORRELATION."""
    images = float(sizes.sum())
    return images / (1 + (float((sizes**2).sum()) / images - 1) * CORRELATION)


def _hanley_mcneil(auroc: float, clean: float, suspicious: float) -> float:
    """The variance of an AUROC of independent images (Hanley and McNeil, Radiology 143, 1982)."""
    one, two = auroc / (2 - auroc) - auroc**2, 2 * auroc**2 / (1 + auroc) - auroc**2
    total = auroc * (1 - auroc) + (suspicious - 1) * one + (clean - 1) * two
    return total / (clean * suspicious)


def _as_many(average: float, variance: float, freedom: int, tail: float) -> Estimate:
    """The interval of so many independent images as would vary as much; variance: an estimate."""
    images = average * (1 - average) / variance * (norm.ppf(tail) / t.ppf(tail, freedom)) ** 2
    low, high = beta.ppf([tail, 1 - tail], average * images + 0.5, (1 - average) * images + 0.5)
    # The prior draws it towards one half: of very few images it might leave the mean out.
    return Estimate(average, min(float(low), average), max(float(high), average))


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
