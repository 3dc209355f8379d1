"""The channels of the drift detector: what each counts, and its share of the false alarms.

Two channels may decide: the class (with its flag, where the baseline has flags) and the confidence.
They share the budget of false alarms: a channel of weight w alarms when w M reaches A, that is when
its own M reaches A / w. The weights of those that decide add up to 1, so all of them together still
raise at most one false alarm in A predictions on average. w M is what is shown as the e-value, so
every channel has the one alarm threshold A. The class gets nearly all of the budget: it has to
notice a weak attack early, and an even split would make it an eighth slower, which is more than the
goals leave room for.

Where the baseline has flags, a channel of the class alone runs beside them, for comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.monitoring.baseline import Baseline, Counts
from core.monitoring.drift.bins import ClassBins, ConfidenceBins, Ints
from core.monitoring.drift.detector import Detector
from core.monitoring.drift.observing import band_of
from core.monitoring.formats.statistics import CONFIDENCE as CONFIDENCE_FEATURE
from core.monitoring.rules import FEATURE
from core.records.drift import Observed

CLASS, FLAG, CONFIDENCE = "class", "class x flag", "confidence"
CONFIDENCE_WEIGHT = 0.05


@dataclass(frozen=True)
class DriftChannel:
    """One way to count predictions, with a detector of its own.

    Parameters
    ----------
    name
        `CLASS`, `FLAG` or `CONFIDENCE`.
    bins
        Predictions -> bins.
    detector
        Watches the bins.
    weight
        Its share of the budget of false alarms, in (0, 1].
    decides
        Whether its alarms are violations; others are for comparison.
    """

    name: str
    bins: ClassBins | ConfidenceBins
    detector: Detector
    weight: float
    decides: bool

    @staticmethod
    def of(
        name: str,
        bins: ClassBins | ConfidenceBins,
        baseline: Sequence[int] | Counts | Ints,
        *,
        false_alarm_every: float,
        weight: float,
        decides: bool = True,
    ) -> DriftChannel:
        """A channel that alarms at an e-value of A; baseline: as of Detector."""
        weights = bins.weights if isinstance(bins, ClassBins) else None
        threshold = false_alarm_every / weight
        detector = Detector(baseline, false_alarm_every=threshold, weights=weights)
        return DriftChannel(name, bins, detector, weight, decides)

    def bins_of(self, seen: Observed) -> Ints:
        """``(n,)`` the bins of predictions."""
        if isinstance(self.bins, ClassBins):
            return self.bins.of(seen.class_ids, seen.flagged)
        return self.bins.of(seen.confidences)

    def bands_of(self, seen: Observed) -> Ints:
        """``(n,)`` the bands of hours that predictions lie in."""
        return band_of(seen.at, self.detector.bands)

    def class_of(self, bin_id: int) -> int | None:
        """The class that a bin is about; None for one that is about none."""
        return self.bins.class_of(bin_id) if isinstance(self.bins, ClassBins) else None

    @property
    def feature(self) -> str:
        """What a violation is about."""
        return FEATURE if isinstance(self.bins, ClassBins) else CONFIDENCE_FEATURE

    def expected(self, bin_id: int) -> float:
        """The share of a bin in the baseline, in [0, 1]."""
        return float(self.detector.baseline[bin_id] / self.detector.baseline.sum())

    def describe_change(self, bin_id: int, found: int, among: int) -> str:
        """Why a bin alarmed: how many of how many predictions, and how many were expected."""
        expected = count_text(among * self.expected(bin_id))
        if isinstance(self.bins, ClassBins):
            what = self.bins.change(bin_id)
            return f"{what}: {found:,} of {among:,} predictions, expected {expected}"
        return (
            f"Confidence {self.bins.direction(bin_id)}: {found:,} of {among:,} predictions are "
            f"{self.bins.range_of(bin_id)} (expected {expected})"
        )


def channels_for(baseline: Baseline, *, false_alarm_every: float) -> tuple[DriftChannel, ...]:
    """The channels that a baseline allows for, those that decide first.

    Parameters
    ----------
    baseline
        Gives the classes, and where it has them the flags and the confidences.
    false_alarm_every
        A, the number of predictions with at most one false alarm on average, at least 1.

    Raises
    ------
    BadInput
        For a baseline without predictions.
    """
    confidence = _confidence_bins(baseline)
    observed = baseline.observations
    flags = baseline.flagged if observed is None else observed.by_flag
    by_flag = flags is not None
    made = [
        DriftChannel.of(
            name,
            ClassBins(baseline.classes, by_flag=split),
            _class_counts(baseline, by_flag=split),
            false_alarm_every=false_alarm_every,
            weight=1 - CONFIDENCE_WEIGHT if confidence else 1.0,
            decides=split == by_flag,
        )
        for name, split in ((FLAG, True), (CLASS, False))
        if by_flag or not split
    ]
    if confidence is not None:
        bins, counts = confidence
        made.append(
            DriftChannel.of(
                CONFIDENCE,
                bins,
                counts,
                false_alarm_every=false_alarm_every,
                weight=CONFIDENCE_WEIGHT,
            )
        )
    return tuple(sorted(made, key=lambda channel: not channel.decides))


def _confidence_bins(baseline: Baseline) -> tuple[ConfidenceBins, Ints] | None:
    """Bins and their counts; None where the baseline has no confidence, or a single one."""
    observed = baseline.observations
    if observed is not None:
        if not observed.edges:
            return None
        return ConfidenceBins(observed.edges), np.array(observed.confidence)
    if baseline.confidence is None:
        return None
    sample = baseline.confidence.sample
    bins = ConfidenceBins.between_quantiles(sample)
    if bins.count == 1:
        return None
    return bins, np.bincount(bins.of(np.array(sample)), minlength=bins.count)


def _class_counts(baseline: Baseline, *, by_flag: bool) -> Counts | list[int]:
    """Of observations, where the baseline has them, else of predictions."""
    observed = baseline.observations
    if observed is None:
        return baseline.bin_counts(by_flag=by_flag)
    return observed.by_flag if by_flag and observed.by_flag else observed.by_class


def count_text(value: float) -> str:
    """An expected number of predictions: `148`, `1.2`, `0.5`, `0`.

    >>> [count_text(value) for value in (1234.5, 2.0, 0.47, 0.01)]
    ['1,234', '2', '0.5', '0']
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
