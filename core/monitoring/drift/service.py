"""The watch over the live stream: every prediction of one's own goes through the detector once.

It follows the captures in the log behind a cursor, by their time. Requests of several threads and
replicas become visible out of order, so what is younger than a small lag is left for the next look;
what becomes visible behind the cursor all the same is counted as late and said, and the lag grows.
State and cursor are kept in one transaction, which fails if somebody else kept theirs meanwhile: so
a restart, or several replicas on one log, count nothing twice.

Imported captures are of the past, and not the live stream: executions look at those.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from core.alerts.policy import LIVE
from core.errors import BadInput
from core.jobs import Progress
from core.metrics import Metrics
from core.monitoring.baselines import Baselines
from core.monitoring.drift import messages as words
from core.monitoring.drift.backtest import StreamReplay, replay
from core.monitoring.drift.channels_update import Watcher
from core.monitoring.drift.consumer import Purpose, look, read
from core.monitoring.drift.state import StreamAlarm
from core.monitoring.rules.outcomes import not_computed
from core.records.drift import EvidencePoint, Observed, StreamSettings
from core.records.monitoring import Outcome, Violation
from core.records.window import Window, now
from core.store import StreamTable

STEPS = 1_000  # of one look
MOST_AT_ONCE = 1_000_000  # predictions handed out
GRACE = timedelta(seconds=30)  # until another process tells of an alarm that nobody told of
EVIDENCE_KEPT = timedelta(days=7)
NO_BASELINE = (
    "there is no baseline. Make one from traffic that was all right, on the Monitor page or with "
    "`baseline create`"
)
ELSEWHERE = "it watches the live traffic of all endpoints together, and this window is another"


@dataclass(frozen=True)
class StreamStatus:
    """What the pages show. line: A; problem: why nothing is watched, else empty.

    watched: since when, how many, and what was missed, in words; as_of: captures of before were
    looked at.
    """

    line: float
    problem: str
    outcomes: tuple[Outcome, ...]
    watched: str = ""
    as_of: datetime | None = None


class StreamWatch:
    """One watch over the whole log, whoever looks. false_alarm_every: A, until another is set."""

    def __init__(
        self,
        table: StreamTable,
        baselines: Baselines,
        metrics: Metrics,
        *,
        false_alarm_every: float,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._table = table
        self._baselines = baselines
        self._metrics = metrics
        self._default = StreamSettings(false_alarm_every)
        self._clock = clock
        self._looking = threading.Lock()
        self._looked_at: datetime | None = None
        self._watcher = lru_cache(maxsize=2)(self._make_watcher)

    def settings(self) -> StreamSettings:
        """What was last set in the Monitor page, else the settings' default."""
        return self._table.settings() or self._default

    def set_settings(self, settings: StreamSettings) -> None:
        """From the next look on; it starts anew with them."""
        self._table.set_settings(settings, self._clock())

    def catch_up(self) -> bool:
        """Take what has become visible; returns whether an execution has to tell of an alarm.

        It has to where this look raised one, or where nobody told of one for GRACE.
        """
        with self._looking:
            purpose, _ = self._purpose()
            if purpose is None:
                self._metrics.stream_evidence({})
                return False
            fresh, at = False, self._clock()
            for _ in range(STEPS):
                done = look(self._table, purpose, at)
                self._metrics.stream_alarms(done.raised)
                fresh = fresh or done.fresh
                if not done.more:
                    break
            state, self._looked_at = done.state, at - timedelta(seconds=done.state.place.lag)
            self._metrics.stream_evidence({k: each.evidence for k, each in state.channels.items()})
            return fresh or any(
                not alarm.told and alarm.raised_at < at - GRACE for alarm in state.standing
            )

    def told(self, violations: Sequence[Violation]) -> None:
        """An execution with these violations was kept: nobody has to tell of their alarms."""
        descriptions = {violation.description for violation in violations}
        for _ in range(STEPS):
            saved = self._table.saved()
            state = read(saved)
            if state is None:
                return
            known = state.with_told(descriptions)
            if known == state or self._table.save(known.to_text(), after=saved):
                return

    def outcomes(self, window: Window) -> tuple[Outcome, ...]:
        """What every channel says, for an execution over `window`."""
        if self.covers(window):
            return self.status().outcomes
        elsewhere = not_computed(words.NAME, self.settings().false_alarm_every, ELSEWHERE)
        return (replace(elsewhere, decides=False),)

    def covers(self, window: Window) -> bool:
        """Whether an execution over that window looks at the live stream."""
        return window.endpoint is None and window.end >= self._clock() - LIVE

    def status(self) -> StreamStatus:
        """What is known now, without looking."""
        line = self.settings().false_alarm_every
        purpose, problem = self._purpose()
        state = read(self._table.saved())
        if purpose is None or state is None or not purpose.serves(state):
            problem = problem or "it has not looked yet; it does so every few seconds"
            return StreamStatus(line, problem, (not_computed(words.NAME, line, problem),))
        said = tuple(
            words.outcome(channel, state.channels[channel.name], line)
            for channel in purpose.watcher.channels
        )
        as_of = max(self._looked_at or state.place.until, state.place.until)
        return StreamStatus(line, "", said, words.watched(state), as_of)

    def evidence(self, window: Window, *, points: int = 400) -> list[EvidencePoint]:
        """The evidence of every channel over time, at most about `points` each."""
        return self._table.evidence(window, points=points)

    def replay(
        self,
        window: Window,
        settings: StreamSettings,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> StreamReplay:
        """What it would have said of a stretch of the past, beside the baseline in force.

        All endpoints together; nothing is kept. Raises BadInput without a baseline that serves.
        """
        chosen = self._baselines.chosen()
        if chosen is None:
            raise BadInput(NO_BASELINE)
        line = settings.false_alarm_every
        watcher, _ = self._watcher(chosen[0], line)
        return replay(self._table, watcher, window, line, progress, cancelled)

    def standing(self) -> tuple[StreamAlarm, ...]:
        """The alarms of the channels that decide, as the latest look left them."""
        purpose, _ = self._purpose()
        state = read(self._table.saved())
        if purpose is None or state is None or not purpose.serves(state):
            return ()
        return tuple(
            alarm
            for channel in purpose.watcher.channels
            if channel.decides
            for alarm in state.channels[channel.name].standing
        )

    def predictions(self, since: datetime, until: datetime) -> Observed:
        """Every prediction of one's own from `since` and before `until`, in order of time."""
        return self._table.predictions(since, until, limit=MOST_AT_ONCE)[0]

    def forget(self) -> None:
        """Delete evidence that is older than anybody looks at."""
        self._table.forget_evidence(self._clock() - EVIDENCE_KEPT)

    def _purpose(self) -> tuple[Purpose | None, str]:
        """What the stream is compared with, or why there is nothing."""
        chosen = self._baselines.chosen()
        if chosen is None:
            return None, NO_BASELINE
        baseline_id, since = chosen
        line = self.settings().false_alarm_every
        try:
            watcher, classes = self._watcher(baseline_id, line)
        except BadInput as error:
            return None, str(error)
        return Purpose(baseline_id, since, line, classes, watcher), ""

    def _make_watcher(self, baseline_id: str, line: float) -> tuple[Watcher, int]:
        baseline = self._baselines.baseline(baseline_id)
        return Watcher(baseline, false_alarm_every=line), baseline.classes
