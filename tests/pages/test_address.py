"""What pages read from an address."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core.errors import BadInput
from pages._shared import address
from tests.support.records import NOON


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server in that time zone."""
    with monkeypatch.context() as environment:
        environment.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "text",
    [
        "2026-02-14T12:00",
        "2026-02-14T12:00:00Z",
        "2026-02-14T13:00:00+01:00",
        "20260214T120000.000000Z",
    ],
)
def test_a_time_is_in_utc_wherever_the_server_stands(text: str) -> None:
    assert address.time(text) == NOON
    assert address.written(address.time(text)) == "20260214T120000.000000Z"


def test_a_time_is_written_to_the_microsecond() -> None:
    moment = datetime(2026, 2, 14, 12, 0, 0, 7, tzinfo=UTC)
    assert address.written(moment) == "20260214T120000.000007Z"
    assert address.time(address.written(moment)) == moment


@pytest.mark.parametrize(("text", "found"), [("1", 1), ("7", 7), ("043", 43)])
def test_both_ends_of_a_number_count(text: str, found: int) -> None:
    assert address.number(1, 43)(text) == found


@pytest.mark.parametrize("text", ["0", "44", "-1", "1.0", "²", "1" * 10, "٣"])
def test_what_is_no_number_of_the_range_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        address.number(1, 43)(text)


def test_what_can_be_read_counts_beside_what_cannot() -> None:
    readers = {"low": address.number(0, 9), "high": address.number(0, 9), "q": address.text}
    values, problems = address.read({"low": "x", "high": " 3 ", "q": "", "more": "1"}, readers)
    assert values == {"high": 3}
    assert problems == [
        "`low` in the address must be a whole number in 0..9, got `x`; it is left out"
    ]
