"""Requests in stretches before a window."""

from datetime import timedelta

import pytest

from core.records.captures import Provenance
from core.records.monitoring import VOLUME, Outcome, RuleState
from core.records.window import Window
from core.store import CaptureLog, ExecutionsTable, VolumeTable, volume
from tests.support.records import NO_PREDICTION, NOON, make_capture, make_execution

MINUTE = timedelta(minutes=1)
WINDOW = Window(NOON, NOON + MINUTE)


@pytest.fixture(params=["in ranges", "grouped"])
def table(
    log: CaptureLog, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> VolumeTable:
    """Both ways of counting."""
    if request.param == "grouped":
        monkeypatch.setattr(volume, "RANGES", -1)
    return VolumeTable(log.database)


def put(log: CaptureLog, *minutes: float, **changes: object) -> None:
    """One capture that many minutes before the window, each."""
    log.append([make_capture(inferred_at=NOON - n * MINUTE, **changes) for n in minutes], [])


def test_each_stretch_is_counted_the_latest_first(log: CaptureLog, table: VolumeTable) -> None:
    put(log, 0.5, 1, 1.5, 1.7, 3.1, 4.2, 0, -0.5)
    assert table.before(WINDOW, 99) == [2, 2, 0, 1]
    assert table.before(WINDOW, 3) == [2, 2, 0]


def test_only_stretches_that_lie_whole_behind_the_first_request(
    log: CaptureLog, table: VolumeTable
) -> None:
    assert table.before(WINDOW, 99) == []
    put(log, -0.5)
    assert table.before(WINDOW, 99) == []
    put(log, 0.5)
    assert table.before(WINDOW, 99) == []
    put(log, 1)
    assert table.before(WINDOW, 99) == [2]


def test_an_endpoint_of_its_own(log: CaptureLog, table: VolumeTable) -> None:
    put(log, 0.5, 1.5, 9.5)
    put(log, 0.5, 0.6, 2.5, endpoint="cars")
    assert table.before(Window(NOON, NOON + MINUTE, "cars"), 99) == [2, 0]
    assert table.before(WINDOW, 2) == [3, 1]


def test_what_counts_in_a_window_counts_before_it(log: CaptureLog, table: VolumeTable) -> None:
    put(log, 0.5, **NO_PREDICTION)
    assert table.before(WINDOW, 9) == []
    log.database.rows(
        "INSERT INTO log.unreadable VALUES ('p', 1, 'e', 'v', TIMESTAMP '2026-02-14 11:58:30', "
        "'r', 'c')"
    )
    assert table.before(WINDOW, 9) == [0]
    put(log, 0.5)
    assert table.before(WINDOW, 9) == [1]


def test_what_drills_sent_is_no_traffic(log: CaptureLog, table: VolumeTable) -> None:
    put(log, 0.5, 2.5, 2.5)
    put(log, 0.5, 1.5, 9.5, provenance=Provenance("drill/one/1"))
    assert table.before(WINDOW, 99) == [1, 0]


def test_a_window_as_long_as_time_has_none_before_it(log: CaptureLog, table: VolumeTable) -> None:
    put(log, 1)
    ages = Window(NOON - timedelta(days=700_000), NOON)
    assert table.before(ages, 14) == []


# Stretches in which the rule was violated


def violated(
    log: CaptureLog,
    minutes: float,
    *,
    state: RuleState = RuleState.VIOLATED,
    rule: str = VOLUME,
    endpoint: str | None = None,
) -> None:
    """A run over the minute that ends so many minutes before the window."""
    end = NOON - minutes * MINUTE
    run = make_execution(
        window=Window(end - MINUTE, end, endpoint), outcomes=(Outcome(rule, state, 0.0, 0.0, ""),)
    )
    ExecutionsTable(log.database).begin(run)


def test_stretches_in_which_the_volume_was_violated_are_left_out(
    log: CaptureLog, table: VolumeTable
) -> None:
    put(log, 0.5, 1.5, 1.6, 2.5, 4, 5, 6, 7)
    violated(log, 1)
    violated(log, 0, state=RuleState.HOLDS)
    violated(log, 2, rule="class share")
    violated(log, 3, endpoint="cars")
    assert table.before(WINDOW, 9) == [1, None, 1, 1, 1, 1, 1]
    violated(log, 3.5)  # it overlaps with two
    assert table.before(WINDOW, 9) == [1, None, 1, None, None, 1, 1]


def test_where_most_of_the_latest_day_are_violated_traffic_has_changed(
    log: CaptureLog, table: VolumeTable
) -> None:
    put(log, 0.5, 1.5, 2.5, 4, 5)
    for minutes in (0, 1):
        violated(log, minutes)
    assert table.before(WINDOW, 9) == [None, None, 1, 1, 1]
    violated(log, 2)
    assert table.before(WINDOW, 9) == [1, 1, 1, 1, 1]
