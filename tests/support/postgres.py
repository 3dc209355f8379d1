"""A PostgreSQL server of the tests' own, reached through a socket in a temporary folder."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import duckdb
import pytest

from core.store import CaptureLog, database, extensions
from core.store.address import LakeAddress, quoted
from tests.support.requirements import require

PASSWORD = "it's a \\ secret"
SUPERUSER = "signwatch"
# To check the signatures of the extensions, DuckDB hashes 78 MB each time: 0.2 s.
UNCHECKED = {"allow_unsigned_extensions": "true"}
numbers = itertools.count()


def program(name: str) -> Path | None:
    """One of PostgreSQL's programs; Debian keeps them out of PATH."""
    known = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name)
    return Path(found) if found else next(iter(known), None)


class Server:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_database(self) -> str:
        """An empty database: its connection string, in libpq's keywords, password included."""
        name = f"log_{next(numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self.conninfo(name)

    @contextmanager
    def lake(self, folder: Path) -> Iterator[LakeAddress]:
        """An empty log with its files in `folder`, gone afterwards: a copy, not migrated anew."""
        name = f"log_{next(numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self._migrated} STRATEGY file_copy")
        self._execute(
            f"UPDATE ducklake_metadata SET value = {quoted(f'{folder}/')} WHERE key = 'data_path'",
            name,
        )
        yield LakeAddress(self.conninfo(name), str(folder))
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @cached_property
    def _migrated(self) -> str:
        """The database of an empty log; nothing is connected with it, so that it can be copied."""
        self._execute("CREATE DATABASE migrated")
        CaptureLog(LakeAddress(self.conninfo("migrated"), str(self.folder / "lake"))).close()
        return "migrated"

    def _execute(self, statement: str, name: str = "postgres") -> None:
        """Run one statement in the database `name`."""
        self._duckdb.execute(f"ATTACH {quoted(self.conninfo(name))} AS server (TYPE postgres)")
        try:
            self._duckdb.execute(
                f"CALL postgres_execute('server', {quoted(statement)}, use_transaction=false)"
            )
        finally:
            self._duckdb.execute("DETACH server")

    @cached_property
    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config=UNCHECKED)
        extensions.load(connection, "postgres_scanner")
        return connection

    def conninfo(self, database: str, password: str = PASSWORD) -> str:
        """How to connect to `database`."""
        escaped = password.replace("\\", "\\\\").replace("'", "\\'")
        return (
            f"dbname={database} host={self.folder} user={SUPERUSER} password='{escaped}' "
            "connect_timeout=10"
        )

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        _run("pg_ctl", "stop", "-m", "immediate", "-w", "-D", str(self.folder / "data"))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        _run(
            "pg_ctl",
            "start",
            "-w",
            "-D",
            str(self.folder / "data"),
            "-o",
            options,
            "-l",
            str(self.folder / "log"),
        )


@contextmanager
def running() -> Iterator[Server]:
    """A new server; the test is skipped where there is no PostgreSQL."""
    needed = ("initdb", "pg_ctl", "postgres")
    missing = [name for name in needed if program(name) is None]
    require(not missing, f"PostgreSQL is not installed: no {', '.join(missing)}")
    # Not under pytest's folder: a socket's path is at most 107 characters long.
    with tempfile.TemporaryDirectory(prefix="signwatch-pg-") as name:
        folder = Path(name)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            owner = pwd.getpwnam(_unprivileged())
            for path in (folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        _run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "-N",
            "-E",
            "UTF8",
            "--locale=C",
        )
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def unchecked() -> Iterator[None]:
    """Logs of this process load extensions without a look at their signatures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "CONFIG", database.CONFIG | UNCHECKED)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests; each takes a database of its own."""
    with running() as server:
        yield server


def _unprivileged() -> str:
    users = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


def _run(name: str, *arguments: str) -> None:
    user = _unprivileged() if os.getuid() == 0 else None
    done = subprocess.run(
        [str(program(name)), *arguments],
        user=user,
        text=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if name == "initdb" else None,
    )
    assert done.returncode == 0, done.stderr
