"""A filter as SQL, and the window of a capture id."""

from datetime import UTC, datetime

import pytest

from core.capture.writer import capture_id
from core.records.queries import CaptureFilter
from core.store import filters, rows
from tests.support.records import NOON


def test_the_id_of_a_capture_tells_its_time() -> None:
    start, end = filters.id_window(capture_id("signwatch", "AllTraffic", "event", 0, NOON))
    assert start <= rows.naive(NOON) <= end
    assert end - start == 2 * filters.SLACK


@pytest.mark.parametrize("text", ["", "no id", "0" * 31])
def test_what_is_no_id_was_never_made(text: str) -> None:
    start, end = filters.id_window(text)
    assert start > end


def test_an_id_of_the_far_future_has_a_time() -> None:
    start, end = filters.id_window("f" * 32)
    assert start < end <= datetime.max
    assert start.year == 9999


def test_ids_of_before_1970_begin_alike() -> None:
    at = datetime(1969, 7, 20, 20, 17, tzinfo=UTC)
    start, end = filters.id_window(capture_id("signwatch", "AllTraffic", "event", 0, at))
    assert start <= rows.naive(at) <= end


def test_a_filter_becomes_one_test_a_field() -> None:
    assert filters.conditions(CaptureFilter()) == ("true", [])
    assert filters.conditions(CaptureFilter(class_id=14, flagged=False)) == (
        "true AND c.class_id = ? AND c.flagged = ?",
        [14, False],
    )
