"""Looks stand beside captures, come with them, and go with them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.capture.writer import capture_id
from core.records.drift import LOOK
from core.records.window import Window
from core.store import BaselinesTable, CaptureLog, DriftTable
from core.store.looks import first_id, ids_between
from core.store.retention import Retention
from tests.support.records import NOON, make_capture

HOUR = timedelta(hours=1)
NAMES = [f"{n}" for n in range(3)]
CAPTURES = [
    make_capture(event_id=name, inference_id=name, inferred_at=NOON + int(name) * HOUR)
    for name in NAMES
]
FIRST, SECOND, THIRD = (each.capture_id for each in CAPTURES)
LOOKS = {
    FIRST: np.arange(LOOK).astype(np.float16) / 4,
    THIRD: -np.arange(LOOK).astype(np.float16),
    "of no capture": np.zeros(LOOK, np.float16),
}
EXPECTED = np.stack([LOOKS[FIRST], np.full(LOOK, np.nan), LOOKS[THIRD]])


@pytest.fixture
def filled(log: CaptureLog) -> CaptureLog:
    log.append(CAPTURES, [], LOOKS)
    return log


def test_they_come_with_the_predictions(filled: CaptureLog) -> None:
    table, end = DriftTable(filled.database), NOON + 3 * HOUR
    seen, _ = table.predictions(NOON, end, limit=9)
    for found in (seen, table.latest(NOON, end, limit=9)):
        np.testing.assert_array_equal(found.looks, EXPECTED)
    part, _ = table.predictions(NOON + HOUR, end, limit=9)
    np.testing.assert_array_equal(part.looks, EXPECTED[1:])
    made = BaselinesTable(filled.database).predictions(Window(NOON, end))
    np.testing.assert_array_equal(made.looks, EXPECTED)


def test_a_retry_leaves_one(filled: CaptureLog) -> None:
    filled.append(CAPTURES[:1], [], LOOKS)
    assert filled.database.rows("SELECT capture_id::VARCHAR FROM log.looks ORDER BY ALL") == [
        (FIRST,),
        (THIRD,),
    ]


def test_one_that_stands_there_twice_doubles_no_prediction(filled: CaptureLog) -> None:
    filled.database.rows("INSERT INTO log.looks SELECT * FROM log.looks")
    seen, _ = DriftTable(filled.database).predictions(NOON, NOON + 3 * HOUR, limit=9)
    np.testing.assert_array_equal(seen.looks, EXPECTED)


def test_one_that_is_damaged_is_not_known(filled: CaptureLog) -> None:
    filled.database.rows("UPDATE log.looks SET look = look[1:7] WHERE capture_id = ?", [FIRST])
    seen, _ = DriftTable(filled.database).predictions(NOON, NOON + 3 * HOUR, limit=9)
    assert np.isnan(seen.looks[0]).all()
    np.testing.assert_array_equal(seen.looks[2], LOOKS[THIRD])


def test_they_go_with_their_captures(filled: CaptureLog) -> None:
    Retention(filled.database, days=1, gigabytes=0).apply(NOON + 25 * HOUR)
    assert filled.database.rows("SELECT capture_id::VARCHAR FROM log.looks") == [(THIRD,)]


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 2, 14, 12, 0, 0, 999_999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1960, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_the_id_of_a_capture_lies_where_its_time_does(at: datetime) -> None:
    own = capture_id("signwatch", "AllTraffic", "e", 0, at)
    assert first_id(at) <= own
    low, high = ids_between(at, at)
    assert low <= own <= high
    if at.year == 2026:
        assert own < first_id(at + timedelta(milliseconds=1))
        assert ids_between(at - HOUR, at - timedelta(milliseconds=1))[1] < own
