"""Schedules of the monitor: only ever added, the latest row of a name counts."""

from __future__ import annotations

from datetime import timedelta

from core.errors import Conflict, NotFound
from core.records.schedules import Schedule, ScheduleStatus, StoredSchedule
from core.store.database import Database, Row, Transaction
from core.store.rows import aware, naive

DELETED = "Deleted"
_COLUMNS = (
    "name, expression, begins, ends, endpoint, threshold, definition, status, created_at, "
    "changed_at, runs_from"
)
# The latest row of each name, those of deleted schedules included.
_COUNTING = (
    f"SELECT {_COLUMNS} FROM log.schedules "
    "QUALIFY row_number() OVER (PARTITION BY name ORDER BY number DESC) = 1"
)

# Names of those that go on to run.
RUNNING = (
    "SELECT name FROM log.schedules "
    "QUALIFY row_number() OVER (PARTITION BY name ORDER BY number DESC) = 1 "
    "AND status = 'Scheduled' AND expression <> 'NOW'"
)


class SchedulesTable:
    """What is kept of every schedule."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[StoredSchedule]:
        """Every schedule that was not deleted, by name."""
        found = self._database.rows(
            f"SELECT * FROM ({_COUNTING}) WHERE status <> ? ORDER BY name", [DELETED]
        )
        return [_stored(row) for row in found]

    def one(self, name: str) -> StoredSchedule:
        """The schedule of that name; NotFound if there is none."""
        found = {stored.schedule.name: stored for stored in self.all()}
        if name not in found:
            raise NotFound(
                f"there is no monitoring schedule {name!r}; there are "
                f"{', '.join(map(repr, found)) or 'none'}"
            )
        return found[name]

    def create(self, stored: StoredSchedule) -> None:
        """Keep a new schedule; Conflict if its name is taken."""
        name = stored.schedule.name
        with self._database.transaction() as transaction:
            if transaction.rows(
                f"SELECT 1 FROM ({_COUNTING}) WHERE name = ? AND status <> ?", [name, DELETED]
            ):
                raise Conflict(
                    f"there is a monitoring schedule {name!r} already; choose another name, or "
                    "change or delete that one"
                )
            _add(transaction, stored, stored.status.value)

    def ensure(self, stored: StoredSchedule) -> None:
        """Keep a schedule, unless there is, or was and is deleted, one of its name."""
        if _known(self._database, stored.schedule.name):
            return
        with self._database.transaction() as transaction:
            if not _known(transaction, stored.schedule.name):
                _add(transaction, stored, stored.status.value)

    def change(self, stored: StoredSchedule) -> None:
        """Keep a changed schedule; from now on it counts."""
        with self._database.transaction() as transaction:
            _add(transaction, stored, stored.status.value)

    def delete(self, stored: StoredSchedule) -> None:
        """Remove the schedule; its runs stay."""
        with self._database.transaction() as transaction:
            _add(transaction, stored, DELETED)


def _known(source: Database | Transaction, name: str) -> bool:
    return bool(source.rows("SELECT 1 FROM log.schedules WHERE name = ? LIMIT 1", [name]))


def _add(transaction: Transaction, stored: StoredSchedule, status: str) -> None:
    schedule = stored.schedule
    transaction.execute(
        f"INSERT INTO log.schedules (number, {_COLUMNS}) SELECT coalesce(max(number), 0) + 1, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM log.schedules",
        [
            schedule.name,
            schedule.expression,
            None if schedule.begins is None else round(schedule.begins.total_seconds()),
            round(schedule.ends.total_seconds()),
            schedule.endpoint,
            schedule.threshold,
            schedule.definition,
            status,
            naive(stored.created_at),
            naive(stored.changed_at),
            naive(stored.runs_from),
        ],
    )


def _stored(row: Row) -> StoredSchedule:
    name, expression, begins, ends, endpoint, threshold, definition, status, *times = row
    schedule = Schedule(
        name,
        expression,
        None if begins is None else timedelta(seconds=begins),
        timedelta(seconds=ends),
        endpoint,
        threshold,
        definition,
    )
    return StoredSchedule(schedule, ScheduleStatus(status), *map(aware, times))
