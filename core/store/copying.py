"""A copy of a log in one file: made while it is open, proved, and put in place again."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from core.errors import BadInput, Unavailable
from core.records.window import now
from core.store.address import FileAddress, quoted
from core.store.database import Database
from core.store.place import Room
from core.store.rows import aware, naive
from core.store.wal import path_of

# In a copy, what it was made from: rows and checksum of each table, as they were in the log.
PROOF = (
    "CREATE TABLE log.copied (name VARCHAR NOT NULL, rows BIGINT NOT NULL, "
    "checksum VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL)"
)
OWN = ("migrations", "copied")  # tables that say something of the file itself


@dataclass(frozen=True)
class Sum:
    """Of one table. checksum: of the content of all rows, whatever their order."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class Copy:
    """A proved copy. tables: those of the log, by name; size: of the file, in bytes."""

    path: Path
    made_at: datetime
    tables: dict[str, Sum]
    size: int

    def to_json(self) -> dict[str, Any]:
        """What programs read."""
        return {
            "path": str(self.path),
            "made_at": self.made_at.isoformat(),
            "bytes": self.size,
            "rows": {name: found.rows for name, found in self.tables.items()},
        }


class _Asked(Protocol):
    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...


def copy_log(source: Database, target: Path) -> Copy:
    """Write everything in a log, as of one moment, to a new file; requests go on meanwhile.

    Raises
    ------
    BadInput
        There is a file already.
    Unavailable
        Something cannot be read, or the file does not come out as the log was.
    """
    made_at, name = now(), f"copy_{uuid.uuid4().hex}"
    check_free(target)
    room, size = Room.of(target.parent, 0), source.bytes_used()
    if room.free < size:
        raise Unavailable(
            f"a backup takes up to {size / 1e6:,.0f} MB, and {room.free / 1e6:,.0f} MB are free in "
            f"{target.parent}",
            "Choose another disk",
        )
    target.write_bytes(_empty())
    try:
        source.rows(f"ATTACH {quoted(target)} AS {name}")
        try:
            with source.reading() as transaction:
                tables = {}
                for table in tables_of(transaction, "log"):
                    tables[table] = sum_of(transaction, f"log.{table}")
                    if tables[table].rows:
                        transaction.execute(
                            f"INSERT INTO {name}.{table} BY NAME SELECT * FROM log.{table}"
                        )
                for table, found in tables.items():
                    transaction.execute(
                        f"INSERT INTO {name}.copied VALUES (?, ?, ?, ?)",
                        [table, found.rows, found.checksum, naive(made_at)],
                    )
        finally:
            source.rows(f"DETACH {name}")
    except BaseException:
        remove(target)
        raise
    return Copy(target, made_at, tables, target.stat().st_size)


def prove(path: Path) -> Copy:
    """Restore a copy to a temporary folder, and compare rows and checksums; raises Unavailable."""
    with tempfile.TemporaryDirectory(prefix="signwatch-") as folder:
        return restore(path, Path(folder) / "restored.duckdb", path=path)


def restore(copy: Path, target: Path, *, path: Path | None = None) -> Copy:
    """Put a copy in place as a log, once it is proved.

    Raises
    ------
    BadInput
        There is a file already, or the copy was not made by `copy_log`.
    Unavailable
        It is damaged.
    """
    check_free(target)
    if not copy.is_file():
        raise BadInput(f"there is no backup {copy}")
    shutil.copyfile(copy, target)
    try:
        database = Database(FileAddress(target))
        try:
            found = _proved(database, copy)
            database.rows("DROP TABLE log.copied")
        finally:
            database.close()
    except BaseException:
        remove(target)
        raise
    return Copy(path or target, *found, size=copy.stat().st_size)


def _proved(database: Database, copy: Path) -> tuple[datetime, dict[str, Sum]]:
    known = database.rows(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'log' AND table_name = 'copied'"
    )
    if not known:
        raise BadInput(f"{copy} is no backup: `captures backup` makes one")
    proof = database.rows("SELECT name, rows, checksum, made_at FROM log.copied ORDER BY name")
    tables = {name: Sum(rows, checksum) for name, rows, checksum, _ in proof}
    for name, wanted in tables.items():
        found = sum_of(database, f"log.{name}")
        if found != wanted:
            raise Unavailable(
                f"the backup {copy} is damaged: {name} has {found.rows:,} rows with checksum "
                f"{found.checksum}, and the log had {wanted.rows:,} with {wanted.checksum}",
                "Make another one, or take an earlier one",
            )
    return aware(proof[0][3]), tables


def tables_of(asked: _Asked, database: str) -> list[str]:
    """The tables of an attached log, but for those of the file itself."""
    found = asked.rows(
        "SELECT table_name FROM duckdb_tables() "
        f"WHERE database_name = {quoted(database)} AND schema_name = 'main' ORDER BY table_name"
    )
    return [name for (name,) in found if name not in OWN]


def sum_of(asked: _Asked, table: str) -> Sum:
    """Rows and checksum of a table."""
    rows, checksum = asked.rows(
        f"SELECT count(*), coalesce(sum(hash(one)::HUGEINT), 0)::VARCHAR FROM {table} AS one"
    )[0]
    return Sum(rows, checksum)


def check_free(target: Path) -> None:
    """Raise BadInput if there is a file already; make the folder otherwise."""
    if target.exists():
        raise BadInput(f"there is a file {target} already; choose another place")
    target.parent.mkdir(parents=True, exist_ok=True)


def remove(target: Path) -> None:
    """Remove a file of a log that came to nothing, with what lies beside it."""
    for each in (target, path_of(target)):
        each.unlink(missing_ok=True)


@cache
def _empty() -> bytes:
    """The file of an empty log with a place for its proof."""
    with tempfile.TemporaryDirectory(prefix="signwatch-") as folder:
        path = Path(folder) / "empty.duckdb"
        database = Database(FileAddress(path))
        database.rows(PROOF)
        database.close()
        return path.read_bytes()
