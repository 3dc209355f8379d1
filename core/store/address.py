"""Where a log lies and how DuckDB comes to it: an embedded file, or a DuckLake.

The SQL of every statement is the same for both; all that differs is in here.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import duckdb

from core.errors import BadInput, Unavailable
from core.settings import ROOT, Settings
from core.store import conninfo, extensions, s3, wal
from core.store.place import MARKER, file_identity, folder_identity, mark

# Of files whose blocks are not what they were, or are not all there.
DAMAGED = re.compile(
    r"checksum|corrupt|not read enough bytes|serializ|replaying WAL", re.IGNORECASE
)
# Of a statement that DuckLake sends to its catalog: where that is away, of any type.
CATALOG_FAILED = re.compile(r"Failed to (prepare|execute|query|get|fetch|read|commit)")
NOT_WRITABLE = re.compile(r"permission denied|read-only file system", re.IGNORECASE)
DAMAGED_ADVICE = (
    "The file is damaged. `python -m core captures check` lists what cannot be read, and "
    "`python -m core captures salvage SOURCE TARGET` copies the rest to a new file"
)
LAKE = "ducklake:postgres:"
ROW_GROUP_SIZE = 20_480  # rows; deleted ones give their space back a whole group at a time
# Smaller inserts go into the catalog, not each into a Parquet file; larger ones are written to a
# file ten times as fast.
INLINED_ROWS = 100
LOCK = 5_199_467_301_124  # any number that nobody else locks in the catalog's database
LOCK_TIMEOUT = "60s"
LOOKED_AT = 10  # files of a table, to know a folder by


class Address(ABC):
    """What a Database asks of the place where its log lies; as text, it shows no password.

    shared: whether several processes may have it open at a time; layout: statements that follow the
    first migration; uncompressed: what a column's definition needs to be kept so; maintenance:
    statements that give space back; size: query of the bytes in use; advice: what to do if it
    cannot be opened; lost: what has become of it where `identity` has changed, and what to do.
    """

    shared: ClassVar[bool] = False
    layout: ClassVar[tuple[str, ...]] = ()
    uncompressed: ClassVar[str] = ""
    maintenance: ClassVar[tuple[str, ...]]
    size: ClassVar[str]
    advice: ClassVar[str]
    lost: ClassVar[tuple[str, str]]

    @abstractmethod
    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Whatever `alone` and `attach` need."""

    @abstractmethod
    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the log, new or not, as `log`."""

    def advise(self, error: str) -> str:
        """What to do after that error."""
        return self.advice

    def failed(self, error: duckdb.Error) -> bool:
        """Whether the place is at fault: a disk, a network or a server, and not what was asked."""
        return isinstance(error, duckdb.OperationalError)

    @property
    @abstractmethod
    def folder(self) -> Path | None:
        """The folder that it grows in; None where that is no folder of this machine."""

    @abstractmethod
    def settle(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make sure that the files of an attached log are there; raises Unavailable."""

    @abstractmethod
    def identity(self) -> str | None:
        """The same for as long as the files lie there; None where they do not."""

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
    lost = (
        "its file was deleted or replaced while it was open",
        "Put the file back. Or, before you start again, keep what is still open with "
        "`python -m core captures backup DIR`",
    )

    def __str__(self) -> str:
        return str(self.path)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make its folder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the file; DuckDB locks it."""
        if self.path.exists() and self.path.stat().st_size == 0:
            raise Unavailable(
                f"the capture log {self.path} cannot be opened: the file is empty, of 0 bytes",
                "Put a backup in place with `python -m core captures restore`, or delete the file "
                "to begin with an empty log",
            )
        log = wal.path_of(self.path)
        place = wal.damaged_at(log.read_bytes()) if log.exists() else None
        if place is not None:
            raise Unavailable(
                f"the capture log {self.path} cannot be opened: {log} is damaged at byte "
                f"{place:,}, and holds what was committed after that",
                DAMAGED_ADVICE,
            )
        # With its type, no extension is looked for that reads the files of other programs.
        connection.execute(
            f"ATTACH {quoted(self.path)} AS log (TYPE duckdb, ROW_GROUP_SIZE {self.row_group_size})"
        )

    def advise(self, error: str) -> str:
        """What to do about a damaged file, one that may not be written, or one that is open."""
        if DAMAGED.search(error):
            return DAMAGED_ADVICE
        if NOT_WRITABLE.search(error):
            return f"Let this process write to {self.folder}, or point SIGNWATCH_STORE elsewhere"
        return self.advice

    @property
    def folder(self) -> Path:
        """Where the file lies, and what DuckDB writes beside it."""
        return self.path.parent

    def settle(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Nothing: it is attached."""

    def identity(self) -> str | None:
        """Of the file."""
        return file_identity(self.path)


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
    lost = (
        f"the folder of its data is not there, or is another one: its file {MARKER} is gone",
        "Mount it again, or put it back. Requests are answered again as soon as it is there",
    )

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

    @property
    def folder(self) -> Path | None:
        """Of the Parquet files, where they lie on this machine."""
        return None if "://" in self.data else Path(self.data)

    def failed(self, error: duckdb.Error) -> bool:
        """Also where the catalog did not do what DuckLake asked of it."""
        return super().failed(error) or CATALOG_FAILED.search(str(error)) is not None

    def settle(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Leave a marker in the folder; where files of the log are missing there, it is refused.

        A folder without a marker may be a new one, or one of an earlier version.
        """
        if self.folder is None or folder_identity(self.folder) is not None:
            return
        files = [
            Path(row[0])
            for table in ("captures", "images")
            for row in cursor.execute(
                f"SELECT data_file FROM ducklake_list_files('log', '{table}') LIMIT {LOOKED_AT}"
            ).fetchall()
        ]
        if files and not any(file.exists() for file in files):
            raise Unavailable(
                f"the capture log {self} cannot be opened: {self.folder} holds none of its files",
                self.lost[1],
            )
        mark(self.folder)

    def identity(self) -> str | None:
        """Of the folder; always the same where it is none of this machine."""
        return self.data if self.folder is None else folder_identity(self.folder)

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
