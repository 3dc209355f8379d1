"""Whether suspicion's calibration still fits: p-values of clean traffic are uniform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstest

LATEST = 2_000  # predictions that are tested
FEWEST = 200  # for a test
# Kolmogorov-Smirnov distance of two samples that one pair in a hundred exceeds by chance, by
# sqrt(1/m + 1/n). Signs count, not images: frames of one sign are correlated.
QUANTILE = 1.628


def drift(
    p_values: NDArray[np.float64], alpha: float, *, calibrated: int, signs: int | None = None
) -> str | None:
    """How p-values (n,) of unflagged predictions contradict the calibration; None if they fit.

    Unflagged p-values of clean images are uniform on (alpha, 1]. calibrated: signs of the
    calibration; signs: how many the predictions show; as many as predictions if None.
    """
    if len(p_values) < FEWEST or alpha >= 1:
        return None
    rescaled = (p_values - alpha) / (1 - alpha)
    found = kstest(rescaled, "uniform")
    shown = max(1, len(p_values) if signs is None else signs)
    if found.statistic <= QUANTILE * (1 / calibrated + 1 / shown) ** 0.5:
        return None
    place = float(found.statistic_location)
    share = float((rescaled <= place).mean())
    return (
        f"Suspicion's calibration no longer fits the traffic: of the latest {len(p_values):,} "
        f"unflagged predictions, {share:.0%} have a p-value up to "
        f"{alpha + place * (1 - alpha):.2f}, where {place:.0%} are expected"
    )
