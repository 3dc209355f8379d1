"""How odd is a value beside those of clean images? Conformal p-values, and smooth ones.

A conformal p-value is at or below alpha for at most a share alpha of clean images, whatever
their distribution, if they are like those of the calibration (Vovk, Gammerman, Shafer: Algorithmic
Learning in a Random World, 2005). It cannot be smaller than 1 / (n + 1); a smooth one can, so that
values beyond all of the calibration still differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TAIL = 0.1  # share of the calibration's largest values that an exponential follows

Values = NDArray[np.float64]


def conformal(reference: Values, values: Values) -> Values:
    """Large values are odd. reference: (n,) ascending; values: (m,) -> p-values (m,).

    p = (1 + number of reference values at or above the value) / (n + 1).
    """
    above = len(reference) - np.searchsorted(reference, values, side="left")
    ranks: Values = (1 + above) / (len(reference) + 1)
    return ranks


def log_upper(reference: Values, values: Values) -> Values:
    """Natural logarithm of a smooth p-value, large values being odd; shapes as `conformal`.

    Beyond the quantile t = 1 - TAIL of the reference, p = TAIL exp(-(value - t) / mean excess
    over t); up to t, and where nothing lies above t, the conformal p-value.
    """
    ranked = np.log(conformal(reference, values))
    threshold = np.quantile(reference, 1 - TAIL)
    excess = reference[reference > threshold] - threshold
    if len(excess) == 0:
        return ranked
    tail = np.log(TAIL) - (values - threshold) / excess.mean()
    logs: Values = np.where(values > threshold, tail, ranked)
    return logs


def log_two_sided(reference: Values, values: Values) -> Values:
    """As `log_upper`, small values being as odd as large ones: p = min(1, 2 min(lower, upper))."""
    odder = np.minimum(log_upper(reference, values), log_upper(-reference[::-1], -values))
    logs: Values = np.minimum(0.0, np.log(2) + odder)
    return logs
