"""The outcome of triage: the precision of the flag, and a better level for it.

Only reviewed predictions count, and analysts review the most suspicious first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation import intervals
from core.records.evaluation.report import Estimate
from core.records.verdicts import Verdict

# What the flag is there for; `unreadable` counts neither way.
RIGHT = (Verdict.ADVERSARIAL, Verdict.MODEL_WRONG, Verdict.NOT_A_SIGN)
FEWEST = 30  # verdicts, for a suggestion
WORTH = 0.5  # share of flags that should be right


@dataclass(frozen=True, eq=False)
class Reviewed:
    """Flagged predictions with a verdict that counts.

    p_values: (n,), nan where none was computed; verdicts: n; groups: (n,) the group of each, which
    mostly shows one sign; None: each is one of its own.
    """

    p_values: NDArray[np.float64]
    verdicts: tuple[Verdict, ...]
    groups: NDArray[np.int64] | None = None

    def of_groups(self) -> NDArray[np.int64]:
        """The group of each, (n,)."""
        return np.arange(len(self.verdicts)) if self.groups is None else self.groups

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
    """The share of flags that were right, with its interval by group."""
    right = reviewed.right()
    known = ~np.isnan(right)
    count = int(known.sum())
    share = intervals.share(right[known], reviewed.of_groups()[known]) if count else None
    return FlagPrecision(int(right[known].sum()), count, len(right) - count, share)


def suggest(reviewed: Reviewed, *, alpha: float, worth: float = WORTH) -> Suggestion:
    """The level up to which flags are worth a review: above it, fewer than `worth` are right.

    It maximises the sum of (right - worth) over the flags below it, among levels up to the
    present `alpha`: predictions above it were never flagged, so they have no verdicts. A lower
    level is suggested only where the verdicts show it: the share of right flags above it, counted
    by group, lies below `worth` with 95 % confidence for all levels at once (Bonferroni).

    Parameters
    ----------
    alpha
        The level in force, in (0, 1).
    worth
        The share of flags that should be right, in (0, 1).
    """
    right = reviewed.right()
    used = np.flatnonzero(~np.isnan(right) & (reviewed.p_values <= alpha))
    if len(used) < FEWEST:
        return Suggestion(
            None,
            f"not computed: {len(used)} verdicts on flags by p-value, {FEWEST} are needed",
        )
    used = used[np.argsort(reviewed.p_values[used], kind="stable")]
    p_values, right, groups = reviewed.p_values[used], right[used], reviewed.of_groups()[used]
    gains = np.cumsum(right - worth)
    last = np.append(p_values[1:] != p_values[:-1], True)  # equal p-values go together
    best = int(np.argmax(np.where(last, gains, -np.inf)))
    helps = gains[best] > 0
    rest = slice(best + 1 if helps else 0, None)
    if len(right[rest]) == 0:
        return Suggestion(
            alpha,
            f"keep {alpha:g}: up to it, flags are worth a review. Predictions above it were "
            "never flagged, so verdicts cannot show whether more would be found there",
        )
    levels = int(last.sum())
    above = intervals.share(right[rest], groups[rest], level=1 - (1 - intervals.LEVEL) / levels)
    if above.high is None or above.high >= worth:
        return Suggestion(
            alpha,
            f"keep {alpha:g}: the {len(used)} verdicts do not show that fewer than {worth:.0%} of "
            "the flags at some level are right",
        )
    if not helps:
        return Suggestion(
            None,
            f"none: at no level up to {alpha:g} were {worth:.0%} of the flags right; "
            "a lower level does not help, a better score would",
        )
    chosen = float(p_values[best])
    return Suggestion(
        chosen,
        f"{chosen:.2g}: above it {int(right[rest].sum())} of {len(right[rest])} flags were right, "
        f"fewer than {worth:.0%}",
    )
