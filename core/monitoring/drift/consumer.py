"""One look at the stream: what has become visible behind the cursor goes through the detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from core.errors import BadInput
from core.monitoring.drift.channels_update import LOOK_BACK, Watcher
from core.monitoring.drift.state import Place, WatchState
from core.records.drift import Observed, SavedState
from core.store import StreamTable

LEAST_LAG, MOST_LAG = 2.0, 60.0  # seconds
CALMER = 0.99  # what the lag shrinks by with every look that finds nothing late
RECOUNTED = timedelta(hours=1)  # what becomes visible later than that is not even counted as late
SET_BACK = timedelta(seconds=5)  # clocks of replicas may differ by less
LOOKED_BACK = timedelta(hours=1)  # at most, where it starts for the first time
AT_ONCE = 100_000  # predictions; more than one request may hold


@dataclass(frozen=True)
class Purpose:
    """What the stream is compared with: a baseline of `classes`, in force since then, and A."""

    baseline_id: str
    since: datetime
    false_alarm_every: float
    classes: int
    watcher: Watcher = field(compare=False)

    def serves(self, state: WatchState) -> bool:
        """Whether the state was started for this."""
        return not self._differences(state)

    def _differences(self, state: WatchState) -> list[str]:
        """What changed since the state was started, in words."""
        return [
            what
            for what, own, its in (
                ("the label set changed", self.classes, state.classes),
                ("another baseline was put in force", self.baseline_id, state.baseline_id),
                (
                    "the rate of false alarms was set",
                    self.false_alarm_every,
                    state.false_alarm_every,
                ),
            )
            if own != its
        ]

    def start(self, before: WatchState | None, why: str, at: datetime) -> WatchState:
        """A state that has seen nothing, from when the baseline was put in force.

        before: the state whose place this one takes; what that one took is not taken again.
        """
        begin = max(self.since, before.place.until if before else at - LOOKED_BACK)
        begin = min(begin, at)
        why = self._differences(before)[0] if before else why
        return WatchState(
            self.baseline_id,
            self.false_alarm_every,
            self.classes,
            begin,
            why,
            Place(begin, before.place.lag if before else LEAST_LAG, begin),
            self.watcher.start(begin),
        )


@dataclass(frozen=True)
class Look:
    """state: after it; more: whether to look again at once; raised: channel -> alarms raised.

    fresh: whether an alarm stands that did not stand before.
    """

    state: WatchState
    more: bool
    raised: Mapping[str, int] = field(default_factory=dict)
    fresh: bool = False


def read(saved: SavedState | None) -> WatchState | None:
    """The state in the log; None where there is none, or none that can be read."""
    try:
        return WatchState.from_text(saved.state) if saved else None
    except BadInput:
        return None


def look(table: StreamTable, purpose: Purpose, at: datetime) -> Look:
    """Take what has become visible, at most about AT_ONCE predictions, and keep the state."""
    saved = table.saved()
    state = read(saved)
    if state is None or not purpose.serves(state):
        lost = "its saved state could not be read" if saved else "it was started first"
        state = purpose.start(state, lost, at)
        table.save(state.to_text(), after=saved)
        return Look(state, more=True)
    if state.place.until > at + SET_BACK:
        return _set_back(table, saved, state, at)
    return _go_on(table, purpose, saved, state, at)


def _go_on(
    table: StreamTable, purpose: Purpose, saved: SavedState | None, state: WatchState, at: datetime
) -> Look:
    place = state.place
    late, later = _recount(table, place, at)
    end = max(place.until, at - timedelta(seconds=place.lag))
    seen, until = table.predictions(place.until, end, limit=AT_ONCE)
    if not len(seen) and not late:
        return Look(state, more=False)
    later = replace(later, until=until, recounted=later.recounted + len(seen))
    over = place.skipped_until is not None and later.recount_from >= place.skipped_until
    after = replace(
        state,
        place=replace(later, skipped_until=None) if over else later,
        taken=state.taken + len(seen),
        late=state.late + late,
    )
    if not len(seen):
        kept = table.save(after.to_text(), after=saved, skipped_over=over)
        return Look(after, more=not kept)

    @cache
    def earlier() -> Observed:
        return table.latest(state.started_at, place.until, limit=LOOK_BACK)

    watched = purpose.watcher.feed(state.channels, seen, earlier=earlier, at=at)
    after = replace(after, channels=watched.channels)
    if not table.save(after.to_text(), after=saved, points=watched.points, skipped_over=over):
        return Look(state, more=True)  # somebody else looked meanwhile
    fresh = set(after.standing) - set(state.standing)
    return Look(after, more=until < end, raised=watched.raised, fresh=bool(fresh))


def _set_back(
    table: StreamTable, saved: SavedState | None, state: WatchState, at: datetime
) -> Look:
    """Go on from the present; what was taken in what is the future now is listed as taken."""
    late, _ = _recount(table, state.place, at)
    begin, ahead = at - timedelta(seconds=state.place.lag), state.place.until
    place = replace(
        state.place,
        until=begin,
        recount_from=begin,
        recounted=0,
        skipped_until=max(ahead, state.place.skipped_until or ahead),
    )
    after = replace(state, place=place, late=state.late + late, set_back_at=at)
    table.save(after.to_text(), after=saved, skip=(begin, ahead))
    return Look(after, more=True)


def _recount(table: StreamTable, place: Place, at: datetime) -> tuple[int, Place]:
    """How many became visible too late, and the place once they are counted; the lag follows."""
    begin = min(max(place.recount_from, at - RECOUNTED), place.until)
    visible, before = table.count(place.recount_from, place.until, begin)
    late = max(0, visible - place.recounted)
    lag = min(MOST_LAG, 2 * place.lag) if late else max(LEAST_LAG, CALMER * place.lag)
    return late, replace(place, lag=lag, recount_from=begin, recounted=visible - before)
