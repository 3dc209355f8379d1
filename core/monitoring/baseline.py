"""What traffic looks like when all is well: counts per class, and statistics of the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

MAX_SAMPLE = 2_048
BUCKETS = 10
Floats = NDArray[np.float64]
Counts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Scores:
    """Statistics of one score. std: of the population; sample: rising, at most MAX_SAMPLE values.

    The sample holds every value, or else as many that lie evenly between smallest and largest rank.
    counts: how many values lie in each of BUCKETS buckets of one width from min to max.
    """

    present: int
    missing: int
    mean: float
    std: float
    min: float
    max: float
    counts: tuple[int, ...]
    sample: tuple[float, ...]

    @staticmethod
    def of(values: Floats, missing: int = 0) -> Scores | None:
        """Statistics of (n,) values; None where there is none. Raises BadInput for NaN."""
        if len(values) == 0:
            return None
        if not np.isfinite(values).all():
            raise BadInput("scores of a baseline must be finite numbers")
        ranked = np.sort(values.astype(np.float64))
        chosen = np.linspace(0, len(ranked) - 1, min(len(ranked), MAX_SAMPLE)).round().astype(int)
        low, high = float(ranked[0]), float(ranked[-1])
        edges = bucket_edges(low, high)
        buckets = np.searchsorted(edges[1:-1], ranked, side="right")
        return Scores(
            len(ranked),
            missing,
            float(ranked.mean()),
            float(ranked.std()),
            low,
            high,
            tuple(np.bincount(buckets, minlength=BUCKETS).tolist()),
            tuple(ranked[chosen].tolist()),
        )

    def quantile(self, share: float) -> float:
        """The value that `share` of the baseline lies below, share in [0, 1]."""
        return float(np.quantile(self.sample, share))


def bucket_edges(low: float, high: float) -> Floats:
    """(BUCKETS + 1,) edges of buckets of one width."""
    return np.linspace(low, high, BUCKETS + 1)


@dataclass(frozen=True)
class Observations:
    """How often each bin of the drift detector was observed, frames of one sign counted once.

    Parameters
    ----------
    by_class
        ``(B, K + 1)`` by band of hours, a B-th of the day each, and class; the last for classes
        outside the label set.
    by_flag
        ``(B, 2 (K + 1))`` unflagged, then flagged; None where some prediction has no flag.
    edges, confidence
        Where the next bin of the confidence begins, and ``(len(edges) + 1,)`` counts; both empty
        where some prediction has no confidence.
    by_look
        Whether predictions without a source were distinguished by what they show; else all of them
        count as of one source.
    """

    by_class: Counts
    by_flag: Counts | None = None
    edges: tuple[float, ...] = ()
    confidence: tuple[int, ...] = ()
    by_look: bool = False

    @property
    def total(self) -> int:
        """How many, by class."""
        return sum(map(sum, self.by_class))


@dataclass(frozen=True)
class Baseline:
    """classes: size of the label set; counts: class id -> predictions.

    flagged: class id -> flagged predictions, None where no prediction carried a flag.
    confidence, suspicion (p-values): statistics of the scores, None where there were none.
    right: how many of the predictions were right, None where they had no labels.
    observations: the same with frames of one sign counted once; None where that is unknown.
    endpoint: whose predictions they are; None: of all.
    """

    classes: int
    counts: Mapping[int, int]
    flagged: Mapping[int, int] | None = None
    confidence: Scores | None = None
    suspicion: Scores | None = None
    right: int | None = None
    observations: Observations | None = None
    endpoint: str | None = None

    def __post_init__(self) -> None:
        outside = sorted(k for k in self.counts if not 0 <= k < self.classes)
        if outside:
            raise BadInput(
                f"the baseline has predictions of class {outside[0]}, and its label set has "
                f"classes 0..{self.classes - 1}: it belongs to another label set. Create it anew"
            )
        if any(n < 0 for n in self.counts.values()):
            raise BadInput("counts of a baseline must be at least 0")
        over = [k for k, n in (self.flagged or {}).items() if not 0 <= n <= self.counts.get(k, 0)]
        if over:
            raise BadInput(
                f"the baseline has {(self.flagged or {})[over[0]]} flagged predictions of class "
                f"{over[0]}, of {self.counts.get(over[0], 0)} in all"
            )
        if self.right is not None and not 0 <= self.right <= self.total:
            raise BadInput(
                f"the baseline has {self.right} predictions that were right, of {self.total} in all"
            )

    @property
    def total(self) -> int:
        """How many predictions it holds."""
        return sum(self.counts.values())

    @property
    def accuracy(self) -> float | None:
        """The share of its predictions that were right; None without labels, or predictions."""
        return None if self.right is None or not self.total else self.right / self.total

    @staticmethod
    def of(
        classes: int,
        class_ids: NDArray[np.int64],
        *,
        flagged: NDArray[np.bool_] | None = None,
        confidences: Floats | None = None,
        p_values: Floats | None = None,
        right: int | None = None,
    ) -> Baseline:
        """A baseline from predictions; what a capture does not carry is left out of an array."""
        return Baseline(
            classes,
            _tally(class_ids),
            None if flagged is None else _tally(class_ids[flagged]),
            None
            if confidences is None
            else Scores.of(confidences, len(class_ids) - len(confidences)),
            None if p_values is None else Scores.of(p_values, len(class_ids) - len(p_values)),
            right,
        )

    def check_label_set(self, classes: int) -> None:
        """Raises BadInput if the model tells another number of classes apart."""
        if self.classes != classes:
            raise BadInput(
                f"the baseline is of {self.classes} classes and the model tells {classes} apart: "
                "it belongs to another label set. Create a baseline for this model"
            )

    def bin_counts(self, *, by_flag: bool) -> list[int]:
        """Counts in the order of `ClassBins`; raises BadInput if flags are asked for in vain."""
        every = [self.counts.get(k, 0) for k in range(self.classes)] + [0]
        if not by_flag:
            return every
        if self.flagged is None:
            raise BadInput("the baseline carries no flags, so classes cannot be split by them")
        flagged = [self.flagged.get(k, 0) for k in range(self.classes)] + [0]
        return [n - f for n, f in zip(every, flagged, strict=True)] + flagged


def _tally(class_ids: Iterable[int] | NDArray[np.int64]) -> dict[int, int]:
    values, counts = np.unique(np.asarray(class_ids), return_counts=True)
    return {int(k): int(n) for k, n in zip(values, counts, strict=True)}
