"""Retention: what is deleted, what stays, and that space is given back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records.captures import Capture, Provenance, StoredImage
from core.records.execution_log import ExecutionLog
from core.records.monitoring import MonitorSettings
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, Verdict
from core.records.window import now
from core.store import CaptureLog, ExecutionsTable
from core.store.address import FileAddress
from core.store.images import ImagesTable
from core.store.retention import SPARED, Removed, Retention
from tests.core.store.test_log import add_unreadable
from tests.support.records import make_capture, make_execution, make_image

EVERYTHING = CaptureFilter()
LATER = now() + timedelta(days=30)  # the images of the tests are old by then
DAY = timedelta(days=1)


def ids(log: CaptureLog) -> set[str]:
    return {item.capture.capture_id for item in log.find(EVERYTHING, limit=100_000)}


def image_names(log: CaptureLog) -> set[str]:
    return {row[0] for row in log.database.rows("SELECT sha256 FROM log.images")}


def aged(
    days: float, image: StoredImage | None = None, clean: StoredImage | None = None
) -> Capture:
    """A capture that is as old at LATER, with its image and the clean one that it was made of."""
    return make_capture(
        image,
        inferred_at=LATER - timedelta(days=days),
        provenance=Provenance(clean_sha256=clean.sha256 if clean else None),
    )


# Age


def test_what_is_too_old_goes_and_the_rest_stays(log: CaptureLog) -> None:
    shared, old, young, clean = (make_image(seed) for seed in range(4))
    gone = [aged(11, old), aged(10.001, shared)]
    kept = [aged(9.999, shared), aged(1, young, clean), aged(0)]
    log.append([*gone, *kept], [shared, old, young, clean])
    removed = Retention(log.database, days=10, gigabytes=0).apply(LATER)
    assert removed == Removed(captures=2, images=1, unreadable=0)
    assert ids(log) == {capture.capture_id for capture in kept}
    assert image_names(log) == {image.sha256 for image in (shared, young, clean)}
    assert log.image(shared.sha256) == shared
    assert Retention(log.database, days=10, gigabytes=0).apply(LATER) == Removed()


ages = st.floats(0, 20)
numbers = st.none() | st.integers(0, 5)


@settings(max_examples=8)
@given(st.lists(st.tuples(ages, numbers, numbers), max_size=16), st.floats(0.02, 20))
def test_exactly_what_is_older_goes_with_the_images_that_nothing_names(
    shared_log: CaptureLog, drawn: list[tuple[float, int | None, int | None]], days: float
) -> None:
    with shared_log.database.transaction() as transaction:
        for table in ("captures", "images"):
            transaction.execute(f"DELETE FROM log.{table}")
    shared_log.image_table = ImagesTable(shared_log.database)  # which remembers no image
    images = [make_image(seed) for seed in range(6)]

    def pick(number: int | None) -> StoredImage | None:
        return None if number is None else images[number]

    captures = [aged(age, pick(own), pick(clean)) for age, own, clean in drawn]
    shared_log.append(captures, images)
    cutoff = LATER - timedelta(days=days)
    kept = [capture for capture in captures if capture.inferred_at >= cutoff]
    named = {capture.image_sha256 for capture in kept}
    named |= {capture.provenance.clean_sha256 for capture in kept}
    removed = Retention(shared_log.database, days=days, gigabytes=0).apply(LATER)
    assert removed.captures == len(captures) - len(kept)
    assert ids(shared_log) == {capture.capture_id for capture in kept}
    if removed.captures:
        assert image_names(shared_log) == {image.sha256 for image in images} & named
    else:
        assert removed == Removed()


def test_images_that_came_later_than_their_captures_go_with_them(log: CaptureLog) -> None:
    """As imports bring them; at LATER they are a month old, and their captures are older."""
    old, clean, young = (make_image(seed) for seed in range(3))
    log.append([aged(70, old, clean), aged(50, young)], [old, clean, young])
    removed = Retention(log.database, days=60, gigabytes=0).apply(LATER)
    assert removed == Removed(captures=1, images=2)
    assert image_names(log) == {young.sha256}


def test_what_has_just_been_written_is_spared(log: CaptureLog) -> None:
    image, reference = make_image(0), make_image(1)
    at = now()
    young = make_capture(image, inferred_at=at - SPARED / 2)
    old = make_capture(image, inferred_at=at - 2 * SPARED)
    log.append([young, old], [image, reference])
    removed = Retention(log.database, days=1e-9, gigabytes=1e-9).apply(at)
    assert removed == Removed(captures=1)
    assert ids(log) == {young.capture_id}
    assert image_names(log) == {image.sha256, reference.sha256}


def test_verdicts_executions_and_settings_stay(log: CaptureLog) -> None:
    capture, execution = aged(100), make_execution()
    log.append([capture], [])
    decision = Decision(capture.capture_id, Verdict.UNREADABLE, None, "", "ada", LATER)
    log.verdicts.add([decision])
    ExecutionsTable(log.database).keep(execution, ExecutionLog(()))
    log.set_monitor_settings(MonitorSettings(0.25, 5), LATER)
    Retention(log.database, days=1, gigabytes=0).apply(LATER)
    assert ids(log) == set()
    assert [each.decision for each in log.verdicts.of(capture.capture_id)] == [decision]
    assert log.executions(9) == [execution]
    assert log.monitor_settings() == MonitorSettings(0.25, 5)


def test_unreadable_records_age_like_captures(log: CaptureLog) -> None:
    for moment in (LATER - 3 * DAY, LATER - DAY, None):
        add_unreadable(log, "signwatch", moment)
    retention = Retention(log.database, days=2, gigabytes=0)
    assert retention.apply(LATER) == Removed(unreadable=1)

    def times() -> list[tuple[datetime | None]]:
        return log.database.rows("SELECT inferred_at FROM log.unreadable ORDER BY inferred_at")

    young = (LATER - DAY).replace(tzinfo=None)
    assert times() == [(young,), (None,)]  # the file of the last one was never imported to its end
    with log.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO log.imports BY NAME SELECT 'a.jsonl' AS path, 1 AS bytes, '' AS sha256, "
            "1 AS lines, 0 AS stored, 0 AS repeated, 1 AS unreadable, 0 AS ground_truth, "
            "?::TIMESTAMP AS imported_at",
            [(LATER - 3 * DAY).replace(tzinfo=None)],
        )
    assert retention.apply(LATER) == Removed(unreadable=1)
    assert times() == [(young,)]


def test_no_limit_deletes_nothing(log: CaptureLog) -> None:
    log.append([aged(36_000)], [make_image()])
    assert Retention(log.database, days=0, gigabytes=0).apply(LATER) == Removed()
    assert (log.count(EVERYTHING), len(image_names(log))) == (1, 1)


# Size


@pytest.fixture
def large_log(tmp_path: Path) -> Iterator[tuple[CaptureLog, list[Capture]]]:
    """16,384 captures, an hour apart, each with an image of 2,000 random bytes."""
    log = CaptureLog(FileAddress(tmp_path / "log.duckdb", row_group_size=2048))
    random = np.random.default_rng(0)
    images = [
        StoredImage(f"{number:064x}", "image/png", random.bytes(2000), 1, 1)
        for number in range(16_384)
    ]
    captures = [
        make_capture(image, inferred_at=LATER - timedelta(hours=len(images) - number))
        for number, image in enumerate(images)
    ]
    for start in range(0, len(images), 2048):
        log.append(captures[start : start + 2048], images[start : start + 2048])
    yield log, captures
    log.close()


def test_the_oldest_go_until_the_log_is_small_enough(
    large_log: tuple[CaptureLog, list[Capture]], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, captures = large_log
    log.maintain()
    before, rounds = log.database.bytes_used(), []
    assert before > 32e6
    maintain = log.database.maintain
    monkeypatch.setattr(log.database, "maintain", lambda: rounds.append(maintain()))
    removed = Retention(log.database, days=0, gigabytes=before / 2 / 1e9).apply(LATER)
    assert len(rounds) <= 10  # the first one deletes half
    after = log.database.bytes_used()
    assert before / 4 < after <= before / 2
    assert removed.captures == removed.images > 8192 - 2048
    newest = {capture.capture_id for capture in captures[removed.captures :]}
    assert ids(log) == newest
    assert Retention(log.database, days=0, gigabytes=before / 2 / 1e9).apply(LATER) == Removed()
    assert Retention(log.database, days=10, gigabytes=0).apply(LATER).captures > 4096
    assert log.database.bytes_used() < after / 2  # what is too old gives its space back too


def test_a_limit_below_everything_leaves_what_is_spared(log: CaptureLog) -> None:
    young = make_capture(make_image(0), inferred_at=LATER)
    log.append(
        [aged(5, make_image(1)), aged(6, make_image(2)), young], [make_image(n) for n in range(3)]
    )
    removed = Retention(log.database, days=0, gigabytes=1e-9).apply(LATER)
    assert removed == Removed(captures=2, images=2)
    assert ids(log) == {young.capture_id}


def test_a_gigabyte_has_a_billion_bytes(log: CaptureLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.append([aged(6), aged(5)], [])
    used = [10**9, 10**9 + 1, 0]
    monkeypatch.setattr(log.database, "bytes_used", lambda: used.pop(0))
    retention = Retention(log.database, days=0, gigabytes=1)
    assert retention.apply(LATER) == Removed()
    assert retention.apply(LATER) == Removed(captures=1)


def test_removed_rows_add_up() -> None:
    assert Removed(1, 2, 3) + Removed(4, 5, 6) == Removed(5, 7, 9)
    assert not Removed()
    assert Removed(unreadable=1)
