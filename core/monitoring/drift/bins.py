"""What the stream detector watches: predictions -> cells, and what a cell means in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

Ints = NDArray[np.int64]
FLAGGED_WEIGHT = 5.0
CONFIDENCE_BINS = 10


@dataclass(frozen=True)
class ClassCells:
    """One cell a class; with `by_flag` two, unflagged and flagged. Unknown class ids share theirs.

    classes: size of the label set. Flagged cells are given FLAGGED_WEIGHT times the weight: what
    attacks turn is flagged far more often than clean traffic is.
    """

    classes: int
    by_flag: bool = False

    @property
    def count(self) -> int:
        """How many cells there are."""
        return (self.classes + 1) * (2 if self.by_flag else 1)

    @property
    def weights(self) -> tuple[float, ...]:
        """(count,) how much evidence counts, cell by cell."""
        plain = (1.0,) * (self.classes + 1)
        return plain + (FLAGGED_WEIGHT,) * (self.classes + 1) if self.by_flag else plain

    def of(self, class_ids: Ints, flagged: NDArray[np.bool_] | None = None) -> Ints:
        """(n,) class ids, and whether each was flagged, -> (n,) cells."""
        known = (class_ids >= 0) & (class_ids < self.classes)
        cells: Ints = np.where(known, class_ids, self.classes)
        if not self.by_flag:
            return cells
        if flagged is None:
            raise BadInput("cells by class and flag need to know which predictions were flagged")
        return cells + (self.classes + 1) * flagged

    def class_of(self, cell: int) -> int | None:
        """The class that a cell is about; None for the ids outside the label set."""
        class_id = cell % (self.classes + 1)
        return class_id if class_id < self.classes else None

    def describe(self, cell: int) -> str:
        """`predictions of class 14 that are flagged`."""
        class_id = self.class_of(cell)
        text = "of class ids outside the label set" if class_id is None else f"of class {class_id}"
        if not self.by_flag:
            return f"predictions {text}"
        return f"predictions {text} that are {'flagged' if cell > self.classes else 'not flagged'}"


@dataclass(frozen=True)
class ConfidenceCells:
    """Bins of the confidence that hold about as many baseline predictions each.

    edges: where the next bin begins, rising; a confidence on an edge belongs to the upper bin.
    """

    edges: tuple[float, ...]

    @staticmethod
    def between_quantiles(sample: Sequence[float], bins: int = CONFIDENCE_BINS) -> ConfidenceCells:
        """Bins of a baseline's confidences; fewer where many of them are equal."""
        if not len(sample):
            raise BadInput("the baseline holds no confidence, so its channel cannot be watched")
        edges = np.unique(np.quantile(sample, np.arange(1, bins) / bins, method="higher"))
        return ConfidenceCells(tuple(edges[edges > min(sample)].tolist()))

    @property
    def count(self) -> int:
        """How many bins there are."""
        return len(self.edges) + 1

    def of(self, confidences: NDArray[np.float64]) -> Ints:
        """(n,) confidences in [0, 1] -> (n,) bins; raises BadInput for anything else."""
        if not ((confidences >= 0) & (confidences <= 1)).all():
            raise BadInput("confidences must lie in [0, 1]")
        return np.searchsorted(self.edges, confidences, side="right").astype(np.int64)

    def describe(self, cell: int) -> str:
        """`predictions with a confidence of 0.91 to 0.97`."""
        low, high = (0.0, *self.edges)[cell], (*self.edges, 1.0)[cell]
        return f"predictions with a confidence of {low:.4g} to {high:.4g}"
