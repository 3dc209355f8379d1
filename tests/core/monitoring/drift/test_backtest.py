"""The drift detector over the past: the alarms are those of the live run, and A moves them."""

from datetime import timedelta

import pytest

from core.errors import BadInput
from core.jobs import in_silence
from core.monitoring.baselines import files_of
from core.monitoring.drift import backtest
from core.monitoring.drift.service import NO_BASELINE
from core.records.drift import DriftBacktest, DriftSettings
from core.records.window import Window
from core.services import Services
from tests.support.expect import raises
from tests.support.observing import BASELINE, STOP, attacked, captures, clean
from tests.support.records import NOON

SECOND = timedelta(seconds=1)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def run_backtest(
    signwatch: Services,
    threshold: float = 10_000,
    window: Window = HOUR,
    *,
    cancelled: bool = False,
) -> DriftBacktest:
    settings = DriftSettings(threshold)
    return signwatch.drift.backtest(window, settings, in_silence, lambda: cancelled)


def put(signwatch: Services, *class_ids: int, **changes: object) -> None:
    """Ten predictions a second from noon on."""
    signwatch.monitoring.baselines.add(files_of(BASELINE), origin="a test")
    signwatch.log.append(captures(class_ids, NOON, **changes), [])


def test_a_backtest_alarms_where_the_live_detector_did(signwatch: Services) -> None:
    put(signwatch, *clean(300), *attacked(60))
    signwatch.log.database.rows(
        "UPDATE log.baselines_in_force SET chosen_at = ?", [NOON.replace(tzinfo=None)]
    )
    signwatch.drift._clock = lambda: NOON + 60 * SECOND
    assert signwatch.drift.catch_up()
    live = signwatch.drift.status()
    (alarm,) = run_backtest(signwatch).alarms
    decisive = [each for each in live.outcomes if each.decides and each.violations]
    assert [each.violations[0].description for each in decisive] == [alarm.description]
    assert alarm.class_id == STOP
    assert NOON + 30 * SECOND < alarm.at < NOON + 36 * SECOND


def test_the_larger_a_is_the_later_it_alarms_or_not_at_all(signwatch: Services) -> None:
    put(signwatch, *clean(300), *attacked(60), *clean(300, seed=3))
    found = [run_backtest(signwatch, threshold) for threshold in (100, 10_000, 1e12)]
    assert [len(each.alarms) for each in found] == [1, 1, 0]
    assert found[0].alarms[0].at < found[1].alarms[0].at
    assert {each.predictions for each in found} == {660}
    assert [each.threshold for each in found] == [100, 10_000, 1e12]


def test_an_attack_that_comes_back_alarms_again(signwatch: Services) -> None:
    put(signwatch, *attacked(60), *clean(2_500), *attacked(60, seed=5))
    found = run_backtest(signwatch)
    assert [alarm.class_id for alarm in found.alarms] == [STOP, STOP]


def test_how_it_is_read_makes_no_difference(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(signwatch, *clean(300), *attacked(60))
    whole = run_backtest(signwatch)
    monkeypatch.setattr(backtest, "AT_ONCE", 70)
    monkeypatch.setattr(backtest, "PIECE", 7)
    again = run_backtest(signwatch)
    assert [(each.at, each.description) for each in again.alarms] == [
        (each.at, each.description) for each in whole.alarms
    ]
    assert again.predictions == whole.predictions == 360


def test_its_e_values_are_thinned_and_keep_the_height_of_the_alarm(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest, "POINTS", 5)
    put(signwatch, *clean(300), *attacked(60))
    found = run_backtest(signwatch)
    for channel, decides in found.channels.items():
        own = [point for point in found.points if point.channel == channel]
        assert 1 <= len(own) <= 5
        assert [point.at for point in own] == sorted(point.at for point in own)
        if decides and channel != "confidence":
            assert max(point.e_value for point in own) >= 10_000


def test_it_keeps_and_reports_nothing(signwatch: Services) -> None:
    put(signwatch, *attacked(60))
    run_backtest(signwatch)
    assert signwatch.monitoring.executions(9) == []
    assert signwatch.log.database.rows("SELECT count(*) FROM log.stream_state") == [(0,)]
    assert signwatch.drift.e_values(HOUR) == []


def test_what_was_imported_and_what_lies_outside_is_left_out(signwatch: Services) -> None:
    put(signwatch, *attacked(60), model_sha256=None)
    assert run_backtest(signwatch).predictions == 0
    put(signwatch, *clean(20))
    assert run_backtest(signwatch, window=Window(NOON, NOON + SECOND)).predictions == 10


def test_cancelled_it_reads_no_further(signwatch: Services) -> None:
    put(signwatch, *clean(20))
    assert run_backtest(signwatch, cancelled=True).predictions == 0


def test_it_needs_a_baseline(signwatch: Services) -> None:
    with raises(BadInput, NO_BASELINE):
        run_backtest(signwatch)
