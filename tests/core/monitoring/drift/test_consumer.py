"""Following the captures in the log: each is taken once, in pieces, late, with odd clocks."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.jobs import in_silence
from core.monitoring.baseline import Observations
from core.monitoring.drift import consumer
from core.monitoring.drift.channels import CLASS, FLAG
from core.monitoring.drift.consumer import MOST_LAG
from core.monitoring.drift.state import DriftState
from core.records.captures import Capture
from core.records.drift import LOOK, DriftSettings
from core.records.window import Window
from core.store import CaptureLog, DriftTable
from core.store.looks import Look
from tests.support.clock import Clock
from tests.support.drifting import SECOND, Stream, standing, summary
from tests.support.observing import BASELINE, STOP, attacked, captures, clean
from tests.support.records import NOON

HOUR = timedelta(hours=1)


def test_every_prediction_is_taken_once_after_the_lag(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(20))
    stream.log.append(captures([1], stream.clock.at), [])  # too young
    for _ in range(3):
        assert not monitor.catch_up()
        assert summary(monitor) == (
            "20 predictions checked since 2026-02-14 12:00:00 UTC, when the detector started."
        )
    stream.clock.at += 3 * SECOND
    monitor.catch_up()
    assert summary(monitor).startswith("21 predictions")


def test_what_was_before_the_baseline_is_not_the_live_stream(stream: Stream) -> None:
    stream.log.append(captures([1] * 50, NOON - 10 * SECOND), [])
    monitor = stream.monitor()
    stream.clock.at += 10 * SECOND
    monitor.catch_up()
    assert summary(monitor).startswith("0 predictions")


def test_a_baseline_of_long_ago_does_not_bring_back_the_past(stream: Stream) -> None:
    stream.put(clean(20))
    stream.clock.at += 24 * HOUR
    monitor = stream.monitor()
    monitor.catch_up()
    assert summary(monitor).startswith("0 predictions checked since 2026-02-15 11:00:04 UTC")


def test_imported_captures_are_not_the_live_stream(stream: Stream) -> None:
    stream.put([STOP] * 60, model_sha256=None, probabilities=None)
    monitor = stream.monitor()
    assert not monitor.catch_up()
    assert summary(monitor).startswith("0 predictions")


def test_pieces_come_to_the_same_as_the_whole(stream: Stream, tmp_path: Path) -> None:
    class_ids = [*clean(120), *attacked(60)]
    monitor = stream.monitor()
    for number in range(0, 180, 7):
        stream.log.append(captures(class_ids, NOON)[number : number + 7], [])
        stream.clock.at = NOON + (number + 7) * 0.1 * SECOND + 2 * SECOND
        monitor.catch_up()
    stream.clock.at = NOON + 60 * SECOND
    monitor.catch_up()
    log = CaptureLog(tmp_path / "whole.duckdb")
    whole = Stream(log, Clock())
    whole.use(BASELINE)
    whole.log.append(captures(class_ids, NOON), [])
    whole.clock.at = NOON + 60 * SECOND
    at_once = whole.monitor()
    at_once.catch_up()
    assert at_once.status().outcomes == monitor.status().outcomes
    assert standing(monitor) == [f"drift detector, {FLAG}", f"drift detector, {CLASS}"]
    log.close()


def test_one_look_takes_everything_however_little_a_step_takes(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "AT_ONCE", 7)
    stream.put(clean(30))
    monitor = stream.monitor()
    monitor.catch_up()
    assert summary(monitor).startswith("30 predictions")


def test_the_state_survives_a_restart(stream: Stream) -> None:
    stream.put(clean(100))
    assert not stream.monitor().catch_up()
    before = stream.state_text()
    restarted = stream.monitor()
    assert not restarted.catch_up()
    assert stream.state_text() == before
    stream.put(attacked(60))
    assert stream.monitor().catch_up()
    assert summary(stream.monitor()).startswith("160 predictions")


def test_of_two_processes_on_one_log_each_prediction_is_taken_by_one(stream: Stream) -> None:
    first, second = stream.monitor(), stream.monitor()
    raised = []
    for number in range(12):
        stream.put(attacked(10, seed=number))
        raised += [first.catch_up(), second.catch_up()]
    assert summary(first) == summary(second)
    assert summary(first).startswith("120 predictions")
    assert sum(raised) == 1


def test_who_comes_second_with_the_same_predictions_keeps_nothing(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stream.monitor(), stream.monitor()
    first.catch_up()
    stream.put(attacked(60))
    read = DriftTable.predictions
    other: list[bool] = []

    def overtaken(self: DriftTable, *args: object, **options: object) -> object:
        monkeypatch.setattr(DriftTable, "predictions", read)
        other.append(second.catch_up())
        return read(self, *args, **options)

    monkeypatch.setattr(DriftTable, "predictions", overtaken)
    seen_before = read(DriftTable(stream.log.database), NOON, NOON + HOUR, limit=99)
    assert len(seen_before[0]) == 60
    assert (first.catch_up(), other) == (False, [True])
    assert summary(first).startswith("60 predictions")
    assert len(first.e_values(Window(NOON, NOON + HOUR))) == len(
        {(p.channel, p.at) for p in first.e_values(Window(NOON, NOON + HOUR))}
    )


# Late, and clocks


def test_what_becomes_visible_too_late_is_counted_once_and_reported(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(30))
    monitor.catch_up()
    stream.log.append(captures([3, 4], NOON + SECOND), [])
    for _ in range(3):
        monitor.catch_up()
        assert summary(monitor) == (
            "30 predictions checked since 2026-02-14 12:00:00 UTC, when the detector started. "
            "2 predictions arrived too late to be checked. Is the log slow, or does a clock differ?"
        )


def test_the_lag_grows_with_lateness_until_nothing_is_late(stream: Stream) -> None:
    """Everything becomes visible ten seconds after it was made."""
    monitor = stream.monitor()
    late = []
    for number in range(60):
        stream.log.append(captures([number % 43], stream.clock.at - 10 * SECOND), [])
        monitor.catch_up()
        late.append(summary(monitor).count("late"))
        stream.clock.at += 3 * SECOND
    sentence = summary(monitor)
    assert "arrived too late" in sentence
    lost = int(sentence.split(" arrived")[0].split()[-2])
    assert 1 <= lost <= 6
    assert int(sentence.split()[0]) >= 60 - lost - MOST_LAG / 3


def test_a_clock_that_was_set_back_loses_and_doubles_nothing(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(30))
    monitor.catch_up()
    stream.clock.at = NOON - HOUR  # an hour back; what was taken lies ahead now
    monitor.catch_up()
    stream.put([5] * 20)
    monitor.catch_up()
    assert summary(monitor) == (
        "50 predictions checked since 2026-02-14 12:00:00 UTC, when the detector started. "
        "The clock was set back at 2026-02-14 11:00:00 UTC."
    )
    for minutes in (30, 90, 150):
        stream.clock.at = NOON - HOUR + minutes * 60 * SECOND
        monitor.catch_up()
        stream.put([6])
        monitor.catch_up()
        assert "late" not in summary(monitor)
    assert summary(monitor).startswith("53 predictions")
    assert stream.log.database.rows("SELECT count(*) FROM log.stream_skipped") == [(0,)]


def test_a_process_whose_clock_is_behind_by_little_takes_nothing_twice(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(30))
    monitor.catch_up()
    stream.log.append(captures([3], NOON + SECOND), [])
    for seconds in (-4, 4):
        stream.clock.at += seconds * SECOND
        monitor.catch_up()
    stream.put(clean(5))
    stream.clock.at += 5 * SECOND  # what was late made the lag longer
    monitor.catch_up()
    assert summary(monitor).startswith("35 predictions")
    assert "1 prediction arrived too late" in summary(monitor)


def test_a_clock_that_was_set_back_twice_loses_and_doubles_nothing(stream: Stream) -> None:
    """What was taken before the first time lies ahead still when that of the second is over."""
    monitor = stream.monitor()
    stream.put(clean(30))
    monitor.catch_up()
    for minutes in (-180, -40):
        stream.clock.at += minutes * 60 * SECOND
        monitor.catch_up()
        stream.put(clean(10))
        monitor.catch_up()
    for minutes in (0, 60, 120, 180, 250, 320):
        stream.clock.at = NOON + (minutes - 221) * 60 * SECOND
        monitor.catch_up()
        stream.put([6])
        monitor.catch_up()
    assert summary(monitor).startswith("56 predictions")
    assert "late" not in summary(monitor)


def test_a_clock_that_was_set_forward_and_back_again(stream: Stream) -> None:
    monitor = stream.monitor()
    stream.put(clean(10))
    monitor.catch_up()
    stream.clock.at += 24 * HOUR
    stream.put(clean(10))
    monitor.catch_up()
    stream.clock.at -= 24 * HOUR
    monitor.catch_up()
    stream.put(clean(10))
    monitor.catch_up()
    assert summary(monitor).startswith("30 predictions")
    assert "late" not in summary(monitor)


BY_LOOK = replace(
    BASELINE,
    observations=Observations(
        (tuple(BASELINE.bin_counts(by_flag=False)),),
        (tuple(BASELINE.bin_counts(by_flag=True)),),
        by_look=True,
    ),
)


@pytest.fixture
def unnamed(log: CaptureLog) -> Stream:
    """Compared with a baseline that distinguished signs."""
    stream = Stream(log, Clock())
    stream.use(BY_LOOK)
    return stream


def of_two_cameras(count: int, *, turned: int = 0) -> tuple[list[Capture], dict[str, Look]]:
    """Captures without a source: two cameras take turns, 4 frames a sign; the last are of Stop."""
    signs = [*clean(count - turned), *[STOP] * turned]
    pairs = zip(signs[::2], signs[1::2], strict=True)
    class_ids = [class_id for pair in pairs for _ in range(4) for class_id in pair]
    made = captures(class_ids, NOON)
    places = [100 * (number // 8) + 50 * (number % 2) for number in range(len(made))]
    looks = {
        each.capture_id: np.array([place, *[0] * (LOOK - 1)], dtype=np.float16)
        for each, place in zip(made, places, strict=True)
    }
    return made, looks


def test_cameras_without_a_name_are_distinguished_by_what_they_show(unnamed: Stream) -> None:
    made, looks = of_two_cameras(60)
    monitor = unnamed.monitor()
    for first in range(0, len(made), 7):
        unnamed.log.append(made[first : first + 7], [], looks)
        unnamed.clock.at = NOON + (first + 7) * 0.1 * SECOND + 2 * SECOND
        monitor.catch_up()
    unnamed.clock.at += 3 * SECOND
    monitor.catch_up()
    state = DriftState.from_text(unnamed.state_text())
    assert state.taken == 240
    assert {each.detector.position for each in state.channels.values()} == {60}


def test_without_looks_they_are_one_source(unnamed: Stream) -> None:
    made, _ = of_two_cameras(60)
    unnamed.log.append(made, [])
    unnamed.clock.at += 30 * SECOND
    unnamed.monitor().catch_up()
    state = DriftState.from_text(unnamed.state_text())
    assert {each.detector.position for each in state.channels.values()} == {
        120
    }  # of each pair, two runs of each


def test_a_baseline_that_distinguished_nothing_is_compared_as_it_was_counted(
    log: CaptureLog,
) -> None:
    unnamed = Stream(log, Clock())
    unnamed.use(replace(BY_LOOK, observations=replace(BY_LOOK.observations, by_look=False)))
    made, looks = of_two_cameras(60)
    unnamed.log.append(made, [], looks)
    unnamed.clock.at += 30 * SECOND
    unnamed.monitor().catch_up()
    state = DriftState.from_text(unnamed.state_text())
    assert state.signs.shown == ()
    assert {each.detector.position for each in state.channels.values()} == {
        120
    }  # of each pair, two runs of each


def test_a_backtest_tells_them_apart_as_the_live_detector_did(unnamed: Stream) -> None:
    made, looks = of_two_cameras(200, turned=40)
    unnamed.log.append(made, [], looks)
    unnamed.clock.at += 100 * SECOND
    monitor = unnamed.monitor()
    monitor.catch_up()
    live = DriftState.from_text(unnamed.state_text()).channels[FLAG].standing
    past = monitor.backtest(
        Window(NOON, NOON + HOUR), DriftSettings(10_000), in_silence, lambda: False
    )
    assert [each.class_id for each in live] == [STOP]
    assert past.alarms[0].position == live[0].position <= 180  # signs; of frames it would be more
