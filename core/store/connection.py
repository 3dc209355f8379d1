"""One DuckDB for all threads; after a fatal error it is opened anew.

A checkpoint that fails on a full disk, for one, leaves DuckDB with a database that answers nothing
any more, whatever becomes of the disk. What was committed lies in its files, that of the failed
checkpoint too. So the next call closes all of it and opens the files again.

A DuckLake comes to that too: where its catalog has been away, two threads that read the catalog's
tables again may find each other's half (duckdb/duckdb-postgres issue 577). To end a transaction,
DuckLake asks its catalog through the same DuckDB, which answers nothing any more; and that error,
in a destructor, would end the process. So a cursor in such a transaction is never closed.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from core.errors import Unavailable

INVALIDATED = "has been invalidated"
DURABLE = "COMMIT succeeded and is durable"
RETRY_SECONDS = 2.0  # between attempts to open it again; each reads what the last commits left


def is_fatal(error: duckdb.Error) -> bool:
    """Whether nothing is answered any more after it."""
    fatal = isinstance(error, duckdb.FatalException | duckdb.InternalException)
    return fatal or INVALIDATED in str(error)


def one_line(error: Exception) -> str:
    """An error in one line."""
    return " ".join(str(error).split())


class SharedConnection:
    """Lends cursors.

    Parameters
    ----------
    opened
        Makes the connection; raises Unavailable where it cannot be had.
    closes_within
        Whether a cursor may be closed within a transaction once nothing is answered any more.
    clock
        Seconds, for the pause between two attempts to open it again.

    Attributes
    ----------
    reopened
        How often it was opened anew.
    """

    def __init__(
        self,
        opened: Callable[[], duckdb.DuckDBPyConnection],
        *,
        closes_within: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reopened = 0
        self._open = opened
        self._closes_within = closes_within
        self._clock = clock
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = opened()
        self._lent = 0
        self._streams: dict[threading.Lock, duckdb.DuckDBPyConnection] = {}
        self._broken = ""  # why it has to be opened anew
        self._stuck = False  # in a transaction that cannot be ended
        self._closed = False
        self._tried_at = -RETRY_SECONDS

    def close(self) -> None:
        """Close all of it; every later call raises Unavailable."""
        with self._lock:
            self._closed = True
            self._drop()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own, for as long as it lasts."""
        with self._lock:
            cursor = self._whole().cursor()
            self._lent += 1
        try:
            with self._noticing():
                yield cursor
        finally:
            self._take_back(cursor)

    def stream(
        self, start: Callable[[duckdb.DuckDBPyConnection], object], rows: int
    ) -> Iterator[list[tuple[object, ...]]]:
        """What `start` asks of a cursor, so many rows at a time.

        Whoever takes the rows may be slow. Nobody waits for that: where the connection is opened
        anew or closed, a stream breaks off.
        """
        reading = threading.Lock()
        with self._lock:
            cursor = self._whole().cursor()
            self._streams[reading] = cursor
        try:
            with self._noticing():
                with reading:
                    start(cursor)
                while True:
                    with reading:
                        if reading not in self._streams:
                            raise Unavailable(
                                "the capture log was closed or opened anew meanwhile; ask again"
                            )
                        chunk = cursor.fetchmany(rows)
                    if not chunk:
                        return
                    yield chunk
        finally:
            with self._lock:
                self._streams.pop(reading, None)
            cursor.close()

    def commit(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Commit; what is durable although the checkpoint after it failed, is committed."""
        try:
            cursor.commit()
        except duckdb.Error as error:
            if DURABLE not in str(error):
                raise
            self._broken = one_line(error)

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            if is_fatal(error):
                self._broken = one_line(error)
            raise

    def _take_back(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Close a cursor that was lent."""
        stuck = not self._closes_within and in_stuck_transaction(cursor)
        with self._lock:
            self._lent -= 1
            if stuck:
                self._stuck = True
                self._broken = self._broken or "a transaction could not be ended"
        if stuck:
            never_closed(cursor)
        else:
            cursor.close()

    def _whole(self) -> duckdb.DuckDBPyConnection:
        """The connection, opened anew where it has to be."""
        if self._closed:
            raise Unavailable("the capture log is closed; start the dashboard again")
        if self._broken or self._connection is None:
            self._reopen()
        assert self._connection is not None
        return self._connection

    def _reopen(self) -> None:
        reason = self._broken
        if self._clock() - self._tried_at < RETRY_SECONDS or self._lent:
            raise Unavailable(f"the capture log is being opened anew after an error: {reason}")
        self._tried_at = self._clock()
        self._drop()
        self._connection = self._open()
        self._broken = ""
        self.reopened += 1

    def _drop(self) -> None:
        """Close the connection, and whatever reads from it slowly."""
        for reading, cursor in list(self._streams.items()):
            cursor.interrupt()
            with reading:
                cursor.close()
        self._streams.clear()
        if self._connection is not None:
            if self._stuck:  # to close it would close that cursor too
                never_closed(self._connection)
                self._stuck = False
            else:
                self._connection.close()
            self._connection = None


def in_stuck_transaction(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether a cursor is in a transaction that cannot be ended; any other is rolled back."""
    try:
        cursor.rollback()
    except duckdb.TransactionException:  # there was none
        return False
    except duckdb.Error as error:
        return is_fatal(error)
    return False


def never_closed(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep it from its destructor, also where the process ends."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
