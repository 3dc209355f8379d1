"""Rows of the log: times, packed lists, and the window of a capture id."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from core.capture.writer import capture_id
from core.records.queries import CaptureFilter
from core.store import rows
from tests.support.records import NOON, make_capture, make_prediction


def test_times_are_kept_in_utc_without_a_zone() -> None:
    berlin = datetime(2026, 2, 14, 13, tzinfo=timezone(timedelta(hours=1)))
    assert rows.naive(berlin) == datetime(2026, 2, 14, 12)
    assert rows.aware(datetime(2026, 2, 14, 12)) == datetime(2026, 2, 14, 12, tzinfo=UTC)


def test_lists_are_packed() -> None:
    assert rows.pack_words(["a", "\u00e9"]) == '["a", "\u00e9"]'
    assert np.array_equal(np.frombuffer(rows.pack_numbers([0.5, 1]), "<f4"), [0.5, 1])


def test_the_id_of_a_capture_tells_its_time() -> None:
    start, end = rows.id_window(capture_id("signwatch", "AllTraffic", "event", 0, NOON))
    assert start <= rows.naive(NOON) <= end
    assert end - start == 2 * rows.SLACK


@pytest.mark.parametrize("text", ["", "no id", "0" * 31])
def test_what_is_no_id_was_never_made(text: str) -> None:
    start, end = rows.id_window(text)
    assert start > end


def test_a_filter_becomes_one_test_a_field() -> None:
    assert rows.conditions(CaptureFilter()) == ("true", [])
    assert rows.conditions(CaptureFilter(class_id=14, flagged=False)) == (
        "true AND c.class_id = ? AND c.flagged = ?",
        [14, False],
    )


def test_a_row_becomes_the_capture_that_it_was() -> None:
    capture = make_capture(prediction=make_prediction(14, p_value=0.25))
    table = rows.captures_table([capture])
    read = rows.capture(tuple(table.to_pylist()[0].values()))
    assert (read.capture_id, read.inferred_at) == (capture.capture_id, capture.inferred_at)
    assert (read.class_id, read.suspicion) == (14, capture.suspicion)
    assert np.array_equal(read.probabilities, capture.probabilities)
