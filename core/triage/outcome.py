"""The outcome of triage: the precision of the flag, and a better level for it.

Only reviewed predictions count, and analysts review the most suspicious first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from core.evaluation.bootstrap import LEVEL
from core.records.evaluation.report import Estimate
from core.records.verdicts import Verdict

# What the flag is there for; `unreadable` counts neither way.
RIGHT = (Verdict.ADVERSARIAL, Verdict.MODEL_WRONG, Verdict.NOT_A_SIGN)
FEWEST = 30  # verdicts, for a suggestion
WORTH = 0.5  # share of flags that should be right


@dataclass(frozen=True, eq=False)
class Reviewed:
    """Flagged predictions with a verdict that counts: p_values (n,), nan where none was
    computed, and the verdicts, n."""

    p_values: NDArray[np.float64]
    verdicts: tuple[Verdict, ...]

    def right(self) -> NDArray[np.float64]:
        """1 where the flag was right, 0 where not, nan where the image is unreadable: (n,)."""
        return np.array(
            [
                np.nan if verdict is Verdict.UNREADABLE else float(verdict in RIGHT)
                for verdict in self.verdicts
            ]
        )


@dataclass(frozen=True)
class FlagPrecision:
    """How many of the reviewed flags were right; unclear: unreadable ones.

    share: with its interval, None where nothing was reviewed.
    """

    right: int
    reviewed: int
    unclear: int
    share: Estimate | None


@dataclass(frozen=True)
class Suggestion:
    """A level for the flag. alpha: None where it was not computed; sentence: why, in words."""

    alpha: float | None
    sentence: str


def precision(reviewed: Reviewed) -> FlagPrecision:
    """The share of flags that were right, with its exact interval (Clopper, Pearson, 1934)."""
    right = reviewed.right()
    known = right[~np.isnan(right)]
    hits, count = int(known.sum()), len(known)
    return FlagPrecision(
        hits, count, len(right) - count, exact_interval(hits, count) if count else None
    )


def exact_interval(hits: int, count: int) -> Estimate:
    """hits / count, and the binomial interval that holds at least LEVEL; count at least 1."""
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return Estimate(hits / count, low, high)


def suggest(reviewed: Reviewed, *, alpha: float, worth: float = WORTH) -> Suggestion:
    """The level up to which flags are worth a review: above it, fewer than `worth` were right.

    It maximises the sum of (right - worth) over the flags below it, among levels up to the
    present `alpha`: predictions above it were never flagged, so they have no verdicts.

    Parameters
    ----------
    alpha
        The level in force, in (0, 1).
    worth
        The share of flags that should be right, in (0, 1).
    """
    right = reviewed.right()
    used = ~np.isnan(right) & (reviewed.p_values <= alpha)
    count = int(used.sum())
    if count < FEWEST:
        return Suggestion(
            None,
            f"not computed: {count} verdicts on flags by p-value, {FEWEST} are needed",
        )
    order = np.argsort(reviewed.p_values[used], kind="stable")
    p_values, gains = reviewed.p_values[used][order], np.cumsum(right[used][order] - worth)
    last = np.append(p_values[1:] != p_values[:-1], True)  # equal p-values go together
    best = int(np.argmax(np.where(last, gains, -np.inf)))
    if gains[best] <= 0:
        return Suggestion(
            None,
            f"none: at no level up to {alpha:g} were {worth:.0%} of the flags right; "
            "a lower level does not help, a better score would",
        )
    rest = right[used][order][best + 1 :]
    if len(rest) == 0:
        return Suggestion(
            alpha,
            f"keep {alpha:g}: up to it, flags are worth a review. Predictions above it were "
            "never flagged, so verdicts cannot show whether more would be found there",
        )
    chosen = float(p_values[best])
    return Suggestion(
        chosen,
        f"{chosen:.2g}: above it {int(rest.sum())} of {len(rest)} flags were right, "
        f"fewer than {worth:.0%}",
    )
