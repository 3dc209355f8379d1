"""The detector over a log, however it is cut: looks, restarts and clocks change no state, no alarm.

What went through the channels in many pieces, its state stored and read in between, ends as it does
where the same predictions go through them at once.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from core.monitoring.drift import consumer
from core.monitoring.drift.channels_update import ChannelSet
from core.monitoring.drift.detector import Detector
from core.monitoring.drift.state import ChannelState, DriftState
from core.records.captures import Capture, Provenance
from core.records.drift import Observed
from core.records.monitoring import Violation
from core.store import CaptureLog
from tests.support.clock import Clock
from tests.support.drifting import SECOND, Stream
from tests.support.observing import BASELINE
from tests.support.records import NOON, make_capture, make_prediction

HOUR = timedelta(hours=1)
LAG, AHEAD = 2 * SECOND, 5 * SECOND  # younger ones wait; by less a clock is not set back
ALARM_EVERY = 20.0
PREDICTIONS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 14, 14, 30, 42]),
        st.sampled_from([0.2, 0.6, 0.99]),  # confidence
        st.booleans(),  # flagged
        st.sampled_from([None, "a", "b", "c", "d"]),  # source
    ),
    min_size=1,
    max_size=30,
)


class AnyCut(RuleBasedStateMachine):
    """Several processes on one log; the test knows which predictions were due to be taken."""

    def __init__(self, log: CaptureLog) -> None:
        super().__init__()
        for table in ("captures", "stream_state", "stream_skipped", "stream_evidence"):
            log.database.rows(f"DELETE FROM log.{table}")
        self.stream = Stream(log, Clock())
        self.clock, self.number = self.stream.clock, 0
        self.waiting: list[Capture] = []
        self.taken: list[tuple[int, Capture]] = []  # after how many reports
        self.reports: list[set[str]] = []
        self.until: datetime | None = None  # of the captures before then, all were taken
        self.set_back = False
        self.monitor = self.stream.monitor(false_alarm_every=ALARM_EVERY)

    # What happens

    @rule(predictions=PREDICTIONS, seconds=st.sampled_from([0.0, 0.1, 1.0]))
    def are_predicted(
        self, predictions: list[tuple[int, float, bool, str | None]], seconds: float
    ) -> None:
        made = []
        for class_id, confidence, flagged, source in predictions:
            self.number += 1  # microseconds, so that no two are of one moment
            self.clock.at += seconds * SECOND
            made.append(
                make_capture(
                    prediction=make_prediction(class_id, confidence, flagged=flagged),
                    inferred_at=self.clock.at + timedelta(microseconds=self.number),
                    provenance=Provenance(source),
                )
            )
        self.stream.log.append(made, [])
        self.waiting += made

    @rule(seconds=st.sampled_from([1, 3, 60, 1800, 3000, 7000]))
    def time_passes(self, seconds: float) -> None:
        self.clock.at += seconds * SECOND

    @rule(behind=st.sampled_from([0, 0, 0, 0.5, 1.5]))
    def somebody_looks(self, behind: float) -> None:
        """With a clock that is behind those of the other processes by little."""
        self.clock.at -= behind * SECOND
        self.take()
        self.monitor.catch_up()
        self.clock.at += behind * SECOND
        state = self.state()
        assert (state.taken, state.late) == (len(self.taken), 0)

    @rule()
    def a_process_starts(self) -> None:
        self.monitor = self.stream.monitor(false_alarm_every=ALARM_EVERY)

    @rule(seconds=st.sampled_from([30, 1000, 4000]))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.clock.at -= seconds * SECOND
        self.set_back = True
        self.somebody_looks(0)

    @rule()
    def a_run_reports(self) -> None:
        found = {each.description for each in self.state().standing} if self.until else set()
        self.monitor.mark_reported([Violation("", "", each) for each in found])
        self.reports.append(found)

    # What is to be

    def take(self) -> None:
        """What becomes due to be taken now."""
        at = self.clock.at
        if self.until is None:
            self.until = min(max(NOON, at - HOUR), at)
            self.started = self.until
        if self.until > at + AHEAD:
            self.until = at - LAG
        end = max(self.until, at - LAG)
        due = [each for each in self.waiting if self.until <= each.inferred_at < end]
        self.taken += [(len(self.reports), each) for each in sorted(due, key=_moment)]
        self.waiting = [each for each in self.waiting if each not in due]
        self.until = end if due else self.until

    def state(self) -> DriftState:
        return DriftState.from_text(self.stream.state_text())

    def at_once(self) -> Mapping[str, ChannelState]:
        """Every channel after what was taken, in one piece between two reports."""
        channels = ChannelSet(BASELINE, false_alarm_every=ALARM_EVERY)
        state = replace(self.state(), channels=channels.start(self.started))
        before, reported = _observed([]), 0
        for number, part in groupby(self.taken, key=lambda each: each[0]):
            for descriptions in self.reports[reported:number]:
                state = state.with_reported(descriptions)
            reported, seen = number, _observed([each for _, each in part])
            update = channels.update(
                state.channels, seen, earlier=lambda before=before: before, at=NOON
            )
            state, before = replace(state, channels=update.channels), before.joined(seen)
        for descriptions in self.reports[reported:]:
            state = state.with_reported(descriptions)
        return state.channels

    def teardown(self) -> None:
        self.clock.at += 24 * HOUR
        self.somebody_looks(0)
        assert self.waiting == [each for each in self.waiting if each.inferred_at < self.started]
        found, expected = self.state().channels, self.at_once()
        assert [*found] == [*expected]
        for name, channel in found.items():
            assert self.comparable(channel) == self.comparable(expected[name])

    def comparable(self, channel: ChannelState) -> object:
        """All but when alarms were noticed; their words count what came before in time."""
        standing = [
            replace(each, raised_at=NOON, description="" if self.set_back else each.description)
            for each in channel.standing
        ]
        detector, bursts = channel.detector.to_json(), channel.bursts.to_json()
        return detector, bursts, channel.marked_at, channel.e_value, standing


def _moment(capture: Capture) -> datetime:
    return capture.inferred_at


def _observed(captures: list[Capture]) -> Observed:
    predictions = [each.prediction for each in captures]
    return Observed(
        np.array([each.inferred_at.replace(tzinfo=None) for each in captures], "datetime64[us]"),
        np.array([each.class_id for each in predictions], np.int64),
        np.array([each.suspicion.flagged for each in predictions], bool),
        np.array([each.confidence for each in predictions], np.float64),
        [each.provenance.source for each in captures],
    )


def test_cuts_restarts_and_clocks_change_nothing(
    log: CaptureLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer examples than other properties have: each is a log, and dozens of looks."""
    monkeypatch.setattr(consumer, "AT_ONCE", 25)
    monkeypatch.setitem(Detector.__init__.__kwdefaults__, "settle", 30)
    Stream(log, Clock()).use(BASELINE)
    run_state_machine_as_test(
        lambda: AnyCut(log),
        settings=settings(max_examples=settings().max_examples // 8, stateful_step_count=20),
    )
