"""The files of a log that are taken away while it is open: noticed, and forgiven."""

from pathlib import Path

import pytest

from core.errors import Unavailable
from core.records.queries import CaptureFilter
from core.store import CaptureLog, connection
from core.store.address import FileAddress, LakeAddress
from core.store.place import MARKER
from tests.support.expect import raises
from tests.support.postgres import Server, postgres
from tests.support.records import make_capture, make_image

__all__ = ["postgres"]

EVERYTHING = CaptureFilter()


@pytest.fixture
def lake(postgres: Server, tmp_path: Path) -> LakeAddress:
    return LakeAddress(postgres.new_database(), str(tmp_path / "lake"))


@pytest.mark.parametrize("another", [False, True], ids=["deleted", "replaced"])
def test_a_file_that_was_taken_away_takes_no_writes(tmp_path: Path, another: bool) -> None:
    path = tmp_path / "log.duckdb"
    log = CaptureLog(path)
    first, second = make_capture(), make_capture()
    log.append([first], [])
    path.rename(tmp_path / "away")
    if another:
        path.write_bytes(b"another")
    with raises(
        Unavailable,
        f"the capture log {path} takes no writes: its file was deleted or replaced while it was "
        "open. Put the file back. Or, before you start again, keep what is still open with "
        "`python -m core captures backup DIR`",
    ):
        log.append([second], [])
    assert log.count(EVERYTHING) == 1  # it can be read, and backed up
    (tmp_path / "away").replace(path)
    log.append([second], [])
    assert log.count(EVERYTHING) == 2
    log.close()


def test_what_is_opened_anew_is_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0)
    path = tmp_path / "log.duckdb"
    log = CaptureLog(path)
    log.append([make_capture()], [])
    path.rename(tmp_path / "away")
    log.database._connection._broken = "a fatal error"
    with pytest.raises(Unavailable, match="its file was deleted or replaced"):
        log.count(EVERYTHING)
    assert not path.exists()
    (tmp_path / "away").rename(path)
    assert log.count(EVERYTHING) == 1
    log.close()


@pytest.mark.parametrize("another", [False, True], ids=["away", "an empty one in its place"])
def test_a_folder_that_was_taken_away_takes_no_writes(
    lake: LakeAddress, tmp_path: Path, another: bool
) -> None:
    log = CaptureLog(lake)
    log.append([make_capture()], [])
    folder = Path(lake.data)
    folder.rename(tmp_path / "away")
    if another:
        folder.mkdir()
    for write in (lambda: log.append([make_capture()], []), log.maintain, log.check_writable):
        with raises(
            Unavailable,
            f"the capture log {lake} takes no writes: the folder of its data is not there, or is "
            "another one: its file .signwatch is gone. Mount it again, or put it back. Requests "
            "are answered again as soon as it is there",
        ):
            write()
    assert list(folder.iterdir()) == [] if another else not folder.exists()
    if another:
        folder.rmdir()
    (tmp_path / "away").rename(folder)
    log.append([make_capture()], [])
    assert log.count(EVERYTHING) == 2
    log.close()


def test_a_lake_does_not_start_over_an_empty_folder(lake: LakeAddress, tmp_path: Path) -> None:
    log = CaptureLog(lake)
    captures = [make_capture(make_image(seed)) for seed in range(3)]
    log.append(captures, [make_image(seed) for seed in range(3)])
    log.maintain()  # into files
    log.close()
    folder = Path(lake.data)
    folder.rename(tmp_path / "away")
    folder.mkdir()
    with raises(
        Unavailable,
        f"the capture log {lake} cannot be opened: {folder} holds none of its files. Mount it "
        "again, or put it back. Requests are answered again as soon as it is there",
    ):
        CaptureLog(lake)
    assert list(folder.iterdir()) == []
    folder.rmdir()
    (tmp_path / "away").rename(folder)
    (folder / MARKER).unlink()  # as an earlier version leaves it
    log = CaptureLog(lake)
    assert (folder / MARKER).exists()
    assert log.count(EVERYTHING) == 3
    log.close()


def test_a_marker_is_made_once(lake: LakeAddress) -> None:
    names = set()
    for _ in range(2):
        CaptureLog(lake).close()
        names.add((Path(lake.data) / MARKER).read_text())
    assert len(names) == 1


def test_a_bucket_has_no_marker() -> None:
    address = LakeAddress("dbname=a", "s3://b/c")
    assert address.folder is None
    assert address.identity() == address.identity() == "s3://b/c"
    assert FileAddress(Path("/nowhere/log")).identity() is None
