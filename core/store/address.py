"""Where a log lies and how DuckDB comes to it: an embedded file, or a DuckLake.

The SQL of every statement is the same for both; all that differs is in here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import duckdb

from core.errors import BadInput
from core.settings import ROOT, Settings
from core.store import conninfo, extensions, s3

LAKE = "ducklake:postgres:"
ROW_GROUP_SIZE = 20_480  # rows; deleted ones give their space back a whole group at a time
# Smaller inserts go into the catalog, not each into a Parquet file; larger ones are written to a
# file ten times as fast.
INLINED_ROWS = 100
LOCK = 5_199_467_301_124  # any number that nobody else locks in the catalog's database
LOCK_TIMEOUT = "60s"


class Address(ABC):
    """What a Database asks of the place where its log lies; as text, it shows no password.

    shared: whether several processes may have it open at a time; layout: statements that follow the
    first migration; uncompressed: what a column's definition needs to be kept so; maintenance:
    statements that give space back; size: query of the bytes in use; advice: what to do if it
    cannot be opened.
    """

    shared: ClassVar[bool] = False
    layout: ClassVar[tuple[str, ...]] = ()
    uncompressed: ClassVar[str] = ""
    maintenance: ClassVar[tuple[str, ...]]
    size: ClassVar[str]
    advice: ClassVar[str]

    @abstractmethod
    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Whatever `alone` and `attach` need."""

    @abstractmethod
    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the log, new or not, as `log`."""

    @contextmanager
    def alone(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Keep every other process from writing for as long as it lasts."""
        yield


@dataclass(frozen=True)
class FileAddress(Address):
    """A DuckDB file, for one process at a time."""

    path: Path
    row_group_size: int = ROW_GROUP_SIZE

    uncompressed = " USING COMPRESSION uncompressed"
    maintenance = ("CHECKPOINT log",)
    size = "SELECT used_blocks * block_size FROM pragma_database_size() WHERE database_name = 'log'"
    advice = "If a dashboard has it open, stop that one, or point SIGNWATCH_STORE elsewhere"

    def __str__(self) -> str:
        return str(self.path)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make its folder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the file; DuckDB locks it."""
        connection.execute(
            f"ATTACH {quoted(self.path)} AS log (ROW_GROUP_SIZE {self.row_group_size})"
        )


@dataclass(frozen=True)
class LakeAddress(Address):
    """A DuckLake with its catalog in PostgreSQL, for any number of processes.

    conninfo: libpq connection string; data: folder or s3:// address of the Parquet files.

    Two transactions at once conflict in a DuckLake, and what flushes inlined rows races with what
    adds some (duckdb/ducklake issues 243, 650, 1094). So writers take turns, by an advisory lock
    in the catalog's database: nothing has to be tried again.
    """

    conninfo: str = field(repr=False)
    data: str

    shared = True
    layout = (
        # By day, and not by endpoint too: a name with a NUL in it would stop every flush.
        "ALTER TABLE log.captures "
        "SET PARTITIONED BY (year(inferred_at), month(inferred_at), day(inferred_at))",
        "ALTER TABLE log.images "
        "SET PARTITIONED BY (year(added_at), month(added_at), day(added_at))",
    )
    maintenance = (
        "CALL ducklake_flush_inlined_data('log')",
        "CALL ducklake_merge_adjacent_files('log')",
        "CALL ducklake_rewrite_data_files('log', delete_threshold => 0.2)",
        # A reader may still be at an older snapshot.
        "CALL ducklake_expire_snapshots('log', older_than => now() - INTERVAL 1 HOUR)",
        "CALL ducklake_cleanup_old_files('log', older_than => now() - INTERVAL 1 HOUR)",
    )
    size = (
        "SELECT coalesce(sum(file_size_bytes + delete_file_size_bytes), 0) "
        "FROM ducklake_table_info('log')"
    )
    advice = "Look whether its database runs and SIGNWATCH_STORE and SIGNWATCH_STORE_DATA are right"

    def __str__(self) -> str:
        return LAKE + self._public

    @property
    def _public(self) -> str:
        return conninfo.without_password(self.conninfo)[0]

    @property
    def _remote(self) -> bool:
        return "://" in self.data

    def _sign_in(self, connection: duckdb.DuckDBPyConnection) -> None:
        options = s3.options() if self._remote else {}
        if options:
            listed = "".join(f", {name} {quoted(value)}" for name, value in options.items())
            connection.execute(f"CREATE OR REPLACE SECRET storage (TYPE s3{listed})")

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Load the extensions, and connect to the catalog's database."""
        for name in ("ducklake", "postgres_scanner", *(["httpfs"] if self._remote else [])):
            extensions.load(connection, name)
        self._sign_in(connection)
        connection.execute("SET ducklake_max_retry_count = 100")
        # As a secret, the password stands in no error of DuckDB's. An empty one hides PGPASSWORD.
        password = conninfo.without_password(self.conninfo)[1]
        given = f", PASSWORD {quoted(password)}" if password else ""
        connection.execute(f"CREATE SECRET catalog (TYPE postgres{given})")
        connection.execute(
            f"ATTACH {quoted(self._public)} AS catalog (TYPE postgres, READ_ONLY, SECRET catalog)"
        )

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the lake; an empty database becomes a new one."""
        connection.execute(
            f"ATTACH {quoted(self)} AS log (DATA_PATH {quoted(self.data)}, "
            f"DATA_INLINING_ROW_LIMIT {INLINED_ROWS}, META_SECRET catalog)"
        )

    @contextmanager
    def alone(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Hold the advisory lock; PostgreSQL takes it back if this process dies.

        Credentials that have been renewed meanwhile are taken up.
        """
        self._sign_in(cursor)
        cursor.begin()
        try:
            cursor.execute(
                "SELECT * FROM postgres_query('catalog', $$SELECT "
                f"set_config('lock_timeout', '{LOCK_TIMEOUT}', true), "
                f"pg_advisory_xact_lock({LOCK})$$)"
            ).fetchall()
            yield
        finally:
            cursor.rollback()


def address_of(settings: Settings) -> Address:
    """Where the settings put the log; BadInput if they make no sense."""
    if not settings.store.startswith("ducklake:"):
        return FileAddress(settings.store_path)
    if not settings.store.startswith(LAKE):
        raise BadInput(
            "SIGNWATCH_STORE: expected a file or ducklake:postgres:dbname=... host=..., got "
            "another kind of catalog behind ducklake:"
        )
    data = settings.store_data or str(settings.local / "lake")
    return LakeAddress(
        conninfo.to_keywords(settings.store.removeprefix(LAKE)),
        data if "://" in data else str(ROOT / Path(data).expanduser()),
    )


def quoted(value: object) -> str:
    """A string literal, for statements that take no bound parameters."""
    return "'" + str(value).replace("'", "''") + "'"
