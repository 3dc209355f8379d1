"""Means with confidence intervals, where images of one track say the same thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.records.evaluation.report import Estimate

RESAMPLES = 2000
LEVEL = 0.95


def mean_by_track(
    values: NDArray[np.floating], tracks: NDArray[np.int64], *, seed: int
) -> Estimate:
    """The mean of values (N,), its interval by the percentile bootstrap over whole tracks (N,).

    Images of one track show one physical sign, so tracks are drawn, not images (cluster bootstrap;
    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).
    """
    _, of_track = np.unique(tracks, return_inverse=True)
    sums, sizes = np.bincount(of_track, weights=values), np.bincount(of_track)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high))
