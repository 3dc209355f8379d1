"""The channels of the stream detector: what each watches, how it decides, its cells in words.

Two channels may decide: the class (with its flag, where the baseline tells flags) and the
confidence. They share the budget of false alarms: a channel of weight w alarms when w M reaches A,
its own M that is A / w. The weights of those that decide add up to 1, so false alarms of all of
them together still come at most once in A predictions on average. w M is what is shown and called
its evidence, so every channel has the one line A. Nearly all of the budget is the class's, which
has to notice a weak attack early: an even split would make it an eighth slower, which is more than
the goals leave room for.

Where flags are told, cells by class alone are watched as well, for comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.monitoring.baseline import Baseline
from core.monitoring.drift.bins import ClassCells, ConfidenceCells, Ints
from core.monitoring.drift.detector import Detector
from core.monitoring.formats.statistics import CONFIDENCE as CONFIDENCE_FEATURE
from core.monitoring.rules.window import FEATURE
from core.records.drift import Observed

CLASS, FLAG, CONFIDENCE = "class", "class x flag", "confidence"
CONFIDENCE_WEIGHT = 0.05


@dataclass(frozen=True)
class Channel:
    """weight: its share of the budget of false alarms, in (0, 1]; decides: or for comparison."""

    name: str
    cells: ClassCells | ConfidenceCells
    detector: Detector
    weight: float
    decides: bool

    @staticmethod
    def of(
        name: str,
        cells: ClassCells | ConfidenceCells,
        baseline: Sequence[int] | Ints,
        *,
        false_alarm_every: float,
        weight: float,
        decides: bool = True,
    ) -> Channel:
        """A channel that alarms at evidence `false_alarm_every`; baseline: counts of its cells."""
        weights = cells.weights if isinstance(cells, ClassCells) else None
        line = false_alarm_every / weight
        detector = Detector(baseline, false_alarm_every=line, weights=weights)
        return Channel(name, cells, detector, weight, decides)

    def cells_of(self, seen: Observed) -> Ints:
        """(n,) the cells of predictions."""
        if isinstance(self.cells, ClassCells):
            return self.cells.of(seen.class_ids, seen.flagged)
        return self.cells.of(seen.confidences)

    def class_of(self, cell: int) -> int | None:
        """The class that a cell is about, None for one that is about none."""
        return self.cells.class_of(cell) if isinstance(self.cells, ClassCells) else None

    def same_class(self, cell: int) -> NDArray[np.bool_]:
        """(cells,) those about the class of `cell`; that cell alone where cells are of no class."""
        if not isinstance(self.cells, ClassCells):
            return np.array([k == cell for k in range(self.cells.count)])
        named = self.cells.class_of(cell)
        return np.array([self.cells.class_of(k) == named for k in range(self.cells.count)])

    @property
    def feature(self) -> str:
        """What a violation is about."""
        return FEATURE if isinstance(self.cells, ClassCells) else CONFIDENCE_FEATURE

    def usual(self, cell: int) -> float:
        """The share of a cell in the baseline."""
        return float(self.detector.baseline[cell] / self.detector.baseline.sum())


def channels(baseline: Baseline, *, false_alarm_every: float) -> tuple[Channel, ...]:
    """The channels that a baseline allows for, those that decide first."""
    confidence = _confidence_cells(baseline)
    told = confidence is not None
    made = []
    by_flag = baseline.flagged is not None
    for name, split in ((FLAG, True), (CLASS, False)):
        if by_flag or not split:
            made.append(
                Channel.of(
                    name,
                    ClassCells(baseline.classes, by_flag=split),
                    baseline.cell_counts(by_flag=split),
                    false_alarm_every=false_alarm_every,
                    weight=1 - CONFIDENCE_WEIGHT if told else 1.0,
                    decides=split == by_flag,
                )
            )
    if confidence is not None:
        bins, counts = confidence
        made.append(
            Channel.of(
                CONFIDENCE,
                bins,
                counts,
                false_alarm_every=false_alarm_every,
                weight=CONFIDENCE_WEIGHT,
            )
        )
    return tuple(sorted(made, key=lambda channel: not channel.decides))


def _confidence_cells(baseline: Baseline) -> tuple[ConfidenceCells, Ints] | None:
    """Bins and their counts; None where the baseline tells no confidence, or one alone."""
    if baseline.confidence is None:
        return None
    sample = baseline.confidence.sample
    bins = ConfidenceCells.between_quantiles(sample)
    if bins.count == 1:
        return None
    return bins, np.bincount(bins.of(np.array(sample)), minlength=bins.count)
