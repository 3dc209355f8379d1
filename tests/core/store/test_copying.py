"""Backups: made while the log is open, proved, and put in place."""

from pathlib import Path

import duckdb
import pytest

from core.errors import BadInput, Unavailable
from core.records.queries import CaptureFilter
from core.store import CaptureLog
from core.store.copying import copy_log, prove, restore
from core.store.place import Room
from tests.support.expect import raises
from tests.support.records import comparable, make_capture, make_image

EVERYTHING = CaptureFilter()
IMAGES = [make_image(seed) for seed in range(3)]


def fill(log: CaptureLog) -> None:
    log.append([make_capture(image) for image in IMAGES], IMAGES)


def captures(log: CaptureLog) -> list[object]:
    found = [item.capture for item in log.find(EVERYTHING, limit=99)]
    return comparable(sorted(found, key=lambda capture: capture.capture_id))


def test_a_backup_is_the_log_as_it_was(log: CaptureLog, tmp_path: Path) -> None:
    fill(log)
    before = captures(log)
    made = copy_log(log.database, tmp_path / "backups" / "b.duckdb")
    log.append([make_capture()], [])
    assert {name: found.rows for name, found in made.tables.items() if found.rows} == {
        "captures": 3,
        "images": 3,
    }
    assert prove(made.path) == made
    assert restore(made.path, tmp_path / "new.duckdb").tables == made.tables
    again = CaptureLog(tmp_path / "new.duckdb")
    assert captures(again) == before
    assert again.images([image.sha256 for image in IMAGES]).keys() == {
        image.sha256 for image in IMAGES
    }
    assert copy_log(again.database, tmp_path / "c.duckdb").tables == made.tables
    again.close()
    assert log.count(EVERYTHING) == 4


def test_requests_go_on_while_it_is_made(log: CaptureLog, tmp_path: Path) -> None:
    fill(log)
    with log.database.reading() as transaction:
        assert transaction.rows("SELECT count(*) FROM log.captures") == [(3,)]
        fill(log)
        assert transaction.rows("SELECT count(*) FROM log.captures") == [(3,)]
    assert log.count(EVERYTHING) == 6


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM images WHERE rowid = 0", "images has 2 rows"),
        ("UPDATE captures SET class_id = 1 WHERE rowid = 0", "captures has 3 rows"),
    ],
)
def test_a_changed_backup_is_refused(
    log: CaptureLog, tmp_path: Path, change: str, found: str
) -> None:
    fill(log)
    path = copy_log(log.database, tmp_path / "b.duckdb").path
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)
    for attempt in (prove, lambda path: restore(path, tmp_path / "new.duckdb")):
        with pytest.raises(Unavailable) as caught:
            attempt(path)
        assert caught.value.problem.startswith(f"the backup {path} is damaged: {found} with ")
        assert caught.value.remedy == "Make another one, or take an earlier one"
    assert not (tmp_path / "new.duckdb").exists()


def test_a_log_is_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    CaptureLog(path).close()
    with raises(BadInput, f"{path} is no backup: `captures backup` makes one"):
        prove(path)
    with raises(BadInput, f"there is no backup {tmp_path / 'nowhere'}"):
        prove(tmp_path / "nowhere")


def test_nothing_is_written_over(log: CaptureLog, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("something")
    refusal = f"there is a file {there} already; choose another place"
    with raises(BadInput, refusal):
        copy_log(log.database, there)
    path = copy_log(log.database, tmp_path / "b.duckdb").path
    with raises(BadInput, refusal):
        restore(path, there)
    assert there.read_text() == "something"


def test_a_disk_without_room_for_it_is_left_alone(
    log: CaptureLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(log)
    log.maintain()
    monkeypatch.setattr(Room, "of", lambda folder, reserve: Room(folder, 0, reserve))
    with pytest.raises(Unavailable, match=r"and 0 MB are free in .*\. Choose another disk"):
        copy_log(log.database, tmp_path / "b.duckdb")
    assert not (tmp_path / "b.duckdb").exists()
