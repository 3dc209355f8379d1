"""captures backup, restore, check, salvage: beside a dashboard and without one."""

from pathlib import Path

import pytest

from core import services
from core.records.queries import CaptureFilter
from core.store import CaptureLog
from tests.support.command_line import Run, put
from tests.support.records import make_capture

EVERYTHING = CaptureFilter()


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a dashboard"])
def test_a_backup_is_made_proved_and_put_in_place(
    run: Run, tmp_path: Path, beside: bool, request: pytest.FixtureRequest
) -> None:
    if beside:
        request.getfixturevalue("dashboard")
    put(services.current(), [14, 14, 2])
    if not beside:
        services.close_current()
    made = run("captures", "backup", tmp_path / "backups", "--verify", "--json")
    assert made.code == 0
    assert made.document()["rows"]["captures"] == 3
    (path,) = (tmp_path / "backups").iterdir()
    assert made.document()["path"] == str(path)
    plain = run("captures", "restore", path)
    assert plain.out.startswith(f"{path}: 3 captures, ")
    assert plain.out.endswith(", proved by counts and checksums\n")
    target = tmp_path / "new" / "log.duckdb"
    assert run("captures", "restore", path, target, "--json").document()["path"] == str(target)
    log = CaptureLog(target)
    assert log.count(EVERYTHING) == 3
    log.close()
    local = services.current().settings.local
    assert not list(local.glob(".backup-*"))


def test_without_proof_a_backup_is_named_with_its_size(run: Run, tmp_path: Path) -> None:
    made = run("captures", "backup", tmp_path)
    (path,) = tmp_path.glob("signwatch-*.duckdb")
    assert made.out == f"{path}: {path.stat().st_size / 1e6:,.1f} MB\n"


def test_a_log_is_checked_and_salvaged(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    log = CaptureLog(path)
    log.append([make_capture()], [])
    log.close()
    found = run("captures", "check", path)
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == ["captures: 1 rows", "Whole"]
    done = run("captures", "salvage", path, tmp_path / "new.duckdb", "--json")
    assert done.code == 0
    assert done.document()["tables"]["captures"] == {"rows": 1, "partly": 0, "lost": 0}
    path.with_name("log.duckdb.wal").write_bytes(b"")
    again = run("captures", "salvage", path, tmp_path / "new.duckdb")
    assert again.code == 2
    assert again.err == (
        f"error: there is a file {tmp_path / 'new.duckdb'} already; choose another place\n"
    )


def test_damage_is_an_exit_code(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.cli import copies
    from core.store.salvage import Left, Salvaged

    left = Salvaged({"captures": Left(1_234, lost=5), "images": Left()}, ("the WAL is damaged",))
    monkeypatch.setattr(copies, "check", lambda path: left)
    found = run("captures", "check", tmp_path)
    assert (found.code, found.err) == (1, "the WAL is damaged\n")
    assert found.out.splitlines() == ["captures: 1,234 rows, 5 cannot be read", "Damaged"]
