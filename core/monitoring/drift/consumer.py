"""One step along the captures: what became visible behind the cursor goes through the channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from core.errors import BadInput
from core.monitoring.drift.channels_update import ONSET_WITHIN, ChannelSet
from core.monitoring.drift.signs import SignState
from core.monitoring.drift.state import UNIT, DriftState, Place
from core.records.drift import Observed, SavedState
from core.store import DriftTable

LEAST_LAG, MOST_LAG = 2.0, 60.0  # seconds
CALMER = 0.99  # what the lag shrinks by with every step that finds nothing late
RECOUNTED = timedelta(hours=1)  # what becomes visible later than that is not even counted as late
SET_BACK = timedelta(seconds=5)  # clocks of replicas may differ by less
FIRST_REACH = timedelta(hours=1)  # how far back it begins, where it starts for the first time
OTHER_UNIT = "signs began to count in place of frames"
AT_ONCE = 100_000  # predictions; more than one request may hold


@dataclass(frozen=True)
class Reference:
    """What predictions are compared with.

    Parameters
    ----------
    baseline_id, statistics_id, since, classes
        Of the baseline in force: its id, that of what it counts (earlier versions kept the first),
        since when it is, and the size of its label set.
    false_alarm_every
        A, the number of predictions with at most one false alarm on average.
    channels
        Made from both.
    endpoint
        Whose predictions are compared; None: of all.
    """

    baseline_id: str
    statistics_id: str
    since: datetime
    false_alarm_every: float
    classes: int
    channels: ChannelSet = field(compare=False)
    endpoint: str | None = None

    def fits(self, state: DriftState) -> bool:
        """Whether the state was started for this, be it by an earlier version."""
        return not self._differences(state) and self.channels.hold(state.channels)

    def goes_on(self, state: DriftState) -> bool:
        """Whether predictions can be added to the state."""
        return self.fits(state) and state.unit == UNIT

    def _differences(self, state: DriftState) -> list[str]:
        """What changed since the state was started."""
        counted = self.statistics_id if state.unit == UNIT else self.baseline_id
        return [
            what
            for what, own, its in (
                ("the label set changed", self.classes, state.classes),
                ("another baseline was put in force", counted, state.statistics_id),
                (
                    "the rate of false alarms was set",
                    self.false_alarm_every,
                    state.false_alarm_every,
                ),
            )
            if own != its
        ]

    def start(self, before: DriftState | None, why: str, at: datetime) -> DriftState:
        """A state that has seen nothing, from when the baseline was put in force.

        before: the state whose place this one takes; what that one took is not taken again.
        """
        begin = max(self.since, before.place.until if before else at - FIRST_REACH)
        begin = min(begin, at)
        why = (self._differences(before) or [OTHER_UNIT])[0] if before else why
        return DriftState(
            self.statistics_id,
            self.false_alarm_every,
            self.classes,
            begin,
            why,
            Place(begin, before.place.lag if before else LEAST_LAG, begin),
            self.channels.start(begin),
        )


@dataclass(frozen=True)
class Step:
    """What one step did.

    Parameters
    ----------
    state
        The detector's state after it.
    more
        Whether to take the next step at once.
    raised
        Channel -> how many alarms it raised.
    fresh
        Whether an alarm stands that did not stand before.
    """

    state: DriftState
    more: bool
    raised: Mapping[str, int] = field(default_factory=dict)
    fresh: bool = False


def read(saved: SavedState | None) -> DriftState | None:
    """The state in the log; None where there is none, or none that can be read."""
    try:
        return DriftState.from_text(saved.state) if saved else None
    except BadInput:
        return None


def take_step(table: DriftTable, reference: Reference, at: datetime) -> Step:
    """Take what has become visible, at most about AT_ONCE predictions, and keep the state.

    Parameters
    ----------
    table
        Captures, and the detector's state.
    reference
        What predictions are compared with; a state that does not fit it starts anew.
    at
        The time now.
    """
    saved = table.saved()
    state = read(saved)
    if state is None or not reference.goes_on(state):
        lost = "its saved state could not be read" if saved else "the detector started"
        state = reference.start(state, lost, at)
        table.save(state.to_text(), after=saved)
        return Step(state, more=True)
    if state.place.until > at + SET_BACK:
        return _set_back(table, saved, state, at, reference.endpoint)
    return _go_on(table, reference, saved, state, at)


def _go_on(
    table: DriftTable,
    reference: Reference,
    saved: SavedState | None,
    state: DriftState,
    at: datetime,
) -> Step:
    place = state.place
    late, later = _recount(table, place, at, reference.endpoint)
    end = max(place.until, at - timedelta(seconds=place.lag))
    seen, until = table.predictions(place.until, end, limit=AT_ONCE, endpoint=reference.endpoint)
    if not len(seen) and not late:
        return Step(state, more=False)
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
        return Step(after, more=not kept)

    @cache
    def earlier() -> Observed:
        found = table.latest(
            state.started_at, place.until, limit=ONSET_WITHIN, endpoint=reference.endpoint
        )
        return reference.channels.named(SignState(), found)[1]

    signs, named = reference.channels.named(state.signs, seen)
    update = reference.channels.update(state.channels, named, earlier=earlier, at=at)
    after = replace(after, channels=update.channels, signs=signs)
    if not table.save(after.to_text(), after=saved, points=update.points, skipped_over=over):
        return Step(state, more=True)  # another process was faster
    fresh = set(after.standing) - set(state.standing)
    return Step(after, more=until < end, raised=update.raised, fresh=bool(fresh))


def _set_back(
    table: DriftTable,
    saved: SavedState | None,
    state: DriftState,
    at: datetime,
    endpoint: str | None,
) -> Step:
    """Go on from the present; what was taken in what is the future now is listed as taken."""
    late, _ = _recount(table, state.place, at, endpoint)
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
    return Step(after, more=True)


def _recount(
    table: DriftTable, place: Place, at: datetime, endpoint: str | None
) -> tuple[int, Place]:
    """How many became visible too late, and the place once they are counted; the lag follows."""
    begin = min(max(place.recount_from, at - RECOUNTED), place.until)
    visible, before = table.count(place.recount_from, place.until, begin, endpoint=endpoint)
    late = max(0, visible - place.recounted)
    lag = min(MOST_LAG, 2 * place.lag) if late else max(LEAST_LAG, CALMER * place.lag)
    return late, replace(place, lag=lag, recount_from=begin, recounted=visible - before)
