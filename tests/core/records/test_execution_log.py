"""The log of a run: lines with their time, records that come back as they were."""

from datetime import UTC, datetime

from core.records.execution_log import RunLog, UnreadableRecord
from tests.support.records import NOON


def test_every_line_has_the_time_at_which_it_was_written() -> None:
    times = iter([NOON, NOON.replace(second=1, microsecond=500)])
    log = RunLog(lambda: next(times))
    log.write("first")
    log.write("second")
    assert log.lines() == (
        "2026-02-14 12:00:00.000000 UTC  first",
        "2026-02-14 12:00:01.000500 UTC  second",
    )


def test_without_a_clock_it_is_the_time_of_now() -> None:
    log = RunLog()
    log.write("now")
    (line,) = log.lines()
    written = datetime.strptime(line.partition(" UTC")[0], "%Y-%m-%d %H:%M:%S.%f")
    assert abs(datetime.now(UTC).replace(tzinfo=None) - written).total_seconds() < 60


def test_an_unreadable_record_comes_back_as_it_was_written() -> None:
    record = UnreadableRecord("cars/a.jsonl", 3, NOON, "no JSON", "{")
    assert record.to_json()["inferred_at"] == "2026-02-14T12:00:00+00:00"
    assert UnreadableRecord.from_json(record.to_json()) == record
