"""What can be read of a damaged file of a log: listed, or copied to a new one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from core.errors import NotFound, Unavailable
from core.store.address import FileAddress, quoted
from core.store.connection import is_fatal, one_line
from core.store.copying import check_free, remove, tables_of
from core.store.database import CONFIG, Database
from core.store.wal import damaged_at, path_of

STEP = 20_480  # rows that are tried together
FEWEST = 2_048  # rows that are tried one column at a time
READS = "SELECT count(hash(one)) FROM ({select}) AS one"
COPIES = "INSERT INTO copy.{table} BY NAME {select}"


@dataclass(frozen=True)
class Left:
    """Of one table. rows: readable; partly: without some columns; lost: not readable."""

    rows: int = 0
    partly: int = 0
    lost: int = 0

    def __add__(self, other: Left) -> Left:
        return Left(self.rows + other.rows, self.partly + other.partly, self.lost + other.lost)


@dataclass(frozen=True)
class Salvaged:
    """What is left of a log. problems: in words, what is damaged besides rows of tables."""

    tables: dict[str, Left]
    problems: tuple[str, ...] = ()

    @property
    def damaged(self) -> bool:
        """Whether anything cannot be read."""
        return bool(self.problems) or any(t.lost or t.partly for t in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        """What programs read."""
        tables = {name: vars(left) for name, left in self.tables.items()}
        return {"damaged": self.damaged, "problems": list(self.problems), "tables": tables}


def check(source: Path) -> Salvaged:
    """Read all of a log's file, which stays as it is.

    Raises
    ------
    NotFound
        There is no such file.
    Unavailable
        Another process has it open, or nothing of it can be read.
    """
    with _Source.opened(source) as found:
        return found.read(READS)


def salvage(source: Path, target: Path) -> Salvaged:
    """Copy what can be read to a new log at `target`; raises as `check` does, and BadInput."""
    check_free(target)
    with _Source.opened(source) as found:
        try:
            Database(FileAddress(target)).close()
            found.attach_copy(target)
            return found.read(COPIES)
        except BaseException:
            remove(target)
            raise


class _Source:
    """A damaged file, read through a link, beside it as much of its WAL as can be read."""

    def __init__(self, link: Path, problems: tuple[str, ...]) -> None:
        self._link = link
        self._copy: Path | None = None
        self._problems = problems
        self._connection = _attached(link)

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[_Source]:
        if not path.is_file():
            raise NotFound(f"there is no file {path}")
        with tempfile.TemporaryDirectory(prefix=".signwatch-", dir=path.parent) as folder:
            link = Path(folder) / "log.duckdb"
            os.link(path, link)  # and no symbolic one, which DuckDB would follow to the other WAL
            found = cls(link, _lay_wal(path, link))
            try:
                yield found
            finally:
                found._connection.close()

    def attach_copy(self, target: Path) -> None:
        self._copy = target
        self._connection.execute(f"ATTACH {quoted(target)} AS copy")

    def read(self, statement: str) -> Salvaged:
        """Every table, in steps; statement: READS or COPIES."""
        tables = {name: self._table(name, statement) for name in tables_of(self, "log")}
        return Salvaged(tables, self._problems)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query; after a fatal error, the files are opened anew."""
        try:
            return self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            if is_fatal(error):
                self._connection.close()
                self._connection = _attached(self._link)
                if self._copy:
                    self.attach_copy(self._copy)
            raise

    def _table(self, name: str, statement: str) -> Left:
        end = self.rows(f"SELECT coalesce(max(rowid) + 1, 0) FROM log.{name}")[0][0]
        left = Left()
        for start in range(0, end, STEP):
            left += self._stretch(name, statement, start, min(start + STEP, end))
        return left

    def _stretch(self, name: str, statement: str, start: int, end: int) -> Left:
        """Rows of these numbers, fewer at a time where they cannot be read together."""
        where = f"WHERE rowid >= {start} AND rowid < {end}"
        select = f"SELECT * FROM log.{name} {where}"
        try:
            return Left(int(self.rows(statement.format(table=name, select=select))[0][0]))
        except duckdb.Error:
            if end - start > FEWEST:
                left = Left()
                for begin in range(start, end, FEWEST):
                    left += self._stretch(name, statement, begin, min(begin + FEWEST, end))
                return left
        count = int(self.rows(f"SELECT count(*) FROM log.{name} {where}")[0][0])
        return self._columns(name, statement, where) or Left(lost=count)

    def _columns(self, name: str, statement: str, where: str) -> Left | None:
        """The rows without the columns that cannot be read; None where these must not be empty."""
        columns = self.rows(
            "SELECT column_name, is_nullable FROM duckdb_columns() "
            f"WHERE database_name = 'log' AND table_name = {quoted(name)}"
        )
        readable = [column for column, _ in columns if self._reads(name, column, where)]
        if any(not nullable for column, nullable in columns if column not in readable):
            return None
        select = f"SELECT {', '.join(readable)} FROM log.{name} {where}"
        try:
            rows = int(self.rows(statement.format(table=name, select=select))[0][0])
        except duckdb.Error:
            return None
        return Left(rows, partly=rows)

    def _reads(self, name: str, column: str, where: str) -> bool:
        try:
            self.rows(f"SELECT count(hash({column})) FROM log.{name} {where}")
        except duckdb.Error:
            return False
        return True


def _attached(link: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=CONFIG)
    try:
        connection.execute(f"ATTACH {quoted(link)} AS log (TYPE duckdb, READ_ONLY)")
    except BaseException:
        connection.close()
        raise
    return connection


def _lay_wal(path: Path, link: Path) -> tuple[str, ...]:
    """Put as much of the WAL beside the link as opens with it; what is wrong with the rest.

    A WAL that breaks off in the middle of an entry is read up to there, so what is before a
    damaged entry is found by halving.
    """
    wal, laid = path_of(path), path_of(link)
    content = wal.read_bytes() if wal.exists() else b""
    cut = damaged_at(content)  # what DuckDB would drop without a word
    error = _try(link, laid, content[:cut])
    if error is None and cut is None:
        return ()
    error = error or f"the entry at byte {cut:,} does not fit"
    if "Could not set lock" in error:
        raise Unavailable(f"{path} is open in another process", "Stop the dashboard first")
    without = _try(link, laid, b"")
    if without is not None:
        raise Unavailable(
            f"nothing of {path} can be read: {without}",
            "Put a backup in place with `python -m core captures restore`",
        )
    good, bad = 0, (len(content) if cut is None else cut) + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if _try(link, laid, content[:middle]) is None:
            good = middle
        else:
            bad = middle
    _try(link, laid, content[:good])
    return (
        f"{wal} is damaged: {good:,} of its {len(content):,} bytes are read, and what was "
        f"committed after them is lost ({error})",
    )


def _try(link: Path, laid: Path, content: bytes) -> str | None:
    """Why the file does not open with this WAL; None where it does."""
    laid.unlink(missing_ok=True)
    if content:
        laid.write_bytes(content)
    try:
        _attached(link).close()
    except duckdb.Error as error:
        return one_line(error)
    return None
