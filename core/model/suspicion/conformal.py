"""Conformal p-values of scores against those of clean images, and smooth ones.

A conformal p-value is at most alpha for at most a share alpha of clean images, whatever their
distribution, if they are exchangeable with those of the calibration (Vovk, Gammerman, Shafer:
Algorithmic Learning in a Random World, 2005). Frames of one sign are not exchangeable with those of
another, but signs are: every sign weighs the same. That the share holds on average needs no more;
that it holds for one new sign takes a p-value of 1 / (signs + 1) at least (Lee, Barber, Willett:
Distribution-free inference with hierarchical data, 2023, https://arxiv.org/abs/2306.06342).

A smooth p-value goes on falling beyond the whole calibration, so values there still differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TAIL = 0.1  # share of the calibration's largest values that an exponential follows

Values = NDArray[np.float64]


def conformal(reference: Values, weights: Values, values: Values) -> Values:
    """p = (w + weight of reference values at or above the value) / (all weights + w).

    w is the mean weight: the value is one image more. With equal weights it is
    (1 + number at or above) / (n + 1).

    Parameters
    ----------
    reference
        (n,), scores of clean images, ascending.
    weights
        (n,), theirs, positive; frames of a sign share 1.
    values
        (m,); large ones are suspicious.

    Returns
    -------
    Values
        (m,), p-values in (0, 1].

    Examples
    --------
    >>> clean, values = np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.5, 9.0])
    >>> conformal(clean, np.ones(3), values).tolist()
    [1.0, 0.5, 0.25]
    """
    above = np.append(np.cumsum(weights[::-1])[::-1], 0.0)
    own = weights.mean()
    ranks: Values = (own + above[np.searchsorted(reference, values, side="left")]) / (
        above[0] + own
    )
    return ranks


@dataclass(frozen=True, eq=False)
class Smooth:
    """Smooth p-values of values beside clean ones, of which large ones are suspicious.

    reference: (n,), ascending; threshold: their quantile t = 1 - TAIL; excess: mean of those above
    it, minus t; 0 where there are none.
    """

    reference: Values
    threshold: float
    excess: float

    @staticmethod
    def of(reference: Values) -> Smooth:
        """To clean scores (n,), ascending."""
        threshold = float(np.quantile(reference, 1 - TAIL))
        beyond = reference[reference > threshold]
        return Smooth(reference, threshold, float(beyond.mean()) - threshold if len(beyond) else 0)

    def logs(self, values: Values) -> Values:
        """Natural logarithms of their p-values, (m,) -> (m,).

        Above t, p = TAIL exp(-(value - t) / excess). Up to t, and where no reference lies above t,
        p = (1 + number of reference values at or above the value) / (n + 1).
        """
        above = len(self.reference) - np.searchsorted(self.reference, values, side="left")
        ranked: Values = np.log((1 + above) / (len(self.reference) + 1))
        if not self.excess:
            return ranked
        tail = np.log(TAIL) - (values - self.threshold) / self.excess
        logs: Values = np.where(values > self.threshold, tail, ranked)
        return logs


@dataclass(frozen=True, eq=False)
class TwoSided:
    """As `Smooth`, but small values are suspicious too: p = min(1, 2 min(lower, upper))."""

    upper: Smooth
    lower: Smooth

    @staticmethod
    def of(reference: Values) -> TwoSided:
        """To clean scores (n,), ascending."""
        return TwoSided(Smooth.of(reference), Smooth.of(-reference[::-1]))

    def logs(self, values: Values) -> Values:
        """Natural logarithms of their p-values, (m,) -> (m,)."""
        smaller = np.minimum(self.upper.logs(values), self.lower.logs(-values))
        logs: Values = np.minimum(0.0, np.log(2) + smaller)
        return logs
