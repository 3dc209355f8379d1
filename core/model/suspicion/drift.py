"""Does suspicion's calibration still fit? p-values of clean traffic are uniform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstest

LATEST = 2_000  # predictions that are looked at
FEWEST = 200  # of which something can be said
# Kolmogorov-Smirnov distance: 1.628 / sqrt(66), beyond which one calibration in a hundred by 66
# physical signs lies by chance; frames of one sign are alike.
TOLERATED = 0.2


def drift(p_values: NDArray[np.float64], alpha: float) -> str | None:
    """What is wrong with p-values (n,) of unflagged predictions, in a sentence; None if nothing.

    Not flagged means above alpha: there, clean ones are uniform on (alpha, 1].
    """
    if len(p_values) < FEWEST or alpha >= 1:
        return None
    rescaled = (p_values - alpha) / (1 - alpha)
    found = kstest(rescaled, "uniform")
    if found.statistic <= TOLERATED:
        return None
    place = float(found.statistic_location)
    share = float((rescaled <= place).mean())
    return (
        f"Suspicion's calibration no longer fits the traffic: of the latest {len(p_values):,} "
        f"unflagged predictions, {share:.0%} have a p-value up to "
        f"{alpha + place * (1 - alpha):.2f}, where {place:.0%} are expected"
    )
