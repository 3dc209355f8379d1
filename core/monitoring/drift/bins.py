"""What the drift detector counts: predictions -> bins, and what a bin is in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.labels import all_labels, label

Ints = NDArray[np.int64]
FLAGGED_WEIGHT = 5.0
CONFIDENCE_BINS = 10


@dataclass(frozen=True)
class ClassBins:
    """One bin for each class; with `by_flag` two, unflagged and flagged.

    Class ids outside the label set share a bin. Flagged bins get FLAGGED_WEIGHT times the weight:
    adversarial examples are flagged far more often than clean traffic is.

    Parameters
    ----------
    classes
        Size of the label set.
    by_flag
        Whether flagged predictions are counted apart.
    """

    classes: int
    by_flag: bool = False

    @property
    def count(self) -> int:
        """How many bins there are."""
        return (self.classes + 1) * (2 if self.by_flag else 1)

    @property
    def weights(self) -> tuple[float, ...]:
        """``(count,)`` the weight of each bin in the detector's mean."""
        plain = (1.0,) * (self.classes + 1)
        return plain + (FLAGGED_WEIGHT,) * (self.classes + 1) if self.by_flag else plain

    def of(self, class_ids: Ints, flagged: NDArray[np.bool_] | None = None) -> Ints:
        """``(n,)`` class ids, and whether each was flagged, -> ``(n,)`` bins.

        Raises
        ------
        BadInput
            Where flags are needed and missing.
        """
        known = (class_ids >= 0) & (class_ids < self.classes)
        bins: Ints = np.where(known, class_ids, self.classes)
        if not self.by_flag:
            return bins
        if flagged is None:
            raise BadInput("bins by class and flag need to know which predictions were flagged")
        return bins + (self.classes + 1) * flagged

    def class_of(self, bin_id: int) -> int | None:
        """The class that a bin is about; None for the ids outside the label set."""
        class_id = bin_id % (self.classes + 1)
        return class_id if class_id < self.classes else None

    def is_flagged(self, bin_id: int) -> bool:
        """Whether a bin counts flagged predictions alone."""
        return bin_id > self.classes

    def describe(self, bin_id: int) -> str:
        """`class 14 (Stop)`, `flagged class 14 (Stop)`."""
        return ("flagged " if self.is_flagged(bin_id) else "") + self._class(bin_id)

    def change(self, bin_id: int) -> str:
        """`Class 14 (Stop) is more frequent than in the baseline`."""
        name = self._class(bin_id)
        verb = "is" if self.class_of(bin_id) is not None else "are"
        how = "flagged more often" if self.is_flagged(bin_id) else "more frequent"
        return f"{name[0].upper()}{name[1:]} {verb} {how} than in the baseline"

    def _class(self, bin_id: int) -> str:
        class_id = self.class_of(bin_id)
        if class_id is None:
            return "classes outside the label set"
        named = f" ({label(class_id).name})" if class_id < len(all_labels()) else ""
        return f"class {class_id}{named}"


@dataclass(frozen=True)
class ConfidenceBins:
    """Bins of the confidence that hold about as many baseline predictions each.

    Parameters
    ----------
    edges
        Where the next bin begins, rising; a confidence on an edge belongs to the upper bin.
    """

    edges: tuple[float, ...]

    @staticmethod
    def between_quantiles(sample: Sequence[float], bins: int = CONFIDENCE_BINS) -> ConfidenceBins:
        """Bins of a baseline's confidences; fewer where many of them are equal.

        Raises
        ------
        BadInput
            For an empty sample.
        """
        if not len(sample):
            raise BadInput("the baseline holds no confidence, so its channel cannot be checked")
        edges = np.unique(np.quantile(sample, np.arange(1, bins) / bins, method="higher"))
        return ConfidenceBins(tuple(edges[edges > min(sample)].tolist()))

    @property
    def count(self) -> int:
        """How many bins there are."""
        return len(self.edges) + 1

    def of(self, confidences: NDArray[np.float64]) -> Ints:
        """``(n,)`` confidences in [0, 1] -> ``(n,)`` bins; raises BadInput for anything else."""
        if not ((confidences >= 0) & (confidences <= 1)).all():
            raise BadInput("confidences must lie in [0, 1]")
        return np.searchsorted(self.edges, confidences, side="right").astype(np.int64)

    def describe(self, bin_id: int) -> str:
        """`confidence below 43 %`, `confidence between 91 % and 97 %`."""
        return f"confidence {self.range_of(bin_id)}"

    def direction(self, bin_id: int) -> str:
        """What the confidence did when a bin became more frequent: `dropped`, `rose`, `changed`."""
        return {0: "dropped", self.count - 1: "rose"}.get(bin_id, "changed")

    def range_of(self, bin_id: int) -> str:
        """`below 43 %`, `between 91 % and 97 %`, `at least 99.9 %`."""
        if bin_id == 0:
            return f"below {percent(self.edges[0])}"
        if bin_id == self.count - 1:
            return f"at least {percent(self.edges[-1])}"
        return f"between {percent(self.edges[bin_id - 1])} and {percent(self.edges[bin_id])}"


def percent(share: float) -> str:
    """A share in [0, 1] in whole per cent, or in as many digits as tell it from 100 %.

    >>> percent(0.9668), percent(0.99991), percent(1.0)
    ('97 %', '99.991 %', '100 %')
    """
    missing = 100 * (1 - share)
    digits = max(0, -floor(log10(missing))) if missing > 0 else 0
    return f"{100 * share:.{digits}f} %"
