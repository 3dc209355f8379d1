"""The life of a database: opened, shared by threads, closed, refused."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from core.errors import NotFound, SignwatchError, Unavailable
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import CaptureLog, database
from core.store.schema import MIGRATIONS
from tests.support.expect import raises
from tests.support.records import (
    NOON,
    make_capture,
    make_image,
)

EVERYTHING = CaptureFilter()


ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("text", ["'; DROP TABLE log.captures; --", "%", "a'b", '"'])
def test_values_never_become_sql(log: CaptureLog, text: str) -> None:
    capture = make_capture(endpoint=text, provenance=Provenance(source=text))
    log.append([capture, make_capture()], [])
    window = Window(NOON, NOON + timedelta(hours=1), text)
    found = log.find(CaptureFilter(window=window, source=text), limit=9)
    assert [item.capture.capture_id for item in found] == [capture.capture_id]
    with raises(NotFound, f"no capture {text} in the log"):
        log.capture(text)


def test_captures_and_images_are_stored_together_or_not_at_all(log: CaptureLog) -> None:
    image = make_image()
    unfit = make_capture(image, capture_id="no-uuid")
    with pytest.raises(duckdb.ConversionException, match="no-uuid"):
        log.append([make_capture(image), unfit], [image])
    assert log.count(EVERYTHING) == 0
    assert log.images([image.sha256]) == {}
    log.append([make_capture(image)], [image])
    assert log.count(EVERYTHING) == 1
    assert log.images([image.sha256]) == {image.sha256: image}


def test_a_transaction_that_breaks_off_leaves_nothing(log: CaptureLog) -> None:
    with pytest.raises(ZeroDivisionError), log.database.transaction() as transaction:
        transaction.execute("INSERT INTO log.capture_settings VALUES ('a', true, 1, 'b', now())")
        raise ZeroDivisionError
    assert log.database.rows("SELECT count(*) FROM log.capture_settings") == [(0,)]


def test_long_results_come_piece_by_piece(log: CaptureLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CHUNK", 2)
    pieces = log.database.stream("SELECT unnest(range(5))")
    assert list(pieces) == [[(0,), (1,)], [(2,), (3,)], [(4,)]]


def test_threads_share_a_log(log: CaptureLog) -> None:
    image = make_image()

    def work(_: int) -> None:
        for _ in range(10):
            log.append([make_capture(image)], [image])
            log.window_figures(Window(NOON, NOON + timedelta(hours=1)), low_confidence=0.5)
            log.check_writable()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert log.count(EVERYTHING) == 40
    assert log.database.rows("SELECT count(*) FROM log.images") == [(1,)]


def test_a_writable_log_is_left_as_it_is(log: CaptureLog) -> None:
    log.check_writable()
    rows = log.database.rows("SELECT version FROM log.migrations ORDER BY version")
    assert rows == [(n,) for n in range(1, len(MIGRATIONS) + 1)]


def test_a_second_process_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    log = CaptureLog(path)
    program = (
        "import sys; from pathlib import Path; from core.store import CaptureLog\n"
        "from core.errors import Unavailable\n"
        "try: CaptureLog(Path(sys.argv[1]))\n"
        "except Unavailable as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, text=True, capture_output=True
    )
    assert done.stderr == ""
    assert re.fullmatch(
        rf"the capture log {re.escape(str(path))} cannot be opened \(IO Error: Could not set lock "
        rf'on file "{re.escape(str(path))}": Conflicting lock is held in .+\)\. If a dashboard '
        r"has it open, stop that one, or point SIGNWATCH_STORE elsewhere\n",
        done.stdout,
    )
    log.append([make_capture()], [])
    assert log.count(EVERYTHING) == 1
    log.close()


def test_a_log_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    CaptureLog(path).close()
    newer = len(MIGRATIONS) + 1
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES (?)", [newer])
    with raises(
        Unavailable,
        f"the capture log {path} has schema {newer}, this program knows {len(MIGRATIONS)}: "
        "use the newer Signwatch that wrote it",
    ):
        CaptureLog(path)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT max(version) FROM migrations").fetchall() == [(newer,)]


def test_a_refused_log_is_not_held_open(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    CaptureLog(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES (99)")
    with pytest.raises(Unavailable) as refused:
        CaptureLog(path)
    with duckdb.connect(str(path)) as connection:  # while the error still holds its frames
        connection.execute("DELETE FROM migrations WHERE version = 99")
    assert refused.value.status == 503
    CaptureLog(path).close()


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    path.write_bytes(b"something else entirely" * 1000)
    with raises(
        Unavailable,
        f'the capture log {path} cannot be opened (IO Error: The file "{path}" exists, but it is '
        "not a valid DuckDB database file!). If a dashboard has it open, stop that one, or point "
        "SIGNWATCH_STORE elsewhere",
    ):
        CaptureLog(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "log.duckdb"
    with pytest.raises(SignwatchError) as caught:
        CaptureLog(path)
    assert type(caught.value) is Unavailable
    assert str(caught.value) == (
        f"the capture log {path} cannot be opened ([Errno 17] File exists: '{tmp_path / 'file'}'). "
        "If a dashboard has it open, stop that one, or point SIGNWATCH_STORE elsewhere"
    )
