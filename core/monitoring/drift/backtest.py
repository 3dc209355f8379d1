"""What the stream detector would have said: past predictions go through it again, with any A."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from core.jobs import Progress
from core.monitoring.drift.channels_update import LOOK_BACK, Watcher, thinned
from core.monitoring.drift.state import ChannelState, StreamAlarm
from core.records.drift import EvidencePoint, Observed
from core.records.window import Window
from core.store import StreamTable

AT_ONCE = 100_000  # predictions that are read; more than one request may hold
PIECE = 1_000  # as long as an alarm stands at least: none comes and goes in between unseen
POINTS = 400  # of evidence, a channel
NOTHING = Observed(
    np.empty(0, "datetime64[us]"),
    np.empty(0, np.int64),
    np.empty(0, np.bool_),
    np.empty(0, np.float64),
    [],
)


@dataclass(frozen=True)
class StreamReplay:
    """What every channel would have said of a stretch.

    line: A; decides: channel -> whether it does, or is for comparison; alarms: those of channels
    that decide, each once, in order of time; points: at most POINTS a channel.
    """

    window: Window
    line: float
    predictions: int
    decides: Mapping[str, bool]
    alarms: tuple[StreamAlarm, ...]
    points: tuple[EvidencePoint, ...]


def replay(
    table: StreamTable,
    watcher: Watcher,
    window: Window,
    line: float,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> StreamReplay:
    """Every prediction of one's own in `window`, from a cold start; ends early once cancelled."""
    states, alarms, points = watcher.start(window.start), list[StreamAlarm](), list[EvidencePoint]()
    decides = {channel.name: channel.decides for channel in watcher.channels}
    taken, (total, _) = 0, table.count(window.start, window.end, window.end)
    since, before = window.start, NOTHING
    while since < window.end and not cancelled():
        seen, since = table.predictions(since, window.end, limit=AT_ONCE, again=True)
        for first in range(0, len(seen), PIECE):
            piece = seen.part(slice(first, first + PIECE))
            watched = watcher.feed(
                states, piece, earlier=partial(before.part, slice(None)), at=piece.moment(-1)
            )
            alarms += [
                alarm
                for name, state in watched.channels.items()
                if decides[name]
                for alarm in state.standing
                if not alarm.told
            ]
            points += watched.points
            states = {name: _told(state) for name, state in watched.channels.items()}
            before = before.joined(piece).part(slice(-LOOK_BACK, None))
        taken += len(seen)
        progress(taken, total, f"{taken:,} of {total:,} predictions")
    return StreamReplay(
        window,
        line,
        taken,
        decides,
        tuple(sorted(alarms, key=lambda alarm: alarm.at)),
        tuple(point for name in decides for point in _thinned(points, name)),
    )


def _told(state: ChannelState) -> ChannelState:
    """The same, so that an alarm that is over does not stay."""
    return replace(state, standing=tuple(replace(alarm, told=True) for alarm in state.standing))


def _thinned(points: list[EvidencePoint], channel: str) -> list[EvidencePoint]:
    """The highest of every stretch, in order of time."""
    own = [point for point in points if point.channel == channel]
    rows, _ = thinned(np.array([point.evidence for point in own]), first=0, points=POINTS)
    return [own[row] for row in rows.tolist()]
