"""Means with confidence intervals for images that are correlated within a track."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.records.evaluation.report import Estimate

RESAMPLES = 2000
LEVEL = 0.95


def mean_by_track(
    values: NDArray[np.floating], tracks: NDArray[np.int64], *, seed: int
) -> Estimate:
    """The mean of values (N,) with a percentile bootstrap interval at LEVEL.

    Images of one track show one physical sign, so whole tracks are drawn (cluster bootstrap:
    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).

    Parameters
    ----------
    values
        (N,), one an image.
    tracks
        (N,), the track of each image.
    seed
        Of the RESAMPLES draws.
    """
    _, of_track = np.unique(tracks, return_inverse=True)
    sums, sizes = np.bincount(of_track, weights=values), np.bincount(of_track)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high))
