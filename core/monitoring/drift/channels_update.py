"""The watch over the stream: predictions go through every channel; what alarms is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.monitoring.baseline import Baseline
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.channels import Channel, channels
from core.monitoring.drift.detector import Fed
from core.monitoring.drift.messages import description
from core.monitoring.drift.state import ChannelState, StreamAlarm
from core.records.drift import EvidencePoint, Observed

LOOK_BACK = 2_000  # predictions in which the beginning of what alarmed is looked for
POINT_EVERY = 3.0  # seconds, at most one point of evidence is kept
MOST_POINTS = 500  # of one piece of the stream


@dataclass(frozen=True)
class Watched:
    """What became of some predictions: the channels after them, and points for the chart.

    raised: channel -> how many alarms it raised.
    """

    channels: Mapping[str, ChannelState]
    points: tuple[EvidencePoint, ...]
    raised: Mapping[str, int]


class Watcher:
    """Every channel that a baseline allows for; raises BadInput for a baseline that serves none."""

    def __init__(self, baseline: Baseline, *, false_alarm_every: float) -> None:
        self.channels = channels(baseline, false_alarm_every=false_alarm_every)

    def start(self, at: datetime) -> dict[str, ChannelState]:
        """The channels before the first prediction."""
        return {
            channel.name: ChannelState(channel.detector.start(), BurstState.cold(), at)
            for channel in self.channels
        }

    def feed(
        self,
        states: Mapping[str, ChannelState],
        seen: Observed,
        *,
        earlier: Callable[[], Observed],
        at: datetime,
    ) -> Watched:
        """Take n >= 1 predictions. How the stream is cut into pieces changes nothing but points.

        earlier: up to LOOK_BACK predictions before the first of them; asked for at an alarm only.
        """
        fed = {each.name: self._feed(each, states[each.name], seen) for each in self.channels}
        stretch = _Stretch(seen, earlier)
        return Watched(
            {
                each.name: _after(each, states[each.name], *fed[each.name], stretch, at)
                for each in self.channels
            },
            tuple(p for each in self.channels for p in _points(each, fed[each.name][0], seen)),
            {name: len(each.alarms) for name, (each, _) in fed.items()},
        )

    def _feed(
        self, channel: Channel, state: ChannelState, seen: Observed
    ) -> tuple[Fed, BurstState]:
        cells = channel.cells_of(seen)
        bursts, repeats = mark_repeats(state.bursts, seen.class_ids, cells, seen.sources)
        return channel.detector.feed(state.detector, cells, repeats), bursts


class _Stretch:
    """The predictions up to a row, with those before the piece where it is short."""

    def __init__(self, seen: Observed, earlier: Callable[[], Observed]) -> None:
        self.seen = seen
        self._earlier = earlier

    def up_to(self, row: int) -> Observed:
        """At most LOOK_BACK of them, the last one at `row` of the piece."""
        if row + 1 >= LOOK_BACK:
            return self.seen.part(slice(row + 1 - LOOK_BACK, row + 1))
        before = self._earlier()
        missing = LOOK_BACK - row - 1
        return before.part(slice(max(0, len(before) - missing), None)).joined(
            self.seen.part(slice(0, row + 1))
        )


def _after(
    channel: Channel,
    state: ChannelState,
    fed: Fed,
    bursts: BurstState,
    stretch: _Stretch,
    at: datetime,
) -> ChannelState:
    """The channel afterwards; raised at `at` is what alarmed.

    An alarm that is over stays until it has been told of.
    """
    first = state.detector.position + 1
    begun = fed.state.standing.position if fed.state.standing else fed.state.position + 1
    standing = [each for each in state.standing if each.position >= begun or not each.told]
    for alarm in fed.alarms:
        class_id = channel.class_of(alarm.cell)
        if all(each.class_id != class_id for each in standing):
            so_far = stretch.up_to(alarm.position - first)
            standing.append(
                StreamAlarm(
                    alarm.position,
                    class_id,
                    alarm.evidence * channel.weight,
                    description(channel, alarm.cell, so_far),
                    so_far.moment(-1),
                    at,
                )
            )
    marked = fed.state.mark - first
    return ChannelState(
        fed.state,
        bursts,
        state.marked_at if marked < 0 else stretch.seen.moment(marked),
        tuple(standing),
        float(fed.evidence[-1]) * channel.weight,
    )


def _points(channel: Channel, fed: Fed, seen: Observed) -> list[EvidencePoint]:
    lasted = (seen.at[-1] - seen.at[0]) / np.timedelta64(1, "s")
    count = min(MOST_POINTS, 1 + int(lasted / POINT_EVERY))
    rows, heights = thinned(fed.evidence * channel.weight, first=0, points=count)
    return [
        EvidencePoint(channel.name, seen.moment(row), height)
        for row, height in zip(rows.tolist(), heights.tolist(), strict=True)
    ]


def thinned(
    evidence: NDArray[np.float64], *, first: int, points: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """At most `points` (position, evidence), the highest of every stretch: no alarm is lost.

    evidence: (n,) as `Detector.feed` gives it; first: position of its first prediction, from 1.
    """
    if len(evidence) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0)
    stretches = min(points, len(evidence))
    starts = np.arange(stretches) * len(evidence) // stretches
    highest = np.maximum.reduceat(evidence, starts)
    ends = np.append(starts[1:], len(evidence))
    chosen = [
        int(a + evidence[a:b].argmax()) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return np.array(chosen, dtype=np.int64) + first, highest
