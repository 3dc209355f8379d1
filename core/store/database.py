"""The life of a database: attached as `log`, migrated, open, closed; one transaction at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core.errors import Unavailable
from core.store.schema import MIGRATIONS

Row = tuple[Any, ...]


class Database:
    """One DuckDB process-wide; every call works on its own cursor, so threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`; raises Unavailable if another process holds it."""
        self._connection: duckdb.DuckDBPyConnection | None = duckdb.connect(":memory:")
        self._writing = threading.Lock()
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The path cannot be a bound parameter of ATTACH.
            quoted = str(path).replace("'", "''")
            self._connection.execute(f"ATTACH '{quoted}' AS log")
            self._migrate()
        except Unavailable:
            self.close()
            raise
        except (duckdb.Error, OSError) as error:
            self.close()
            raise Unavailable(
                f"the capture log {path} cannot be opened ({error}). If a dashboard has it open, "
                "stop that one, or point SIGNWATCH_STORE elsewhere"
            ) from error

    def close(self) -> None:
        """Checkpoint and close; every later call raises Unavailable."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query with bound parameters."""
        with self._cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything inside commits together, or not at all."""
        with self._writing, self._cursor() as cursor:
            cursor.begin()
            try:
                yield Transaction(cursor)
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._connection is None:
            raise Unavailable("the capture log is closed; start the dashboard again")
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def _migrate(self) -> None:
        """Bring the schema up to date; a log written by a newer version is refused."""
        with self.transaction() as transaction:
            transaction.execute("CREATE TABLE IF NOT EXISTS log.migrations (version INTEGER)")
            done = transaction.rows("SELECT coalesce(max(version), 0) FROM log.migrations")[0][0]
            if done > len(MIGRATIONS):
                raise Unavailable(
                    f"the capture log {self.path} has schema {done}, this program knows "
                    f"{len(MIGRATIONS)}: use the newer Signwatch that wrote it"
                )
            for version, statements in enumerate(MIGRATIONS[done:], start=done + 1):
                for statement in statements:
                    transaction.execute(statement)
                transaction.execute("INSERT INTO log.migrations VALUES (?)", [version])


class Transaction:
    """Statements on one cursor, between begin and commit."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement with bound parameters."""
        self._cursor.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query with bound parameters."""
        return self._cursor.execute(sql, parameters).fetchall()

    def insert(self, sql: str, incoming: pa.Table) -> None:
        """Run an INSERT that selects from `incoming`: one Arrow table, not row by row."""
        self._cursor.register("incoming", incoming)
        try:
            self._cursor.execute(sql)
        finally:
            self._cursor.unregister("incoming")
