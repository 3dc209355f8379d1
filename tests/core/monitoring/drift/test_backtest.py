"""The drift detector over the past: the alarms are those of the live run, and A moves them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BadInput
from core.jobs import in_silence
from core.monitoring.drift import backtest
from core.monitoring.drift.service import NO_BASELINE
from core.records.drift import DriftBacktest, DriftSettings
from core.records.window import Window
from core.store import CaptureLog
from tests.support.clock import Clock
from tests.support.drifting import Stream
from tests.support.expect import raises
from tests.support.observing import STOP, attacked, captures, clean
from tests.support.records import NOON

SECOND = timedelta(seconds=1)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def run_backtest(
    stream: Stream,
    threshold: float = 10_000,
    window: Window = HOUR,
    *,
    cancelled: bool = False,
) -> DriftBacktest:
    settings = DriftSettings(threshold)
    return stream.monitor().backtest(window, settings, in_silence, lambda: cancelled)


def test_a_backtest_alarms_where_the_live_detector_did(stream: Stream) -> None:
    stream.put([*clean(300), *attacked(60)])
    monitor = stream.monitor()
    assert monitor.catch_up()
    live = monitor.status()
    (alarm,) = run_backtest(stream).alarms
    decisive = [each for each in live.outcomes if each.decides and each.violations]
    assert [each.violations[0].description for each in decisive] == [alarm.description]
    assert alarm.class_id == STOP
    assert NOON + 30 * SECOND < alarm.at < NOON + 36 * SECOND


def test_the_larger_a_is_the_later_it_alarms_or_not_at_all(stream: Stream) -> None:
    stream.put([*clean(300), *attacked(60), *clean(300, seed=3)])
    found = [run_backtest(stream, threshold) for threshold in (100, 10_000, 1e12)]
    assert [len(each.alarms) for each in found] == [1, 1, 0]
    assert found[0].alarms[0].at < found[1].alarms[0].at
    assert {each.predictions for each in found} == {660}
    assert [each.threshold for each in found] == [100, 10_000, 1e12]


def test_an_attack_that_comes_back_alarms_again(stream: Stream) -> None:
    stream.put([*attacked(60), *clean(2_500), *attacked(60, seed=5)])
    found = run_backtest(stream)
    assert [alarm.class_id for alarm in found.alarms] == [STOP, STOP]


def test_how_it_is_read_makes_no_difference(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.put([*clean(300), *attacked(60)])
    whole = run_backtest(stream)
    monkeypatch.setattr(backtest, "AT_ONCE", 70)
    monkeypatch.setattr(backtest, "PIECE", 7)
    again = run_backtest(stream)
    assert [(each.at, each.description) for each in again.alarms] == [
        (each.at, each.description) for each in whole.alarms
    ]
    assert again.predictions == whole.predictions == 360


def test_its_e_values_are_thinned_and_keep_the_height_of_the_alarm(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest, "POINTS", 5)
    stream.put([*clean(300), *attacked(60)])
    found = run_backtest(stream)
    for channel, decides in found.channels.items():
        own = [point for point in found.points if point.channel == channel]
        assert 1 <= len(own) <= 5
        assert [point.at for point in own] == sorted(point.at for point in own)
        if decides and channel != "confidence":
            assert max(point.e_value for point in own) >= 10_000


def test_it_keeps_and_reports_nothing(stream: Stream) -> None:
    stream.put(attacked(60))
    run_backtest(stream)
    assert stream.log.executions(9) == []
    assert stream.log.database.rows("SELECT count(*) FROM log.stream_state") == [(0,)]
    assert stream.monitor().e_values(HOUR) == []


def test_what_was_imported_and_what_lies_outside_is_left_out(stream: Stream) -> None:
    stream.put(attacked(60), model_sha256=None)
    assert run_backtest(stream).predictions == 0
    begin = stream.clock.at
    stream.put(clean(20))
    assert run_backtest(stream, window=Window(begin, begin + SECOND)).predictions == 10


def test_what_was_passed_when_the_clock_was_set_back_is_part_of_the_past(
    stream: Stream,
) -> None:
    stream.put(clean(20))
    stream.monitor().catch_up()
    stream.clock.go(hours=-1)
    stream.monitor().catch_up()
    assert stream.log.database.rows("SELECT count(*) FROM log.stream_skipped") == [(20,)]
    assert run_backtest(stream).predictions == 20


def test_the_alarms_of_all_channels_stand_in_order_of_time(stream: Stream) -> None:
    """The confidence drops between two attacks."""
    stream.put([*attacked(60), *clean(1_200)])
    seen = captures(clean(200, seed=7), NOON + 130 * SECOND)
    stream.log.append([replace(each, confidence=0.01) for each in seen], [])
    stream.log.append(captures(attacked(60, seed=5), NOON + 400 * SECOND), [])
    found = run_backtest(stream, 1_000)
    assert [alarm.class_id for alarm in found.alarms] == [STOP, None, STOP]
    assert [alarm.at for alarm in found.alarms] == sorted(alarm.at for alarm in found.alarms)


def test_cancelled_it_reads_no_further(stream: Stream) -> None:
    stream.put(clean(20))
    assert run_backtest(stream, cancelled=True).predictions == 0


def test_it_needs_a_baseline(log: CaptureLog) -> None:
    with raises(BadInput, NO_BASELINE):
        run_backtest(Stream(log, Clock()))
