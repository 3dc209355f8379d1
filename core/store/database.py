"""The life of a database: attached as `log`, migrated, open, closed; one writer at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import duckdb
import pyarrow as pa

from core.errors import Unavailable
from core.store.address import DAMAGED, Address
from core.store.connection import SharedConnection, is_fatal, one_line
from core.store.place import Room
from core.store.schema import MIGRATIONS

# Half of the cores: requests are answered on the others, whatever is asked of the log meanwhile.
THREADS = max(1, (os.cpu_count() or 1) // 2)
CONFIG: dict[str, str | bool | int | float | list[str]] = {"threads": THREADS}
CHUNK = 1000  # rows of a stream that are held at a time

Row = tuple[Any, ...]


class Database:
    """One DuckDB process-wide; every call works on its own cursor, so threads may share it.

    Parameters
    ----------
    address
        Where the log lies.
    reserve
        Bytes of its disk that stay free of captures.

    Raises
    ------
    Unavailable
        It cannot be opened or created.

    Attributes
    ----------
    damage
        What could not be read of its files, as DuckDB says it; empty while nothing was found.
    """

    def __init__(self, address: Address, *, reserve: int = 0) -> None:
        self.address = address
        self.damage = ""
        self._reserve = reserve
        self._writing = threading.Lock()
        self._identity: str | None = None  # of its files, once it is open
        self._connection = SharedConnection(self._opened, closes_within=not address.shared)
        self._identity = address.identity()

    def close(self) -> None:
        """Checkpoint and close; every later call raises Unavailable."""
        self._connection.close()

    @property
    def reopened(self) -> int:
        """How often it was opened anew after an error that it did not survive."""
        return self._connection.reopened

    def room(self) -> Room | None:
        """On its disk; None where it lies on none of this machine."""
        folder = self.address.folder
        try:
            return None if folder is None else Room.of(folder, self._reserve)
        except OSError:  # it is not there; what is written there says so
            return None

    def check_room(self) -> None:
        """Raise Unavailable if its disk is used up to the reserve."""
        room = self.room()
        if room is not None:
            room.check()

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
        with self._reporting():
            yield from self._connection.stream(lambda each: each.execute(sql, parameters), CHUNK)

    @contextmanager
    def transaction(self, *, grows: bool = False) -> Iterator[Transaction]:
        """Everything inside commits together, or not at all; no other process writes meanwhile.

        grows: whether it adds captures, images or tensors, which leave the disk its reserve; what
        is small, and what gives space back, may use that.
        """
        if grows:
            self.check_room()
        with self._reporting(), self._alone(), self._begun() as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """The log as of one moment; what is written to other databases inside is kept.

        Nobody waits for it, and it waits for nobody.
        """
        with self._reporting(), self._begun() as transaction:
            yield transaction

    def maintain(self) -> None:
        """Give space back, and gather what small commits left in many pieces."""
        with self._reporting(), self._alone(), self._cursor() as cursor:
            for statement in self.address.maintenance:
                cursor.execute(statement).fetchall()

    def bytes_used(self) -> int:
        """Bytes that the log takes, without space that is free to be used again."""
        return int(self.rows(self.address.size)[0][0])

    def _opened(self) -> duckdb.DuckDBPyConnection:
        """A connection with the log attached and up to date."""
        if self._identity is not None:
            self._check_place()  # what is opened anew is no other one
        connection = duckdb.connect(":memory:", config=CONFIG)
        try:
            self._attach(connection)
        except Unavailable:
            connection.close()
            raise
        except (duckdb.Error, OSError) as error:
            connection.close()
            raise Unavailable(
                f"the capture log {self.address} cannot be opened ({one_line(error)})",
                self.address.advise(str(error)),
            ) from error
        return connection

    def _attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.address.prepare(connection)
        with connection.cursor() as cursor, self.address.alone(cursor):
            # Several processes may start at once on an empty one.
            self.address.attach(connection)
            with (
                connection.cursor() as other,
                begun(other, duckdb.DuckDBPyConnection.commit) as transaction,
            ):
                self._migrate(transaction)
            with connection.cursor() as other:
                self.address.settle(other)

    def _check_place(self) -> None:
        """Raise Unavailable if its files are not where they were when it was opened."""
        if self.address.identity() != self._identity:
            problem, remedy = self.address.lost
            raise Unavailable(f"the capture log {self.address} takes no writes: {problem}", remedy)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Failures of disks, networks and servers become Unavailable."""
        try:
            yield
        except duckdb.Error as error:
            if not self.address.failed(error) and not is_fatal(error):
                raise
            text = one_line(error)
            if DAMAGED.search(text):
                self.damage = text
            raise Unavailable(f"the capture log {self.address} does not answer: {text}") from error

    def _cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self._connection.cursor()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._writing, self._cursor() as cursor, self.address.alone(cursor):
            self._check_place()
            yield

    @contextmanager
    def _begun(self) -> Iterator[Transaction]:
        """A transaction; committed, unless an exception passes."""
        with self._cursor() as cursor, begun(cursor, self._connection.commit) as transaction:
            yield transaction

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


@contextmanager
def begun(
    cursor: duckdb.DuckDBPyConnection, commit: Callable[[duckdb.DuckDBPyConnection], object]
) -> Iterator[Transaction]:
    """A transaction on a cursor."""
    cursor.begin()
    transaction = Transaction(cursor)
    try:
        yield transaction
    except BaseException:
        with suppress(duckdb.Error):  # a fatal error has ended it already
            cursor.rollback()
        raise
    commit(cursor)
    for call in transaction.after_commit:
        call()


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
