"""The stream detector over the past: what it said live it says again, and other A say other."""

from datetime import timedelta

import pytest

from core.errors import BadInput
from core.monitoring.baselines import files_of
from core.monitoring.drift import backtest
from core.monitoring.drift.backtest import StreamReplay
from core.monitoring.drift.service import NO_BASELINE
from core.records.drift import StreamSettings
from core.records.window import Window
from core.services import Services
from tests.support.expect import raises
from tests.support.observing import STOP, USUAL, attacked, captures, clean
from tests.support.records import NOON

SECOND = timedelta(seconds=1)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def silent(done: int, total: int, text: str) -> None:
    """Progress that nobody watches."""


def look_back(
    signwatch: Services, line: float = 10_000, window: Window = HOUR, *, cancelled: bool = False
) -> StreamReplay:
    settings = StreamSettings(line)
    return signwatch.stream.replay(window, settings, silent, lambda: cancelled)


def put(signwatch: Services, *class_ids: int, **changes: object) -> None:
    """Ten predictions a second from noon on."""
    signwatch.baselines.add(files_of(USUAL), origin="a test")
    signwatch.log.append(captures(class_ids, NOON, **changes), [])


def test_a_replay_alarms_where_the_live_watch_did(signwatch: Services) -> None:
    put(signwatch, *clean(300), *attacked(60))
    signwatch.log.database.rows(
        "UPDATE log.baselines_in_force SET chosen_at = ?", [NOON.replace(tzinfo=None)]
    )
    signwatch.stream._clock = lambda: NOON + 60 * SECOND
    assert signwatch.stream.catch_up()
    live = signwatch.stream.status()
    (alarm,) = look_back(signwatch).alarms
    decisive = [each for each in live.outcomes if each.decides and each.violations]
    assert [each.violations[0].description for each in decisive] == [alarm.description]
    assert alarm.class_id == STOP
    assert NOON + 30 * SECOND < alarm.at < NOON + 36 * SECOND


def test_the_larger_a_is_the_later_it_alarms_or_not_at_all(signwatch: Services) -> None:
    put(signwatch, *clean(300), *attacked(60), *clean(300, seed=3))
    found = [look_back(signwatch, line) for line in (100, 10_000, 1e12)]
    assert [len(each.alarms) for each in found] == [1, 1, 0]
    assert found[0].alarms[0].at < found[1].alarms[0].at
    assert {each.predictions for each in found} == {660}
    assert [each.line for each in found] == [100, 10_000, 1e12]


def test_an_attack_that_comes_back_alarms_again(signwatch: Services) -> None:
    put(signwatch, *attacked(60), *clean(2_500), *attacked(60, seed=5))
    found = look_back(signwatch)
    assert [alarm.class_id for alarm in found.alarms] == [STOP, STOP]


def test_how_it_is_read_makes_no_difference(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(signwatch, *clean(300), *attacked(60))
    whole = look_back(signwatch)
    monkeypatch.setattr(backtest, "AT_ONCE", 70)
    monkeypatch.setattr(backtest, "PIECE", 7)
    again = look_back(signwatch)
    assert [(each.at, each.description) for each in again.alarms] == [
        (each.at, each.description) for each in whole.alarms
    ]
    assert again.predictions == whole.predictions == 360


def test_its_evidence_is_thinned_and_keeps_the_height_of_the_alarm(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest, "POINTS", 5)
    put(signwatch, *clean(300), *attacked(60))
    found = look_back(signwatch)
    for channel, decides in found.decides.items():
        own = [point for point in found.points if point.channel == channel]
        assert 1 <= len(own) <= 5
        assert [point.at for point in own] == sorted(point.at for point in own)
        if decides and channel != "confidence":
            assert max(point.evidence for point in own) >= 10_000


def test_it_keeps_and_tells_nothing(signwatch: Services) -> None:
    put(signwatch, *attacked(60))
    look_back(signwatch)
    assert signwatch.log.executions(9) == []
    assert signwatch.log.database.rows("SELECT count(*) FROM log.stream_state") == [(0,)]
    assert signwatch.stream.evidence(HOUR) == []


def test_what_was_imported_and_what_lies_outside_is_left_out(signwatch: Services) -> None:
    put(signwatch, *attacked(60), model_sha256=None)
    assert look_back(signwatch).predictions == 0
    put(signwatch, *clean(20))
    assert look_back(signwatch, window=Window(NOON, NOON + SECOND)).predictions == 10


def test_cancelled_it_reads_no_further(signwatch: Services) -> None:
    put(signwatch, *clean(20))
    assert look_back(signwatch, cancelled=True).predictions == 0


def test_it_needs_a_baseline(signwatch: Services) -> None:
    with raises(BadInput, NO_BASELINE):
        look_back(signwatch)
