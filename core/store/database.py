"""The life of a database: attached as `log`, migrated, open, closed; one writer at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from core.errors import Unavailable
from core.store.address import Address
from core.store.schema import MIGRATIONS

# Half of the cores: requests are answered on the others, whatever is asked of the log meanwhile.
THREADS = max(1, (os.cpu_count() or 1) // 2)
CONFIG: dict[str, str | bool | int | float | list[str]] = {"threads": THREADS}
CHUNK = 1000  # rows of a stream that are held at a time

Row = tuple[Any, ...]


class Database:
    """One DuckDB process-wide; every call works on its own cursor, so threads may share it."""

    def __init__(self, address: Address) -> None:
        """Open or create the log at `address`; raises Unavailable if it cannot be had."""
        self._connection: duckdb.DuckDBPyConnection | None = duckdb.connect(
            ":memory:", config=CONFIG
        )
        self._writing = threading.Lock()
        self.address = address
        try:
            address.prepare(self._connection)
            with self._alone():  # several processes may start at once on an empty one
                address.attach(self._connection)
                with self._begin() as transaction:
                    self._migrate(transaction)
        except Unavailable:
            self.close()
            raise
        except (duckdb.Error, OSError) as error:
            self.close()
            raise Unavailable(
                f"the capture log {address} cannot be opened ({_one_line(error)}). {address.advice}"
            ) from error

    def close(self) -> None:
        """Checkpoint and close; every later call raises Unavailable."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query with bound parameters."""
        with self._reporting(), self._cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def columns(self, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
        """All rows of a query, column by column, as arrays; what is NULL is masked."""
        with self._reporting(), self._cursor() as cursor:
            found: dict[str, Any] = cursor.execute(sql, parameters).fetchnumpy()
            return found

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[Row]]:
        """All rows of a query, some at a time: for results that are not to be held whole."""
        with self._reporting(), self._cursor() as cursor:
            cursor.execute(sql, parameters)
            while chunk := cursor.fetchmany(CHUNK):
                yield chunk

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything inside commits together, or not at all; no other process writes meanwhile."""
        with self._reporting(), self._alone(), self._begin() as transaction:
            yield transaction

    def maintain(self) -> None:
        """Give space back, and gather what small commits left in many pieces."""
        with self._reporting(), self._alone(), self._cursor() as cursor:
            for statement in self.address.maintenance:
                cursor.execute(statement).fetchall()

    def bytes_used(self) -> int:
        """Bytes that the log takes, without space that is free to be used again."""
        return int(self.rows(self.address.size)[0][0])

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Failures of disks, networks and servers become Unavailable."""
        try:
            yield
        except duckdb.OperationalError as error:
            raise Unavailable(
                f"the capture log {self.address} does not answer: {_one_line(error)}"
            ) from error

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._connection is None:
            raise Unavailable("the capture log is closed; start the dashboard again")
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._writing, self._cursor() as cursor, self.address.alone(cursor):
            yield

    @contextmanager
    def _begin(self) -> Iterator[Transaction]:
        with self._cursor() as cursor:
            cursor.begin()
            transaction = Transaction(cursor)
            try:
                yield transaction
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()
            for call in transaction.after_commit:
                call()

    def _migrate(self, transaction: Transaction) -> None:
        """Bring the schema up to date; a log written by a newer version is refused."""
        transaction.execute("CREATE TABLE IF NOT EXISTS log.migrations (version INTEGER)")
        done = transaction.rows("SELECT coalesce(max(version), 0) FROM log.migrations")[0][0]
        if done > len(MIGRATIONS):
            raise Unavailable(
                f"the capture log {self.address} has schema {done}, this program knows "
                f"{len(MIGRATIONS)}: use the newer Signwatch that wrote it"
            )
        for version, statements in enumerate(MIGRATIONS[done:], start=done + 1):
            for statement in (*statements, *(self.address.layout if version == 1 else ())):
                transaction.execute(statement.format(uncompressed=self.address.uncompressed))
            transaction.execute("INSERT INTO log.migrations VALUES (?)", [version])


class Transaction:
    """Statements on one cursor, between begin and commit.

    after_commit: what to call once it is through, before the next writer begins.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self.after_commit: list[Callable[[], None]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement with bound parameters."""
        self._cursor.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query with bound parameters."""
        return self._cursor.execute(sql, parameters).fetchall()

    def insert(self, sql: str, incoming: pa.Table) -> None:
        """Run an INSERT that selects from `incoming`: one Arrow table, not row by row."""
        self.rows_with(sql, incoming)

    def rows_with(self, sql: str, incoming: pa.Table, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query that reads the Arrow table `incoming` beside the log's own."""
        self._cursor.register("incoming", incoming)
        try:
            return self._cursor.execute(sql, parameters).fetchall()
        finally:
            self._cursor.unregister("incoming")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
