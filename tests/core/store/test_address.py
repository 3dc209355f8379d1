"""Where a log lies: settings to addresses, passwords kept apart, extensions."""

import logging
from pathlib import Path

import duckdb
import pytest

from core.errors import BadInput, Unavailable
from core.settings import ROOT, Settings
from core.store import CaptureLog, address_of, conninfo, extensions
from core.store.address import FileAddress, LakeAddress
from tests.support.expect import raises
from tests.support.postgres import PASSWORD, Server, running
from tests.support.records import make_capture

LOCAL = Path("/local")


# From settings


@pytest.mark.parametrize(
    ("store", "path"),
    [
        ("", Path("/local/signwatch.duckdb")),
        ("/b/c.duckdb", Path("/b/c.duckdb")),
        ("c.duckdb", ROOT / "c.duckdb"),
        ("~/c.duckdb", Path.home() / "c.duckdb"),
    ],
)
def test_a_path_is_a_file(store: str, path: Path) -> None:
    assert address_of(Settings(local=LOCAL, store=store)) == FileAddress(path)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("", "/local/lake"),
        ("/b/c", "/b/c"),
        ("c", f"{ROOT}/c"),
        ("~/c", f"{Path.home()}/c"),
        ("s3://b/c", "s3://b/c"),
    ],
)
def test_a_catalog_in_postgresql_is_a_lake(data: str, found: str) -> None:
    settings = Settings(
        local=LOCAL, store="ducklake:postgres:dbname=a host=b password=c", store_data=data
    )
    assert address_of(settings) == LakeAddress("dbname=a host=b password=c", found)


def test_another_catalog_is_refused() -> None:
    with raises(
        BadInput,
        "SIGNWATCH_STORE: expected a file or ducklake:postgres:dbname=... host=..., got another "
        "kind of catalog behind ducklake:",
    ):
        address_of(Settings(store="ducklake:mysql:password=secret"))


@pytest.mark.parametrize(
    ("error", "of_a_file", "of_a_lake"),
    [
        (duckdb.IOException("a disk"), True, True),
        (duckdb.Error('Failed to execute query "ROLLBACK": '), False, True),
        (duckdb.BinderException("Failed to query most recent snapshot for DuckLake"), False, True),
        (
            duckdb.InvalidInputException(
                "Attempting to fetch from an unsuccessful query result: Failed to prepare COPY"
            ),
            False,
            True,
        ),
        (duckdb.BinderException('Referenced column "a" not found'), False, False),
    ],
)
def test_what_fails_because_of_the_place(
    error: duckdb.Error, of_a_file: bool, of_a_lake: bool
) -> None:
    assert FileAddress(Path("/a/log")).failed(error) == of_a_file
    assert LakeAddress("dbname=a", "/b").failed(error) == of_a_lake


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            'IO Error: Cannot open file "/a/log": Permission denied',
            "Let this process write to /a, or point SIGNWATCH_STORE elsewhere",
        ),
        (
            "[Errno 30] Read-only file system: '/a'",
            "Let this process write to /a, or point SIGNWATCH_STORE elsewhere",
        ),
        (
            'IO Error: Could not set lock on file "/a/log"',
            "If a dashboard has it open, stop that one, or point SIGNWATCH_STORE elsewhere",
        ),
    ],
)
def test_what_to_do_follows_from_the_error(error: str, advice: str) -> None:
    assert FileAddress(Path("/a/log")).advise(error) == advice


# Extensions


def test_an_extension_comes_from_its_package() -> None:
    with duckdb.connect() as connection:
        extensions.load(connection, "ducklake")
        loaded = connection.execute(
            "SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'ducklake'"
        ).fetchall()
    assert loaded == [(True,)]


class Recording:
    """A connection that notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def install_extension(self, name: str) -> None:
        self.asked.append(("install", name))

    def load_extension(self, name: str) -> None:
        self.asked.append(("load", name))


@pytest.mark.parametrize("version", [None, "0.0.0"])
def test_an_extension_without_a_package_that_fits_comes_from_duckdb(
    version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version:
        monkeypatch.setattr(duckdb, "__version__", version)
    connection, name = Recording(), "ducklake" if version else "spatial"
    extensions.load(connection, name)  # type: ignore[arg-type]
    assert connection.asked == [("install", name), ("load", name)]


# Databases that do not answer


def secretless(text: str, caplog: pytest.LogCaptureFixture) -> bool:
    return PASSWORD not in text + caplog.text and "secret" not in text + caplog.text


def test_a_server_that_is_not_there_is_named_without_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = f"ducklake:postgres:postgresql://ada:secret@/a?host={tmp_path}"
    settings = Settings(local=tmp_path, store=given)
    with pytest.raises(Unavailable) as caught:
        CaptureLog(address_of(settings))
    text = str(caught.value)
    shown = f"host={tmp_path} dbname=a user=ada"
    assert text.startswith(f"the capture log ducklake:postgres:{shown} cannot be opened (IO Error")
    assert text.endswith(
        "Is the server running locally and accepting connections on that socket?). Look whether "
        "its database runs and SIGNWATCH_STORE and SIGNWATCH_STORE_DATA are right"
    )
    assert secretless(text + repr(caught.value.__cause__), caplog)


def test_a_wrong_password_is_not_shown(
    postgres: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = LakeAddress(postgres.conninfo("postgres", "a wrong secret"), str(tmp_path))
    with pytest.raises(Unavailable, match="password authentication failed") as caught:
        CaptureLog(address)
    assert secretless(str(caught.value) + repr(caught.value.__cause__), caplog)
    assert "secret" not in repr(address)


def test_the_password_may_come_from_the_environment(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, password = conninfo.without_password(postgres.new_database())
    monkeypatch.setenv("PGPASSWORD", password)
    CaptureLog(LakeAddress(public, str(tmp_path))).close()


def test_a_lake_with_its_files_elsewhere_is_refused(postgres: Server, tmp_path: Path) -> None:
    database = postgres.new_database()
    CaptureLog(LakeAddress(database, str(tmp_path / "here"))).close()
    with pytest.raises(Unavailable, match=f"{tmp_path}/there.* does not match") as caught:
        CaptureLog(LakeAddress(database, str(tmp_path / "there")))
    assert PASSWORD not in str(caught.value)


def test_a_log_outlives_a_restart_of_its_database(tmp_path: Path) -> None:
    with running() as server:
        log = CaptureLog(LakeAddress(server.new_database(), str(tmp_path / "lake")))
        first, second, third = (make_capture() for _ in range(3))
        log.append([first], [])
        server.stop()
        for use in (lambda: log.append([second], []), lambda: log.capture(first.capture_id)):
            with pytest.raises(Unavailable) as caught:
                use()
            assert PASSWORD not in str(caught.value)
        server.start()
        log.append([third], [])
        assert log.capture(first.capture_id).capture.capture_id == first.capture_id
        assert log.database.rows("SELECT count(*) FROM log.captures") == [(2,)]
        log.close()
