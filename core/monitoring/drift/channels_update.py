"""Predictions go through every channel: new states, new alarms in words, points for the chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.monitoring.baseline import Baseline
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.channels import DriftChannel, channels_for
from core.monitoring.drift.detector import Fed
from core.monitoring.drift.messages import description
from core.monitoring.drift.signs import SignState, name_signs
from core.monitoring.drift.state import ChannelState
from core.records.drift import DriftAlarm, EValuePoint, Observed

ONSET_WITHIN = 2_000  # predictions in which the beginning of what alarmed is searched
POINT_EVERY = 3.0  # seconds, at most one e-value is kept
MOST_POINTS = 500  # of one piece of the stream


@dataclass(frozen=True)
class ChannelsUpdate:
    """What some predictions changed.

    Parameters
    ----------
    channels
        Channel -> its state after them.
    points
        E-values for the chart.
    raised
        Channel -> how many alarms it raised.
    """

    channels: Mapping[str, ChannelState]
    points: tuple[EValuePoint, ...]
    raised: Mapping[str, int]


class ChannelSet:
    """Every channel that a baseline allows for.

    Parameters
    ----------
    baseline
        What the predictions are compared with.
    false_alarm_every
        A, the number of predictions with at most one false alarm on average.

    Raises
    ------
    BadInput
        For a baseline without predictions.
    """

    def __init__(self, baseline: Baseline, *, false_alarm_every: float) -> None:
        self.channels = channels_for(baseline, false_alarm_every=false_alarm_every)
        self._by_look = baseline.observations is not None and baseline.observations.by_look

    def start(self, at: datetime) -> dict[str, ChannelState]:
        """The channels before the first prediction."""
        return {
            channel.name: ChannelState(channel.detector.start(), BurstState.cold(), at)
            for channel in self.channels
        }

    def hold(self, states: Mapping[str, ChannelState]) -> bool:
        """Whether the states are of these channels."""
        return all(
            each.name in states and each.detector.holds(states[each.name].detector)
            for each in self.channels
        )

    def named(self, signs: SignState, seen: Observed) -> tuple[SignState, Observed]:
        """Predictions without a source get their sign for one, where the baseline's did."""
        return name_signs(signs, seen) if self._by_look else (signs, seen)

    def update(
        self,
        states: Mapping[str, ChannelState],
        seen: Observed,
        *,
        earlier: Callable[[], Observed],
        at: datetime,
    ) -> ChannelsUpdate:
        """Take n >= 1 predictions. How the stream is cut into pieces changes nothing but points.

        Parameters
        ----------
        states
            The channels before them.
        seen
            The predictions, in order of time, as `named` gives them.
        earlier
            Gives up to ONSET_WITHIN predictions before the first of them; called at an alarm only.
        at
            When they are checked.
        """
        taken = {each.name: feed(each, states[each.name], seen) for each in self.channels}
        stretch = _Stretch(seen, earlier)
        return ChannelsUpdate(
            {
                each.name: _after(each, states[each.name], taken[each.name], stretch, at)
                for each in self.channels
            },
            tuple(p for each in self.channels for p in _points(each, taken[each.name].fed, seen)),
            {name: len(each.fed.alarms) for name, each in taken.items()},
        )


@dataclass(frozen=True)
class Taken:
    """A piece that went through a channel.

    Parameters
    ----------
    fed, bursts
        What the detector made of it, and the sources afterwards.
    kept
        Its rows that are no repeats.
    """

    fed: Fed
    bursts: BurstState
    kept: NDArray[np.int64]


def feed(channel: DriftChannel, state: ChannelState, seen: Observed) -> Taken:
    """n >= 1 predictions through one channel."""
    bins = channel.bins_of(seen)
    bursts, repeats = mark_repeats(state.bursts, seen.class_ids, bins, seen.sources)
    fed = channel.detector.feed(state.detector, bins, repeats, channel.bands_of(seen))
    return Taken(fed, bursts, np.flatnonzero(~repeats))


class _Stretch:
    """The predictions up to a row, with those before the piece where it is short."""

    def __init__(self, seen: Observed, earlier: Callable[[], Observed]) -> None:
        self.seen = seen
        self._earlier = earlier

    def up_to(self, row: int) -> Observed:
        """At most ONSET_WITHIN of them, the last one at `row` of the piece."""
        if row + 1 >= ONSET_WITHIN:
            return self.seen.part(slice(row + 1 - ONSET_WITHIN, row + 1))
        before = self._earlier()
        missing = ONSET_WITHIN - row - 1
        return before.part(slice(max(0, len(before) - missing), None)).joined(
            self.seen.part(slice(0, row + 1))
        )


def _after(
    channel: DriftChannel,
    state: ChannelState,
    taken: Taken,
    stretch: _Stretch,
    at: datetime,
) -> ChannelState:
    """The channel after a piece that was checked `at`.

    An alarm that is over stays until it has been reported. Of those that stood together, each class
    is named once.
    """
    fed = taken.fed
    begun = fed.state.standing.position if fed.state.standing else fed.state.position + 1
    standing = [each for each in state.standing if each.position >= begun or not each.reported]
    for alarm, row, since in zip(fed.alarms, fed.rows, fed.begun, strict=True):
        class_id = channel.class_of(alarm.bin_id)
        if all(each.class_id != class_id or each.position < since for each in standing):
            so_far = stretch.up_to(row)
            standing.append(
                DriftAlarm(
                    alarm.position,
                    class_id,
                    alarm.e_value * channel.weight,
                    description(channel, alarm.bin_id, so_far),
                    so_far.moment(-1),
                    at,
                )
            )
    marked = fed.state.mark - state.detector.position - 1
    return ChannelState(
        fed.state,
        taken.bursts,
        state.marked_at if marked < 0 else stretch.seen.moment(int(taken.kept[marked])),
        tuple(standing),
        float(fed.e_values[-1]) * channel.weight,
    )


def _points(channel: DriftChannel, fed: Fed, seen: Observed) -> list[EValuePoint]:
    lasted = (seen.at[-1] - seen.at[0]) / np.timedelta64(1, "s")
    count = min(MOST_POINTS, 1 + int(lasted / POINT_EVERY))
    rows, heights = thinned(fed.e_values * channel.weight, first=0, points=count)
    return [
        EValuePoint(channel.name, seen.moment(row), height)
        for row, height in zip(rows.tolist(), heights.tolist(), strict=True)
    ]


def thinned(
    e_values: NDArray[np.float64], *, first: int, points: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The highest e-value of each stretch, so that no alarm is lost from the chart.

    Parameters
    ----------
    e_values
        ``(n,)`` as `Detector.feed` gives them.
    first
        Position of the first of them.
    points
        How many are left, at most.

    Returns
    -------
    tuple
        Positions and e-values, ``(m,)`` each, m = min(n, points).
    """
    if len(e_values) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0)
    stretches = min(points, len(e_values))
    starts = np.arange(stretches) * len(e_values) // stretches
    highest = np.maximum.reduceat(e_values, starts)
    ends = np.append(starts[1:], len(e_values))
    chosen = [
        int(a + e_values[a:b].argmax()) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return np.array(chosen, dtype=np.int64) + first, highest
