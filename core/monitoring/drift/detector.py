"""The detector: notices that one bin of the traffic has become too frequent.

A bin is a class, a class x flagged, or a range of the confidence. Shiryaev-Roberts e-detector
(Shin, Ramdas and Rinaldo 2024, arXiv:2203.03532): for each bin k and each epsilon, at every
prediction

    L = (1 - epsilon) + epsilon 1{bin = k} / q_k,    R <- L (1 + R),    M = mean of all R.

It alarms at M >= A and names the bin of the largest R. As long as the mean of L is at most 1 on
unchanged traffic, M minus the number of predictions falls on average, so the expected number of
predictions until a false alarm is at least A. (Means over bins are weighted where the caller says
so; that changes nothing.)

q_k. The frequency itself is unknown, and the baseline's plain share is too small half of the time.
A Clopper-Pearson bound that holds for all bins at once keeps the guarantee but is so wide for rare
bins that a weak attack is noticed much later. Instead q_k follows what has been seen, N
occurrences in n predictions of baseline and stream, this one included:

    q_k = (N - 1/2) / n

That is never below what Jeffreys' prior for the frequency, Beta(1/2, .), predicts from all earlier
predictions, so the guarantee holds exactly, at every stopping time, on average over the frequencies
that the prior and the baseline leave open. (With N in place of N - 1/2 it would hold over each
fixed stretch for each single frequency, as the last of n exchangeable predictions is in a bin that
holds N of them with probability N / n; that is slower. `make bench ONLY=monitor` measures false
alarms for frequencies that stay what they are.)

Repeats. A prediction that the caller marks as a repeat (see `bursts`) is left out: no count, no
time. So a burst adds nothing, and thirty frames of one sign are one observation here as in the
baseline, which is counted through the same marking. An alarm in A observations at most is one in A
predictions at most.

Hours. Where traffic follows the hour of the day, each band of hours has counts of its own, q_k is
that of the band, and the R go on through all of them: given the hour, the same proof holds.

After an alarm all R start again from 0, so an attack that goes on alarms again and again. What was
counted since the last mark is dropped, so an attack is not learned as normal. A mark is set every
`settle` predictions without an alarm; it also ends the alarm that stands ("recovered").

Computation. D = R - (1 - epsilon) / epsilon shrinks by 1 - epsilon where its bin does not occur
and becomes D <- v + (1 - epsilon + epsilon v) D where it does, v = 1 / q_k (or stays). So only
occurrences count: a bidiagonal linear system for the D, a first-order filter for their sum. Nothing
depends on how the stream is cut into pieces, and rounding errors shrink as fast as D does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtbsv
from scipy.signal import lfilter

from core.errors import BadInput
from core.monitoring.drift.detector_state import Alarm, DetectorState

EPSILONS = (0.02, 0.05, 0.1, 0.2, 0.5)
PRIOR = 0.5
SETTLE = 1_000
MAX_BLOCK = 16_384
FIRST_BLOCK = 64  # after an alarm: the next one may be near, and what lies behind it is wasted
Bins = NDArray[np.int64]
Floats = NDArray[np.float64]

_EPSILON = np.array(EPSILONS)
_STAY = 1 - _EPSILON
_REST = _STAY / _EPSILON  # where R rests without occurrences: R = (1 - epsilon)(1 + R)
# (1 - epsilon)^m for every m before the slowest of them is 0.
_POWERS = _STAY[:, None] ** np.arange(40_000)


@dataclass(frozen=True)
class Fed:
    """What some predictions led to.

    Parameters
    ----------
    state
        The state after them.
    alarms
        Those that they raised.
    e_values
        ``(n,)``, M after each of them.
    rows
        Of each alarm, the prediction that raised it.
    begun
        Of each alarm, the position of the one since which some alarm stood all the time.
    """

    state: DetectorState
    alarms: tuple[Alarm, ...]
    e_values: Floats
    rows: tuple[int, ...]
    begun: tuple[int, ...]


class Detector:
    """Watches bins 0..K-1 with a Shiryaev-Roberts e-detector.

    Parameters
    ----------
    baseline
        ``(K,)`` how often each bin occurred in the baseline, or ``(B, K)`` how often in each band
        of hours; 0 is allowed, but for a band as a whole.
    false_alarm_every
        A, the number of predictions with at most one false alarm on average, at least 1.
    weights
        ``(K,)`` the weight of each bin in M, positive; all the same if None.
    settle
        After so many observations without an alarm, the one that stands is over.

    Raises
    ------
    BadInput
        For an empty baseline, an A below 1, or weights that do not fit.

    References
    ----------
    Shin, Ramdas and Rinaldo 2024, E-detectors, arXiv:2203.03532.

    Examples
    --------
    Two classes, equally frequent in the baseline. From the fifth prediction on, class 1 alone:

    >>> detector = Detector([500, 500], false_alarm_every=100)
    >>> fed = detector.feed(detector.start(), [0, 1, 0, 1] + 12 * [1])
    >>> fed.e_values[:6].round(1).tolist()
    [1.0, 1.9, 2.9, 3.8, 4.9, 6.2]
    >>> alarm = fed.alarms[0]
    >>> alarm.position, alarm.bin_id
    (16, 1)
    """

    def __init__(
        self,
        baseline: Sequence[int] | Sequence[Sequence[int]] | Bins,
        *,
        false_alarm_every: float,
        weights: Sequence[float] | Floats | None = None,
        settle: int = SETTLE,
    ) -> None:
        by_band = np.atleast_2d(np.asarray(baseline, dtype=np.int64))
        if by_band.sum(axis=1).min() < 1 or by_band.min() < 0:
            raise BadInput(
                "the detector needs a baseline of at least one prediction, and counts of at "
                f"least 0; got {by_band.sum()} predictions. Create a baseline first"
            )
        self.bands = len(by_band)
        self.baseline: Bins = by_band.sum(axis=0)
        self._by_band = by_band.ravel()  # bins of the first band, then those of the next
        self._of_band = by_band.sum(axis=1)
        if not 1 <= false_alarm_every < float("inf"):
            raise BadInput(
                "the number of predictions with at most one false alarm must be at least 1, "
                f"got {false_alarm_every}"
            )
        self.threshold = float(false_alarm_every)
        self.settle = settle
        given = np.ones(self.bins) if weights is None else np.asarray(weights, dtype=np.float64)
        if given.shape != (self.bins,) or not (given > 0).all():
            raise BadInput(f"expected {self.bins} positive weights, got {given.tolist()}")
        self._weights = given / given.sum()

    @property
    def bins(self) -> int:
        """How many bins are watched."""
        return len(self.baseline)

    def start(self) -> DetectorState:
        """The state before the first prediction."""
        return DetectorState.cold(self.bins, _REST, bands=self.bands)

    def feed(
        self,
        state: DetectorState,
        bins: Sequence[int] | Bins,
        repeats: NDArray[np.bool_] | None = None,
        bands: Bins | None = None,
    ) -> Fed:
        """Take predictions in order of time; how they are cut into calls makes no difference.

        Parameters
        ----------
        state
            As `start` or the call before gave it.
        bins
            ``(n,)`` the bin of each prediction, in 0..K-1.
        repeats
            ``(n,)`` which of them count for nothing, see `bursts.mark_repeats`; none if None.
        bands
            ``(n,)`` the band of each, in 0..B-1; all in the first if None.

        Raises
        ------
        BadInput
            For bins and bands out of range, and for the state of another set of bins.
        """
        bins = np.asarray(bins, dtype=np.int64)
        bands = np.zeros(len(bins), dtype=np.int64) if bands is None else bands
        self._check(state, bins, bands)
        kept = np.arange(len(bins)) if repeats is None else np.flatnonzero(~repeats)
        fed = self._take(state, bins[kept], bands[kept])
        if len(kept) == len(bins):
            return fed
        after = np.append(fed.e_values, self._height(state))  # at -1: before the first of them
        after[list(fed.rows)] = 0
        e_values = after[np.searchsorted(kept, np.arange(len(bins)), side="right") - 1]
        e_values[kept] = fed.e_values
        return replace(fed, e_values=e_values, rows=tuple(kept[list(fed.rows)].tolist()))

    def _take(self, state: DetectorState, bins: Bins, bands: Bins) -> Fed:
        """Predictions none of which is a repeat."""
        e_values = np.empty(len(bins))
        alarms, rows, begun = list[Alarm](), list[int](), list[int]()
        done, block = 0, MAX_BLOCK
        while done < len(bins):
            size = min(block, len(bins) - done, state.mark + self.settle - state.position)
            piece = slice(done, done + size)
            reached, height = self._advance(state, bins[piece], bands[piece])
            if not np.isfinite(height).all():  # it overflowed, some way behind an alarm
                block = max(1, size // 2)
                continue
            above = height >= self.threshold
            if above.any():
                size = int(above.argmax()) + 1
                piece = slice(done, done + size)
                reached, height = self._advance(state, bins[piece], bands[piece])
                alarm = self._alarm(reached, float(height[-1]))
                reached, block = self._after(alarm, reached), FIRST_BLOCK
                alarms.append(alarm)
                rows.append(done + size - 1)
                begun.append((reached.standing or alarm).position)
            else:
                reached, block = self._settled(reached), min(2 * block, MAX_BLOCK)
            e_values[piece] = height
            state, done = reached, done + size
        return Fed(state, tuple(alarms), e_values, tuple(rows), tuple(begun))

    def holds(self, state: DetectorState) -> bool:
        """Whether the state is of these bins and bands."""
        return len(state.seen) == len(self._by_band) and len(state.last) == self.bins

    def occurred(self, state: DetectorState) -> Bins:
        """``(K,)`` how often each bin occurred in the stream since the last mark."""
        counts: Bins = (state.seen - state.kept).reshape(self.bands, -1).sum(axis=0)
        return counts

    def e_values_by_bin(self, state: DetectorState) -> Floats:
        """``(K,)`` the mean of each bin's R over the epsilons."""
        gaps = np.minimum(state.position - state.last, _POWERS.shape[1] - 1)
        excess: Floats = state.excess * _POWERS[:, gaps].T + _REST
        means: Floats = excess.mean(axis=1)
        return means

    def leading(self, state: DetectorState) -> int:
        """The bin that adds most to M."""
        return int((self.e_values_by_bin(state) * self._weights).argmax())

    def _height(self, state: DetectorState) -> float:
        """M after the latest prediction."""
        return float((state.sums + _REST).mean())

    def _advance(
        self, state: DetectorState, bins: Bins, bands: Bins
    ) -> tuple[DetectorState, Floats]:
        """The state after these predictions, none of which may pass a mark, and M after each."""
        order = np.argsort(bins, kind="stable")
        held, first, count = np.unique(bins[order], return_index=True, return_counts=True)
        segment = np.repeat(np.arange(len(held)), count)
        position = state.position + 1 + order
        before = np.concatenate([[0], position[:-1]])
        before[first] = state.last[held]
        gaps = np.minimum(position - before - 1, _POWERS.shape[1] - 1)
        within = bands * self.bins + bins
        v = self._inverse_frequency(state, within, bands)[order]
        weight = self._weights[bins[order]]
        # Each bin's occurrences stand behind the D that the state has of it.
        rows = np.arange(len(bins)) + segment + 1
        heads = first + np.arange(len(held))
        excess, last = state.excess.copy(), state.last.copy()
        sums = np.empty(len(EPSILONS))
        height = np.zeros(len(bins))
        band = np.zeros((2, len(bins) + len(held)), order="F")
        with np.errstate(over="ignore", invalid="ignore"):
            for j, (epsilon, stay) in enumerate(zip(_EPSILON, _STAY, strict=True)):
                decay = _POWERS[j, gaps]
                right = np.empty(band.shape[1])
                right[heads] = state.excess[held, j]
                right[rows] = v
                growth = stay + epsilon * v
                band[1] = 0
                band[1, rows - 1] = -growth * decay
                solved = dtbsv(1, band, right, lower=1, diag=1, overwrite_x=1)
                excess[held, j] = solved[heads + count]
                added = np.empty(len(bins))
                added[order] = weight * (v + (growth - stay) * decay * solved[rows - 1])
                sums_over_time, _ = lfilter([1.0], [1.0, -stay], added, zi=[stay * state.sums[j]])
                sums[j] = sums_over_time[-1]
                height += sums_over_time + _REST[j]
        last[held] = position[first + count - 1]
        seen = state.seen + np.bincount(within, minlength=len(self._by_band))
        reached = replace(
            state,
            position=state.position + len(bins),
            last=last,
            excess=excess,
            sums=sums,
            seen=seen,
        )
        return reached, height / len(EPSILONS)

    def _inverse_frequency(self, state: DetectorState, within: Bins, bands: Bins) -> Floats:
        """1 / q_k at each prediction. within: the bin of each in its band."""
        seen = state.seen.reshape(self.bands, -1).sum(axis=1)
        occurred = (self._by_band + state.seen)[within] + _earlier(within) + 1
        total = (self._of_band + seen)[bands] + _earlier(bands) + 1
        inverse: Floats = total / (occurred - PRIOR)
        return inverse

    def _alarm(self, state: DetectorState, e_value: float) -> Alarm:
        return Alarm(position=state.position, bin_id=self.leading(state), e_value=e_value)

    def _after(self, alarm: Alarm, state: DetectorState) -> DetectorState:
        cold = self.start()
        return replace(
            state,
            mark=state.position,
            last=np.full(self.bins, state.position),
            excess=cold.excess,
            sums=cold.sums,
            seen=state.kept,
            standing=state.standing or alarm,
        )

    def _settled(self, state: DetectorState) -> DetectorState:
        if state.position < state.mark + self.settle:
            return state
        return replace(state, mark=state.position, kept=state.seen, standing=None)

    def _check(self, state: DetectorState, bins: Bins, bands: Bins) -> None:
        if not self.holds(state):
            raise BadInput(
                f"the detector's state is of {len(state.last)} bins and its baseline of "
                f"{self.bins}: one of them belongs to another label set. Start it anew"
            )
        if len(bands) and not 0 <= bands.min() <= bands.max() < self.bands:
            raise BadInput(
                f"bands must lie in 0..{self.bands - 1}, got {bands.min()}..{bands.max()}"
            )
        if len(bins) and not 0 <= bins.min() <= bins.max() < self.bins:
            raise BadInput(f"bins must lie in 0..{self.bins - 1}, got {bins.min()}..{bins.max()}")


def _earlier(ids: Bins) -> Bins:
    """``(n,)`` how often each id occurred before."""
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=ids[order][:1] - 1))
    counts = np.empty_like(ids)
    lengths = np.diff(starts, append=len(ids))
    counts[order] = np.arange(len(ids)) - np.repeat(starts, lengths)
    return counts
