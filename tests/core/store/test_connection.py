"""A connection that many threads share, and that is opened anew after a fatal error."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from core.errors import Unavailable
from core.store.connection import RETRY_SECONDS, SharedConnection, never_closed
from tests.support.expect import raises

FATAL = [
    duckdb.FatalException("it is over"),
    duckdb.InternalException("it is over"),
    duckdb.IOException('Database "log" has been invalidated because checkpointing failed'),
]
ORDINARY = [duckdb.IOException("a disk"), duckdb.ConversionException("a value")]


class Opened:
    """Opens connections to one file; fails as often as it has to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times, self.failures = 0, 0
        self.seconds = 0.0

    def __call__(self) -> duckdb.DuckDBPyConnection:
        self.times += 1
        if self.failures:
            self.failures -= 1
            raise Unavailable("not yet")
        return duckdb.connect(str(self.path))

    def clock(self) -> float:
        return self.seconds


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path / "a.duckdb")


@pytest.fixture
def connection(opened: Opened) -> Iterator[SharedConnection]:
    connection = SharedConnection(opened, clock=opened.clock)
    yield connection
    connection.close()


def ask(connection: SharedConnection) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT 7").fetchall()


def fail(connection: SharedConnection, error: Exception) -> None:
    with suppress(duckdb.Error), connection.cursor():
        raise error


@pytest.mark.parametrize("error", FATAL)
def test_after_a_fatal_error_it_is_opened_anew(
    connection: SharedConnection, opened: Opened, error: Exception
) -> None:
    opened.seconds = RETRY_SECONDS
    fail(connection, error)
    assert ask(connection) == [(7,)]
    assert (opened.times, connection.reopened) == (2, 1)


@pytest.mark.parametrize("error", ORDINARY)
def test_after_another_error_it_goes_on(
    connection: SharedConnection, opened: Opened, error: Exception
) -> None:
    fail(connection, error)
    assert ask(connection) == [(7,)]
    assert (opened.times, connection.reopened) == (1, 0)


def test_what_cannot_be_opened_yet_is_tried_now_and_then(
    connection: SharedConnection, opened: Opened
) -> None:
    fail(connection, FATAL[0])
    opened.failures = 1
    with raises(Unavailable, "not yet"):
        ask(connection)
    with raises(Unavailable, "the capture log is being opened anew after an error: it is over"):
        ask(connection)
    assert opened.times == 2
    opened.seconds += RETRY_SECONDS
    assert ask(connection) == [(7,)]
    assert (opened.times, connection.reopened) == (3, 1)


def test_calls_under_way_end_before_it_is_opened_anew(
    connection: SharedConnection, opened: Opened
) -> None:
    with connection.cursor() as cursor:
        fail(connection, FATAL[0])
        with raises(Unavailable, "the capture log is being opened anew after an error: it is over"):
            ask(connection)
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    opened.seconds += RETRY_SECONDS
    assert ask(connection) == [(7,)]


@pytest.mark.parametrize("end", [SharedConnection.close, lambda each: fail(each, FATAL[0])])
def test_a_stream_that_nobody_takes_keeps_nobody_waiting(
    connection: SharedConnection, opened: Opened, end: Callable[[SharedConnection], object]
) -> None:
    lent: list[duckdb.DuckDBPyConnection] = []

    def start(cursor: duckdb.DuckDBPyConnection) -> None:
        lent.append(cursor.execute("SELECT unnest(range(9))"))

    stream = connection.stream(start, 2)
    assert next(stream) == [(0,), (1,)]
    end(connection)
    opened.seconds += RETRY_SECONDS
    with suppress(Unavailable):
        ask(connection)
    with pytest.raises(duckdb.ConnectionException, match="closed"):  # its file can be moved now
        lent[0].execute("SELECT 1")
    with raises(Unavailable, "the capture log was closed or opened anew meanwhile; ask again"):
        next(stream)


def test_a_commit_that_is_durable_is_one(connection: SharedConnection, opened: Opened) -> None:
    class Cursor:
        def commit(self) -> None:
            raise duckdb.IOException(
                "Transaction COMMIT succeeded and is durable, but the autocheckpoint failed."
            )

    connection.commit(Cursor())  # type: ignore[arg-type]
    assert ask(connection) == [(7,)]
    assert connection.reopened == 1
    Cursor.commit = lambda _: (_ for _ in ()).throw(duckdb.IOException("no space"))
    with pytest.raises(duckdb.IOException, match="no space"):
        connection.commit(Cursor())  # type: ignore[arg-type]


class Stuck:
    """A connection of a lake whose cursors are in a transaction that ends in `error`."""

    def __init__(self, error: duckdb.Error | None) -> None:
        self.error = error
        self.cursors: list[Stuck] = []
        self.closed = False

    def cursor(self) -> "Stuck":
        self.cursors.append(Stuck(self.error))
        return self.cursors[-1]

    def rollback(self) -> None:
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("error", FATAL)
def test_a_cursor_whose_transaction_cannot_be_ended_is_never_closed(error: duckdb.Error) -> None:
    """Its destructor would end the process: that of the cursor, and of what it is a part of."""
    made = [Stuck(error), Stuck(None)]
    left = iter(made)
    connection = SharedConnection(lambda: next(left), closes_within=False, clock=lambda: 0.0)  # type: ignore[arg-type, return-value]
    with suppress(duckdb.Error), connection.cursor():
        raise duckdb.IOException("the catalog is away")  # what this thread heard of it
    with connection.cursor():
        pass
    (stuck,) = made[0].cursors
    assert (stuck.closed, made[0].closed, connection.reopened) == (False, False, 1)
    connection.close()
    assert (made[1].closed, [each.closed for each in made[1].cursors]) == (True, [True])


def test_what_is_never_closed_outlives_whoever_held_it() -> None:
    kept = Stuck(None)
    reference = weakref.ref(kept)
    never_closed(kept)  # type: ignore[arg-type]
    del kept
    assert reference() is not None


@pytest.mark.parametrize(
    "error", [None, duckdb.TransactionException("none is active"), duckdb.IOException("a socket")]
)
def test_a_cursor_whose_transaction_is_over_is_closed(error: duckdb.Error | None) -> None:
    only = Stuck(error)
    connection = SharedConnection(lambda: only, closes_within=False)  # type: ignore[arg-type, return-value]
    with connection.cursor():
        pass
    assert [each.closed for each in only.cursors] == [True]
    connection.close()
    assert (only.closed, connection.reopened) == (True, 0)


def test_a_file_is_closed_within_a_transaction_so_that_it_can_be_opened_anew() -> None:
    made = [Stuck(FATAL[0]), Stuck(None)]
    left = iter(made)
    connection = SharedConnection(lambda: next(left), clock=lambda: 0.0)  # type: ignore[arg-type, return-value]
    fail(connection, FATAL[0])
    with connection.cursor():
        pass
    assert (made[0].closed, [each.closed for each in made[0].cursors]) == (True, [True])


def test_closed_it_stays_closed(connection: SharedConnection) -> None:
    fail(connection, FATAL[0])
    connection.close()
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        ask(connection)
