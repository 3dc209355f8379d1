"""A PostgreSQL server of the tests' own, reached through a socket in a temporary folder."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from core.store import extensions
from core.store.address import quoted
from tests.support.requirements import require

PASSWORD = "it's a \\ secret"
SUPERUSER = "signwatch"
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
        with duckdb.connect() as connection:
            extensions.load(connection, "postgres_scanner")
            connection.execute(
                f"ATTACH {quoted(self.conninfo('postgres'))} AS server (TYPE postgres)"
            )
            connection.execute(
                f"CALL postgres_execute('server', 'CREATE DATABASE {name}', use_transaction=false)"
            )
        return self.conninfo(name)

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
