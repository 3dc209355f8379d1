"""A full disk: refused before it is full, survived where it fills up all the same."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.capture.writer import Capturer
from core.errors import Unavailable
from core.records.captures import StoredImage
from core.records.queries import CaptureFilter
from core.store import CaptureLog, connection, place
from core.store.place import Room
from tests.support.expect import raises
from tests.support.records import make_capture, make_image

EVERYTHING = CaptureFilter()


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """As on a disk without room: what would make a file larger fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def large(seed: int) -> StoredImage:
    """An image of half a megabyte that does not shrink."""
    image = make_image(seed)
    content = (image.content * (500_000 // len(image.content) + 1))[:500_000]
    return StoredImage(f"{seed:064d}", "image/png", content + bytes([seed]), 32, 32)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CaptureLog]:
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0)
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


def test_it_answers_again_once_there_is_room(log: CaptureLog, tmp_path: Path) -> None:
    """Nothing that was answered is lost, nothing that failed is there."""
    capturer, stored, failed = Capturer(log), [], []
    with no_file_larger_than(4_000_000):
        for number in range(60):
            image = large(number)
            capture = make_capture(image)
            try:
                capturer.store([capture], [image])
            except Unavailable:
                failed.append(capture.capture_id)
                if len(failed) == 3:
                    break
            else:
                stored.append(capture.capture_id)
    assert stored
    assert len(failed) == 3
    image = large(99)
    capture = make_capture(image)
    capturer.store([capture], [image])
    kept = {item.capture.capture_id for item in log.find(EVERYTHING, limit=1000)}
    assert kept == {*stored, capture.capture_id}
    assert log.image(image.sha256) == image
    for file in tmp_path.glob("log.duckdb*"):  # as a crash leaves it
        shutil.copy(file, tmp_path / file.name.replace("log", "crashed"))
    crashed = CaptureLog(tmp_path / "crashed.duckdb")
    assert crashed.count(EVERYTHING) == len(kept)
    crashed.close()
    capturer.close()


def test_what_is_durable_though_its_checkpoint_failed_is_answered(
    log: CaptureLog, tmp_path: Path
) -> None:
    """DuckDB commits, then checkpoints; only the second half fails, and nobody hears of it."""
    log.maintain()
    log.database.rows("SET GLOBAL wal_autocheckpoint = '1KB'")
    sent = []
    with no_file_larger_than((tmp_path / "log.duckdb").stat().st_size + 600_000):
        while not log.database._connection._broken:
            image = large(len(sent))
            sent.append(make_capture(image))
            log.append([sent[-1]], [image])
    assert "has been invalidated" in log.database._connection._broken
    kept = {item.capture.capture_id for item in log.find(EVERYTHING, limit=99)}
    assert kept == {each.capture_id for each in sent}
    assert log.database.reopened == 1


def test_it_is_refused_before_the_disk_is_full(
    log: CaptureLog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    capture = make_capture()
    log.append([capture], [])
    monkeypatch.setattr(place.Room, "of", lambda folder, reserve: Room(folder, 99_000_000, 10**8))
    refusal = (
        f"the disk of the capture log is full up to its reserve: 99 MB are free in {tmp_path}, "
        "and 100 MB are kept (SIGNWATCH_DISK_RESERVE). Free some space, or let old captures go "
        "(SIGNWATCH_RETENTION_DAYS). Requests are answered again as soon as there is room"
    )
    with raises(Unavailable, refusal):
        log.append([make_capture()], [])
    with raises(Unavailable, refusal):
        log.check_writable()
    with log.database.transaction() as transaction:  # what gives space back has the reserve
        transaction.execute("DELETE FROM log.captures")
    assert log.count(EVERYTHING) == 0
    monkeypatch.undo()
    log.append([capture], [])
    assert log.count(EVERYTHING) == 1


@pytest.mark.parametrize(("free", "low"), [(0, True), (199, True), (200, False), (999, False)])
def test_a_disk_that_fills_up_is_named_in_time(free: int, low: bool) -> None:
    room = Room(Path("/logs"), free * 1_000_000, 100_000_000)
    assert bool(room.low) == low
    if low:
        assert room.low == (
            f"the disk of the capture log fills up: {free} MB are free in /logs, and requests are "
            "refused below 100 MB (SIGNWATCH_DISK_RESERVE)"
        )


def test_a_reserve_is_a_tenth_of_a_disk_at_most(tmp_path: Path) -> None:
    small, all_of_it = Room.of(tmp_path, 1), Room.of(tmp_path, 2**60)
    assert small.reserve == 1
    assert 0 < all_of_it.reserve < 2**60
    assert Room(tmp_path, 1, 1).check() is None
    Room.of(tmp_path, 0).check()
