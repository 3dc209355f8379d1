"""The drift detector in tests: channels without a log, and streams over a log with a clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.metrics import Metrics
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines, files_of
from core.monitoring.drift.channels_update import ChannelSet, ChannelsUpdate
from core.monitoring.drift.messages import outcome
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.drift.state import ChannelState, DriftState, Place
from core.records.drift import Observed
from core.records.monitoring import Outcome, RuleState
from core.store import BaselinesTable, CaptureLog, DriftTable
from tests.support.clock import Clock
from tests.support.observing import captures, observed
from tests.support.records import CLASSES, NOON

SECOND = timedelta(seconds=1)
PLACE = Place(NOON, 2.0, NOON, 7, NOON + timedelta(hours=1))


def feed(
    channels: ChannelSet,
    states: Mapping[str, ChannelState],
    seen: Observed,
    before: Observed | None = None,
) -> ChannelsUpdate:
    """Predictions through every channel, at noon."""
    earlier = before or seen.part(slice(0, 0))
    return channels.update(states, seen, earlier=lambda: earlier, at=NOON)


def after(
    channels: ChannelSet, class_ids: Sequence[int], **options: Any
) -> Mapping[str, ChannelState]:
    """Every channel after these predictions, from a cold start."""
    return feed(channels, channels.start(NOON), observed(class_ids, **options)).channels


def outcomes(channels: ChannelSet, states: Mapping[str, ChannelState]) -> dict[str, Outcome]:
    """Channel -> what it reports."""
    return {each.name: outcome(each, states[each.name], 10_000) for each in channels.channels}


def state_of(channels: Mapping[str, ChannelState]) -> DriftState:
    """The whole state around these channels."""
    why = "the detector started"
    return DriftState("b", 10_000, 43, NOON, why, PLACE, channels)


class Stream:
    """A log, a baseline in force from noon on, and as many detectors as are asked for."""

    def __init__(self, log: CaptureLog, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self.baselines = Baselines(BaselinesTable(log.database), CLASSES)
        self.metrics = Metrics()

    def monitor(self, **settings: object) -> DriftMonitor:
        """One of the processes on the log."""
        return DriftMonitor(
            DriftTable(self.log.database),
            self.baselines,
            self.metrics,
            **{"false_alarm_every": 10_000.0, "clock": self.clock} | settings,
        )

    def put(self, class_ids: Sequence[int], **changes: object) -> None:
        """Captures from now on, and the clock set behind the last of them and the lag."""
        self.log.append(captures(class_ids, self.clock.at, **changes), [])
        self.clock.at += len(class_ids) * 0.1 * SECOND + 2.5 * SECOND

    def use(self, baseline: Baseline) -> None:
        """A baseline in force, as of the clock."""
        self.baselines.add(files_of(baseline), origin="a test")
        self.log.database.rows(
            "UPDATE log.baselines_in_force SET chosen_at = ? WHERE chosen_at > ?",
            [self.clock.at.replace(tzinfo=None), datetime(2026, 3, 1)],
        )

    def state_text(self) -> str:
        """The state as the log keeps it."""
        saved = DriftTable(self.log.database).saved()
        assert saved is not None
        return saved.state


def standing(monitor: DriftMonitor) -> list[str]:
    """The rules of channels with an alarm."""
    return [each.rule for each in monitor.status().outcomes if each.state is RuleState.VIOLATED]


def summary(monitor: DriftMonitor) -> str:
    """How much was checked, and what was missed."""
    return monitor.status().summary
