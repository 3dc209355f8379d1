"""Conformal p-values of scores against those of clean images, and smooth ones.

A conformal p-value is at most alpha for at most a share alpha of clean images, whatever their
distribution, if they are exchangeable with those of the calibration (Vovk, Gammerman, Shafer:
Algorithmic Learning in a Random World, 2005). It is never smaller than 1 / (n + 1). A smooth one
is, so values beyond the whole calibration still differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TAIL = 0.1  # share of the calibration's largest values that an exponential follows

Values = NDArray[np.float64]


def conformal(reference: Values, values: Values) -> Values:
    """p = (1 + number of reference values at or above the value) / (n + 1).

    Parameters
    ----------
    reference
        (n,), scores of clean images, ascending.
    values
        (m,); large ones are suspicious.

    Returns
    -------
    Values
        (m,), p-values in (0, 1].

    Examples
    --------
    >>> conformal(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.5, 9.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    above = len(reference) - np.searchsorted(reference, values, side="left")
    ranks: Values = (1 + above) / (len(reference) + 1)
    return ranks


def log_upper(reference: Values, values: Values) -> Values:
    """Natural logarithm of a smooth p-value; shapes as in `conformal`.

    Above the quantile t = 1 - TAIL of the reference, p = TAIL exp(-(value - t) / mean excess
    over t). Up to t, and where no reference lies above t, p is the conformal p-value.
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
    """As `log_upper`, but small values are suspicious too: p = min(1, 2 min(lower, upper))."""
    smaller = np.minimum(log_upper(reference, values), log_upper(-reference[::-1], -values))
    logs: Values = np.minimum(0.0, np.log(2) + smaller)
    return logs
