"""Damaged files of a log: named when it starts, listed, and copied as far as they can be read."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.errors import BadInput, NotFound, Unavailable
from core.records.captures import Capture
from core.records.queries import CaptureFilter
from core.store import CaptureLog
from core.store.look import check_readable
from core.store.salvage import Left, Salvaged, check, salvage
from core.store.wal import path_of
from tests.support.expect import raises
from tests.support.records import comparable, make_capture, make_image

EVERYTHING = CaptureFilter()
ADVICE = (
    "The file is damaged. `python -m core captures check` lists what cannot be read, and "
    "`python -m core captures salvage SOURCE TARGET` copies the rest to a new file"
)
MANY = 6000
IMAGE = make_image()
IN_FILE = [make_capture(IMAGE, event_id=f"file-{number}") for number in range(50)]
IN_WAL = [make_capture(IMAGE, event_id=f"wal-{number}") for number in range(3)]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a process that was killed: most of the log in the one, the end in the WAL."""
    folder = tmp_path_factory.mktemp("killed")
    log = CaptureLog(folder / "open.duckdb")
    log.append(IN_FILE, [IMAGE])
    log.maintain()
    for capture in IN_WAL:
        log.append([capture], [])
    path = folder / "log.duckdb"
    shutil.copy(folder / "open.duckdb", path)
    shutil.copy(path_of(folder / "open.duckdb"), path_of(path))
    log.close()
    return path


@pytest.fixture
def path(killed: Path, tmp_path: Path) -> Path:
    """Files of the test's own."""
    for file in killed.parent.glob("log.duckdb*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "log.duckdb"


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)


def kept(path: Path) -> list[Capture]:
    log = CaptureLog(path)
    found = [item.capture for item in log.find(EVERYTHING, limit=99)]
    log.close()
    return sorted(found, key=lambda capture: capture.event_id)


def whole(*captures: list[Capture]) -> list[Capture]:
    return sorted((c for each in captures for c in each), key=lambda capture: capture.event_id)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a log with blocks that hold nothing but probabilities."""
    path = tmp_path_factory.mktemp("large") / "log.duckdb"
    log = CaptureLog(path)
    scores = np.random.default_rng(0).dirichlet(np.ones(43), MANY).astype("<f4")
    first = make_capture()
    log.append(
        [replace(first, event_id=f"{k:05d}", probabilities=p) for k, p in enumerate(scores)], []
    )
    log.close()
    return path


@pytest.fixture
def damaged(large: Path, tmp_path: Path) -> Path:
    """A copy of it, with one of these blocks damaged."""
    path = Path(shutil.copy(large, tmp_path))
    with duckdb.connect(str(path)) as connection:
        blocks = connection.execute(
            "SELECT block_id FROM pragma_storage_info('captures') WHERE block_id >= 0 "
            "GROUP BY block_id HAVING max(column_name) = 'probabilities' "
            "AND min(column_name) = 'probabilities' ORDER BY block_id"
        ).fetchall()
    flip(path, 3 * 4096 + blocks[1][0] * 262_144 + 5000)
    return path


def test_a_whole_log_is_whole(path: Path) -> None:
    found = check(path)
    assert not found.damaged
    assert found.problems == ()
    assert (found.tables["captures"], found.tables["images"]) == (Left(53), Left(1))
    assert comparable(kept(path)) == comparable(whole(IN_FILE, IN_WAL))  # left as it was


def test_a_whole_log_is_copied_whole(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "log.duckdb"
    assert salvage(path, target) == check(path)
    assert comparable(kept(target)) == comparable(whole(IN_FILE, IN_WAL))


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_damaged_wal_is_named_and_read_up_to_there(
    path: Path, tmp_path: Path, place: float
) -> None:
    wal = path_of(path)
    size = wal.stat().st_size
    flip(wal, int(place * size))
    with pytest.raises(Unavailable) as caught:
        CaptureLog(path)
    assert str(caught.value).startswith(f"the capture log {path} cannot be opened")
    assert caught.value.remedy == ADVICE
    found = salvage(path, tmp_path / "new.duckdb")
    (problem,) = found.problems
    assert problem.startswith(f"{wal} is damaged: ")
    assert (
        f" of its {size:,} bytes are read, and what was committed after them is lost (" in problem
    )
    left = [each.event_id for each in kept(tmp_path / "new.duckdb")]
    expected = [each.event_id for each in whole(IN_FILE, IN_WAL)]
    assert left == expected[: len(left)]
    assert len(IN_FILE) <= len(left) < len(expected)


@pytest.mark.parametrize("byte", range(24))
def test_no_byte_of_the_wal_drops_commits_without_a_word(path: Path, byte: int) -> None:
    """Where the length of an entry is damaged, DuckDB says nothing."""
    flip(path_of(path), byte)
    with pytest.raises(Unavailable) as caught:
        CaptureLog(path)
    assert caught.value.remedy == ADVICE
    assert check(path).damaged


def test_a_wal_that_a_crash_cut_short_is_no_damage(path: Path) -> None:
    wal = path_of(path)
    wal.write_bytes(wal.read_bytes()[:-30])
    assert [each.event_id for each in kept(path)][-1] == "wal-1"


def test_a_damaged_block_costs_no_more_than_its_column(damaged: Path, tmp_path: Path) -> None:
    found = salvage(damaged, tmp_path / "new.duckdb")
    left = found.tables["captures"]
    assert (left.rows, left.lost, found.problems) == (MANY, 0, ())
    assert 0 < left.partly < MANY
    assert check(damaged) == found
    log = CaptureLog(tmp_path / "new.duckdb")
    rows = log.database.rows(
        "SELECT count(*), count(DISTINCT event_id), count(confidence), count(probabilities) "
        "FROM log.captures"
    )
    assert rows == [(MANY, MANY, MANY, MANY - left.partly)]
    log.close()


def test_a_damaged_block_is_noticed_while_it_is_open(damaged: Path) -> None:
    log = CaptureLog(damaged)
    log.check_writable()
    with pytest.raises(Unavailable, match="does not answer: IO Error: Corrupt database file"):
        log.find(EVERYTHING, limit=MANY)
    assert "Corrupt database file" in log.database.damage
    log.close()


def test_a_look_reads_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CHECKPOINT")
        block = connection.execute(
            "SELECT max(block_id) FROM pragma_storage_info('captures')"
        ).fetchone()[0]
    flip(path, 3 * 4096 + block * 262_144 + 5000)
    log = CaptureLog(path)
    log.check_writable()
    with pytest.raises(Unavailable, match="does not answer: IO Error: Corrupt database file"):
        check_readable(log.database)
    log.close()


def test_a_file_cut_short_is_named(path: Path, tmp_path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(Unavailable) as caught:
        CaptureLog(path)
    assert caught.value.remedy == ADVICE
    with pytest.raises(Unavailable) as caught:
        salvage(path, tmp_path / "new.duckdb")
    assert caught.value.problem.startswith(f"nothing of {path} can be read: IO Error: ")
    assert caught.value.remedy == "Put a backup in place with `python -m core captures restore`"
    assert not (tmp_path / "new.duckdb").exists()


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    path.touch()
    with raises(
        Unavailable,
        f"the capture log {path} cannot be opened: the file is empty, of 0 bytes. Put a backup in "
        "place with `python -m core captures restore`, or delete the file to begin with an empty "
        "log",
    ):
        CaptureLog(path)


def test_a_file_of_another_program_is_named(tmp_path: Path) -> None:
    """DuckDB would fetch an extension that reads it."""
    path = tmp_path / "log.duckdb"
    path.write_bytes(b"SQLite format 3\0" + bytes(4080))
    with pytest.raises(Unavailable, match="is not a valid DuckDB database file") as caught:
        CaptureLog(path)
    assert caught.value.remedy.endswith("or point SIGNWATCH_STORE elsewhere")


def test_what_another_process_has_open_is_not_read(path: Path) -> None:
    program = f"import duckdb; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"1\n"
        with raises(Unavailable, f"{path} is open in another process. Stop the dashboard first"):
            check(path)
        process.stdin.close()


def test_a_target_that_is_there_is_left_alone(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_text("something")
    with raises(BadInput, f"there is a file {target} already; choose another place"):
        salvage(path, target)
    assert target.read_text() == "something"
    with raises(NotFound, f"there is no file {tmp_path / 'nowhere'}"):
        check(tmp_path / "nowhere")


def test_programs_read_it() -> None:
    found = Salvaged({"captures": Left(3, partly=1, lost=2), "images": Left(1)}, ("a WAL",))
    assert found.to_json() == {
        "damaged": True,
        "problems": ["a WAL"],
        "tables": {
            "captures": {"rows": 3, "partly": 1, "lost": 2},
            "images": {"rows": 1, "partly": 0, "lost": 0},
        },
    }
    assert not Salvaged({"captures": Left(3)}).damaged
    assert Salvaged({"captures": Left(3, lost=1)}).damaged
    assert Salvaged({"captures": Left(3, partly=1)}).damaged
