"""The drift detector over the live traffic: every prediction of one's own is checked once.

It follows the captures in the log behind a cursor, by their time. Requests of several threads and
replicas become visible out of order, so what is younger than a small lag is left for the next step.
What becomes visible behind the cursor all the same is counted as late, and the lag grows. State and
cursor are kept in one transaction, which fails if another process kept theirs meanwhile. So a
restart, or several replicas on one log, count nothing twice.

Imported captures are of the past, and not live traffic: runs over their window look at those.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from core.alerts.policy import LIVE
from core.errors import BadInput
from core.jobs import Progress
from core.metrics import Metrics
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines
from core.monitoring.drift import messages
from core.monitoring.drift.backtest import backtest
from core.monitoring.drift.channels_update import ChannelSet
from core.monitoring.drift.consumer import Reference, read, take_step
from core.monitoring.drift.state import DriftState
from core.monitoring.rules.outcomes import not_computed
from core.records.analysts import Permission
from core.records.drift import (
    DRIFT_RULE,
    DriftAlarm,
    DriftBacktest,
    DriftSettings,
    DriftStatus,
    EValuePoint,
    Observed,
)
from core.records.monitoring import Outcome, Violation
from core.records.permissions import needs
from core.records.window import Window, now
from core.store import DriftTable

STEPS = 1_000  # at a time
MOST_AT_ONCE = 1_000_000  # predictions handed out
GRACE = timedelta(seconds=30)  # until another process reports an alarm that nobody reported
E_VALUES_KEPT = timedelta(days=7)
NO_BASELINE = (
    "there is no baseline. Create one from known-good traffic on the Monitor page or with "
    "`baseline create`"
)
STARTING = "Starting. First result in a few seconds"
ELSEWHERE = "it checks the live traffic of all endpoints together, and this window is another"


class DriftMonitor:
    """The drift detector of a log, shared by all processes that use the log.

    Parameters
    ----------
    table
        The captures, and the detector's state.
    baselines
        The baseline in force is what predictions are compared with.
    metrics
        Get e-values and alarms.
    false_alarm_every
        A, the number of predictions with at most one false alarm on average, until another is set.
    clock
        The time now.
    """

    def __init__(
        self,
        table: DriftTable,
        baselines: Baselines,
        metrics: Metrics,
        *,
        false_alarm_every: float,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._table = table
        self._baselines = baselines
        self._metrics = metrics
        self._default = DriftSettings(false_alarm_every)
        self._clock = clock
        self._checking = threading.Lock()
        self._checked_at: datetime | None = None
        self._channels = lru_cache(maxsize=2)(self._make_channels)

    def settings(self) -> DriftSettings:
        """What was last set in the Monitor page, else the settings' default."""
        return self._table.settings() or self._default

    @needs(Permission.MONITOR)
    def set_settings(self, settings: DriftSettings) -> None:
        """From the next step on; the detector starts anew with them."""
        self._table.set_settings(settings, self._clock())

    def catch_up(self) -> bool:
        """Check the predictions that became visible.

        Returns
        -------
        bool
            Whether a run of the monitor has to report an alarm: one that was raised now, or one
            that nobody has reported for GRACE.
        """
        with self._checking:
            reference, _ = self._reference()
            if reference is None:
                self._metrics.drift_e_values({})
                return False
            fresh, at = False, self._clock()
            for _ in range(STEPS):
                step = take_step(self._table, reference, at)
                self._metrics.drift_alarms(step.raised)
                fresh = fresh or step.fresh
                if not step.more:
                    break
            state = step.state
            self._checked_at = at - timedelta(seconds=state.place.lag)
            self._metrics.drift_e_values({k: each.e_value for k, each in state.channels.items()})
            return fresh or any(
                not alarm.reported and alarm.raised_at < at - GRACE for alarm in state.standing
            )

    def mark_reported(self, violations: Sequence[Violation]) -> None:
        """A run with these violations was kept: their alarms are reported."""
        descriptions = {violation.description for violation in violations}
        for _ in range(STEPS):
            saved = self._table.saved()
            state = read(saved)
            if state is None:
                return
            known = state.with_reported(descriptions)
            if known == state or self._table.save(known.to_text(), after=saved):
                return

    def outcomes(self, window: Window) -> tuple[Outcome, ...]:
        """What every channel reports, for a run over `window`."""
        if self.covers(window):
            return self.status().outcomes
        elsewhere = not_computed(DRIFT_RULE, self.settings().false_alarm_every, ELSEWHERE)
        return (replace(elsewhere, decides=False),)

    def covers(self, window: Window) -> bool:
        """Whether a run over that window is one over the live traffic."""
        return window.endpoint is None and window.end >= self._clock() - LIVE

    def status(self) -> DriftStatus:
        """What is known now; nothing new is checked."""
        threshold = self.settings().false_alarm_every
        reference, problem = self._reference()
        state = self._state_for(reference)
        if reference is None or state is None:
            text = f"Not computed: {problem}" if problem else STARTING
            outcome = not_computed(DRIFT_RULE, threshold, problem or "the detector is starting")
            return DriftStatus(threshold, text, (outcome,))
        outcomes = tuple(
            messages.outcome(channel, state.channels[channel.name], threshold)
            for channel in reference.channels.channels
        )
        as_of = max(self._checked_at or state.place.until, state.place.until)
        return DriftStatus(threshold, "", outcomes, messages.summary(state), as_of)

    def e_values(self, window: Window, *, points: int = 400) -> list[EValuePoint]:
        """The e-value of every channel over time, at most about `points` each."""
        return self._table.e_values(window, points=points)

    def backtest(
        self,
        window: Window,
        settings: DriftSettings,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> DriftBacktest:
        """What the detector would have reported in a window of the past; nothing is kept.

        Compared with the baseline in force, all endpoints together.

        Raises
        ------
        BadInput
            Without a baseline that fits.
        """
        chosen = self._baselines.chosen()
        if chosen is None:
            raise BadInput(NO_BASELINE)
        threshold = settings.false_alarm_every
        channels, baseline = self._channels(chosen[0], threshold)
        of_it = replace(window, endpoint=baseline.endpoint)
        return backtest(self._table, channels, of_it, threshold, progress, cancelled)

    def alarms(self) -> tuple[DriftAlarm, ...]:
        """The alarms that stand in channels that decide, as of the latest step."""
        reference, _ = self._reference()
        state = self._state_for(reference)
        if reference is None or state is None:
            return ()
        return tuple(
            alarm
            for channel in reference.channels.channels
            if channel.decides
            for alarm in state.channels[channel.name].standing
        )

    def predictions(self, since: datetime, until: datetime) -> Observed:
        """Every prediction of one's own from `since` and before `until`, in order of time."""
        return self._table.predictions(since, until, limit=MOST_AT_ONCE)[0]

    def forget_e_values(self) -> None:
        """Delete e-values that are older than any chart."""
        self._table.forget_e_values(self._clock() - E_VALUES_KEPT)

    def _reference(self) -> tuple[Reference | None, str]:
        """What predictions are compared with, or why there is nothing."""
        chosen = self._baselines.chosen()
        if chosen is None:
            return None, NO_BASELINE
        baseline_id, since = chosen
        threshold = self.settings().false_alarm_every
        try:
            counted = self._baselines.statistics_id(baseline_id)
            channels, baseline = self._channels(baseline_id, threshold)
        except BadInput as error:
            return None, str(error)
        reference = Reference(
            baseline_id, counted, since, threshold, baseline.classes, channels, baseline.endpoint
        )
        return reference, ""

    def _state_for(self, reference: Reference | None) -> DriftState | None:
        """The state in the log; None where it was not started for this."""
        if reference is None:
            return None
        state = read(self._table.saved())
        return state if state is not None and reference.fits(state) else None

    def _make_channels(self, baseline_id: str, threshold: float) -> tuple[ChannelSet, Baseline]:
        baseline = self._baselines.baseline(baseline_id)
        return ChannelSet(baseline, false_alarm_every=threshold), baseline
