"""Several processes on one shared log: all come up, nothing is lost, nothing doubled."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.monitoring.evaluate import evaluate
from core.records.captures import Capture
from core.records.monitoring import Execution, Trigger
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.settings import ROOT
from core.store import CaptureLog
from core.store.address import LakeAddress
from core.store.schema import MIGRATIONS
from tests.support.postgres import Server
from tests.support.records import NOON, comparable
from tests.support.writer import IMAGES, PROCESSES, REQUESTS, traffic

HOUR = Window(NOON, NOON + timedelta(hours=1))


def everything(log: CaptureLog) -> list[Capture]:
    items = log.find(CaptureFilter(), limit=10_000)
    return sorted((item.capture for item in items), key=lambda capture: capture.capture_id)


def execution(log: CaptureLog, window: Window) -> Execution:
    figures = log.window_figures(window, low_confidence=0.5)
    done = evaluate(window, figures, threshold=0.3, trigger=Trigger.MANUAL, started_at=NOON)
    return replace(done, execution_id="", ended_at=NOON)


@pytest.fixture(scope="module")
def lake(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaptureLog]:
    """A log that three processes started on while it was empty, and filled at once."""
    address = LakeAddress(postgres.new_database(), str(tmp_path_factory.mktemp("lake")))
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.writer", str(number), address.data],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:  # all of them before the first is waited for
        process.stdin.write(address.conninfo)
        process.stdin.close()
    for process in processes:
        assert process.wait() == 0, process.stderr.read()
        process.stderr.close()
    log = CaptureLog(address)
    yield log
    log.close()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaptureLog]:
    """The same captures, written by one process into a file."""
    log = CaptureLog(tmp_path_factory.mktemp("file") / "log.duckdb")
    for number in range(PROCESSES):
        log.append(traffic(number), IMAGES)
    yield log
    log.close()


def test_nothing_is_lost_and_nothing_is_doubled(lake: CaptureLog, embedded: CaptureLog) -> None:
    assert len(everything(lake)) == PROCESSES * REQUESTS
    assert comparable(everything(lake)) == comparable(everything(embedded))


def test_the_schema_was_made_once(lake: CaptureLog) -> None:
    versions = lake.database.rows("SELECT version FROM log.migrations ORDER BY version")
    assert versions == [(n,) for n in range(1, len(MIGRATIONS) + 1)]


def test_an_image_that_several_processes_wrote_is_read_once(lake: CaptureLog) -> None:
    names = [image.sha256 for image in IMAGES]
    assert lake.images(names) == {image.sha256: image for image in IMAGES}
    assert [lake.image(name) for name in names] == IMAGES
    counts = lake.database.rows("SELECT count(*) FROM log.images GROUP BY sha256")
    assert counts == [(PROCESSES,)] * len(IMAGES)  # once by each process


@pytest.mark.parametrize("endpoint", [None, "signwatch", "cars", "unknown"])
def test_the_monitor_finds_the_same_as_in_a_file(
    lake: CaptureLog, embedded: CaptureLog, endpoint: str | None
) -> None:
    for window in (HOUR, replace(HOUR, end=NOON + timedelta(seconds=20))):
        chosen = replace(window, endpoint=endpoint)
        assert execution(lake, chosen) == execution(embedded, chosen)
        assert lake.counts_over_time(chosen, 10) == embedded.counts_over_time(chosen, 10)


def test_an_execution_over_the_hour_names_the_violation(lake: CaptureLog) -> None:
    counts = lake.window_figures(HOUR, low_confidence=0.5).counts
    expected = [each for number in range(PROCESSES) for each in traffic(number)]
    stops = sum(capture.class_id == 14 for capture in expected)
    predicted = sum(capture.class_id is not None for capture in expected)
    assert (counts[14], sum(counts.values())) == (stops, predicted)
    assert execution(lake, HOUR).message == (
        f"CompletedWithViolations: Class 14 predicted {stops / predicted:.2%} of the time: "
        "Exceeded 30.00% threshold"
    )


def test_maintenance_changes_nothing_that_is_read(lake: CaptureLog) -> None:
    before = comparable(everything(lake))
    for _ in range(2):
        lake.maintain()
    assert comparable(everything(lake)) == before
    assert lake.database.bytes_used() > 0
    data = Path(lake.database.address.data)
    files = [path.relative_to(data).parts for path in data.glob("main/captures/**/*.parquet")]
    assert {parts[2:-1] for parts in files} == {("year=2026", "month=2", "day=14")}
