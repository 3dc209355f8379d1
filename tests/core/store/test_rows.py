"""Rows of the log: times, packed lists, captures."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from core.store import rows
from tests.support.records import make_capture, make_prediction


def test_times_are_kept_in_utc_without_a_zone() -> None:
    berlin = datetime(2026, 2, 14, 13, tzinfo=timezone(timedelta(hours=1)))
    assert rows.naive(berlin) == datetime(2026, 2, 14, 12)
    assert rows.aware(datetime(2026, 2, 14, 12)) == datetime(2026, 2, 14, 12, tzinfo=UTC)


def test_lists_are_packed() -> None:
    assert rows.pack_words(["a", "\u00e9"]) == '["a", "\u00e9"]'
    assert np.array_equal(np.frombuffer(rows.pack_numbers([0.5, 1]), "<f4"), [0.5, 1])


def test_a_row_becomes_the_capture_that_it_was() -> None:
    capture = make_capture(prediction=make_prediction(14, p_value=0.25))
    table = rows.captures_table([capture])
    read = rows.capture(tuple(table.to_pylist()[0].values()))
    assert (read.capture_id, read.inferred_at) == (capture.capture_id, capture.inferred_at)
    assert (read.class_id, read.suspicion) == (14, capture.suspicion)
    assert np.array_equal(read.probabilities, capture.probabilities)
