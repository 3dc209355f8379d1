"""What the detector would have reported: past predictions go through it again, with any A."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from core.jobs import Progress
from core.monitoring.drift.channels_update import ONSET_WITHIN, ChannelSet, thinned
from core.monitoring.drift.signs import SignState
from core.monitoring.drift.state import ChannelState
from core.records.drift import DriftAlarm, DriftBacktest, EValuePoint, Observed
from core.records.window import Window
from core.store import DriftTable

AT_ONCE = 100_000  # predictions that are read; more than one request may hold
PIECE = 1_000  # as long as an alarm stands at least: none comes and goes in between unseen
POINTS = 400  # e-values, a channel
NOTHING = Observed(
    np.empty(0, "datetime64[us]"),
    np.empty(0, np.int64),
    np.empty(0, np.bool_),
    np.empty(0, np.float64),
    [],
)


def backtest(
    table: DriftTable,
    channels: ChannelSet,
    window: Window,
    threshold: float,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> DriftBacktest:
    """Every prediction of one's own in a window, from a cold start.

    Parameters
    ----------
    table
        The captures.
    channels
        Made for `threshold`.
    window
        Its endpoint, or all of them together.
    threshold
        A, the alarm threshold.
    progress, cancelled
        Reported and asked after every AT_ONCE predictions; ends early once cancelled.
    """
    states, alarms, points = channels.start(window.start), list[DriftAlarm](), list[EValuePoint]()
    decides = {channel.name: channel.decides for channel in channels.channels}
    taken, (total, _) = (
        0,
        table.count(window.start, window.end, window.end, endpoint=window.endpoint),
    )
    since, before, signs = window.start, NOTHING, SignState()
    while since < window.end and not cancelled():
        seen, since = table.predictions(
            since, window.end, limit=AT_ONCE, again=True, endpoint=window.endpoint
        )
        signs, seen = channels.named(signs, seen)
        for first in range(0, len(seen), PIECE):
            piece = seen.part(slice(first, first + PIECE))
            update = channels.update(
                states, piece, earlier=partial(before.part, slice(None)), at=piece.moment(-1)
            )
            alarms += [
                alarm
                for name, state in update.channels.items()
                if decides[name]
                for alarm in state.standing
                if not alarm.reported
            ]
            points += update.points
            states = {name: _reported(state) for name, state in update.channels.items()}
            before = before.joined(piece).part(slice(-ONSET_WITHIN, None))
        taken += len(seen)
        progress(taken, total, f"{taken:,} of {total:,} predictions")
    return DriftBacktest(
        window,
        threshold,
        taken,
        decides,
        tuple(sorted(alarms, key=lambda alarm: alarm.at)),
        tuple(point for name in decides for point in _thinned(points, name)),
    )


def _reported(state: ChannelState) -> ChannelState:
    """The same, so that an alarm that is over does not stay."""
    alarms = tuple(replace(alarm, reported=True) for alarm in state.standing)
    return replace(state, standing=alarms)


def _thinned(points: list[EValuePoint], channel: str) -> list[EValuePoint]:
    """The highest of every stretch, in order of time."""
    own = [point for point in points if point.channel == channel]
    rows, _ = thinned(np.array([point.e_value for point in own]), first=0, points=POINTS)
    return [own[row] for row in rows.tolist()]
