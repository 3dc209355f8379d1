"""The queue: flagged predictions without a verdict, in groups, and who has which in work.

Assignments are only ever added: the latest of a capture counts for as long as it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from core.records.triage import (
    LEASE,
    PAUSE,
    Assignment,
    Group,
    Holder,
    Queue,
    Standing,
    Status,
    Wanted,
)
from core.store import filters, rows
from core.store.database import Database, Row

AHEAD = 4  # ids of each group that come next
_SCHEMA = pa.schema(
    [
        ("capture_id", pa.string()),
        ("analyst", pa.string()),
        ("seat", pa.string()),
        ("taken_at", rows.TIMESTAMP),
        ("until", rows.TIMESTAMP),
    ]
)
OF_STATUS = {None: "true", Status.NEW: "l.holder IS NULL", Status.IN_WORK: "l.holder IS NOT NULL"}


class QueueTable:
    """What waits, and who holds it. `at` is the present, aware."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(
        self,
        wanted: Wanted,
        holder: Holder,
        at: datetime,
        *,
        limit: int,
        current: str | None = None,
        passed_over: Sequence[str] = (),
    ) -> Queue:
        """The first groups in which something waits that is wanted, and the `current` one.

        passed_over: ids that do not come next, though they wait.
        """
        where, parameters = filters.conditions(wanted.captures)
        answer = self._database.rows(
            _groups(where, OF_STATUS[wanted.status]),
            [
                *parameters,
                *_present(at),
                holder.window,
                AHEAD,
                holder.window,
                list(passed_over),
                current,
                limit,
            ],
        )
        if not answer:
            return Queue()
        groups = sorted(map(_group, answer), key=_suspicion)
        return Queue(tuple(groups), *(int(number) for number in answer[0][12:]))

    def group_of(self, capture_id: str) -> dict[str, str | None]:
        """The whole group that a flagged capture is in, oldest first: ids -> SHA-256 of the image.

        None for an image that was not captured; empty for any other capture.
        """
        return dict(self._database.rows(_members(), [capture_id]))

    def standing(self, capture_ids: Sequence[str], at: datetime) -> dict[str, Standing]:
        """How far each of these captures is."""
        ids = list(capture_ids)
        decided = {name for (name,) in self._database.rows(_DECIDED, [ids])}
        held = self._database.rows(
            f"{_LIVE} AND list_contains(?, capture_id)", [*_present(at), ids]
        )
        holders = {each.capture_id: each.holder for each in map(_assignment, held)}
        return {name: _standing(name in decided, holders.get(name)) for name in ids}

    def take(
        self,
        capture_ids: Sequence[str],
        holder: Holder,
        at: datetime,
        *,
        most: int = 1,
        also_from: str | None = None,
    ) -> list[str]:
        """Assign the first `most` that wait and that nobody else holds; returns their ids.

        also_from: an analyst whose other windows give theirs up.
        """
        ids = list(capture_ids)
        with self._database.transaction() as transaction:
            gone = transaction.rows(_DECIDED, [ids])
            gone += transaction.rows(
                f"{_LIVE} AND list_contains(?, capture_id) AND holder <> ? "
                "AND analyst IS DISTINCT FROM ?",
                [*_present(at), ids, holder.window, also_from],
            )
            names = {row[0] for row in gone}
            taken = [each for each in dict.fromkeys(ids) if each not in names][:most]
            if taken:
                rows_taken = [_assigned(each, holder, at, at + LEASE) for each in taken]
                transaction.insert(_ASSIGN, _assignments(rows_taken))
        return taken

    def give_back(self, capture_id: str, holder: Holder, at: datetime) -> None:
        """End the assignment of a capture, if this holder has it."""
        with self._database.transaction() as transaction:
            mine = f"{_LIVE} AND capture_id = ? AND holder = ?"
            if transaction.rows(mine, [*_present(at), capture_id, holder.window]):
                ended = _assigned(capture_id, holder, at, at)
                transaction.insert(_ASSIGN, _assignments([ended]))

    def assignment(self, capture_id: str, at: datetime) -> Assignment | None:
        """Who has a capture in work; None: nobody."""
        found = self._database.rows(f"{_LIVE} AND capture_id = ?", [*_present(at), capture_id])
        return _assignment(found[0]) if found else None

    def in_work(self, at: datetime) -> list[Assignment]:
        """Everything that is assigned, the latest taken first; it may have a verdict by now."""
        found = self._database.rows(f"{_LIVE} ORDER BY taken_at DESC, capture_id", _present(at))
        return [_assignment(row) for row in found]


def _present(at: datetime) -> list[object]:
    """The parameters of _LIVE: what was taken earlier than a lease ago is over."""
    return [rows.naive(at - LEASE), rows.naive(at)]


def _assigned(capture_id: str, holder: Holder, taken_at: datetime, until: datetime) -> list[object]:
    return [capture_id, holder.analyst, holder.window, rows.naive(taken_at), rows.naive(until)]


def _assignments(found: Sequence[Sequence[object]]) -> pa.Table:
    """One row each, of which there may be thousands."""
    columns = zip(*found, strict=True)
    return pa.table(
        [pa.array(column, each.type) for column, each in zip(columns, _SCHEMA, strict=True)],
        schema=_SCHEMA,
    )


def _assignment(row: Row) -> Assignment:
    capture_id, analyst, window, taken_at, until = row
    return Assignment(capture_id, Holder(analyst, window), rows.aware(taken_at), rows.aware(until))


def _standing(decided: bool, holder: Holder | None) -> Standing:
    if decided:
        return Standing(Status.DONE)
    return Standing(Status.IN_WORK, holder) if holder else Standing(Status.NEW)


def _suspicion(group: Group) -> tuple[bool, float]:
    """What groups are sorted by; those without a p-value come last."""
    return group.p_value is None, group.p_value or 0


def _group(row: Row) -> Group:
    first, endpoint, source, class_id, start, end, *counts, p_value, shown, free = row[:12]
    captures, waiting, elsewhere = counts
    return Group(
        first,
        endpoint,
        source,
        class_id,
        rows.aware(start),
        rows.aware(end),
        captures,
        waiting,
        elsewhere,
        p_value,
        shown,
        tuple(free or ()),
    )


_ASSIGN = "INSERT INTO log.assignments SELECT * FROM incoming"
_LIVE = """
    SELECT * FROM (
        SELECT capture_id::VARCHAR AS capture_id, analyst, seat AS holder, taken_at, until
        FROM log.assignments WHERE taken_at >= ?
        QUALIFY row_number() OVER (PARTITION BY capture_id ORDER BY taken_at DESC, until) = 1)
    WHERE until > ?"""
_DECIDED = (
    f"SELECT capture_id::VARCHAR FROM {filters.STANDING} AS d "
    "WHERE capture_id IN (SELECT unnest(TRY_CAST(? AS UUID[])))"
)


def grouped(found: str) -> str:
    """The query of everything flagged, with the group of each; found: a condition on captures `c`.

    Groups are made before anything is filtered, so that each keeps its name.
    """
    series = "PARTITION BY endpoint, source, class_id ORDER BY inferred_at, capture_id"
    pause = f"INTERVAL {int(PAUSE.total_seconds())} SECOND"
    return f"""
        SELECT *, last_value(CASE WHEN begins THEN capture_id END IGNORE NULLS)
            OVER ({series}) AS first
        FROM (
            SELECT capture_id, inferred_at, p_value, endpoint, source, class_id, image_sha256,
                coalesce({found}, false) AS found,
                coalesce(inferred_at - lag(inferred_at) OVER ({series}) > {pause}, true) AS begins
            FROM log.captures AS c WHERE flagged AND class_id IS NOT NULL)"""


def _groups(found: str, state: str) -> str:
    """The query of groups; state: a condition on the live assignment `l`.

    What the trust rule flagged without a p-value comes last.
    """
    return f"""
        WITH items AS (
            SELECT g.*, l.holder, d.capture_id IS NULL AND g.found AND {state} AS wanted,
                (coalesce(g.p_value, 1), -epoch_us(g.inferred_at), g.capture_id) AS place
            FROM ({grouped(found)}) AS g
            LEFT JOIN (SELECT DISTINCT capture_id FROM {filters.STANDING} AS s) AS d
                ON d.capture_id = g.capture_id
            LEFT JOIN ({_LIVE}) AS l ON l.capture_id::UUID = g.capture_id)
        SELECT first::VARCHAR, any_value(endpoint), any_value(source), any_value(class_id),
            min(inferred_at), max(inferred_at), count(*), count(*) FILTER (wanted),
            count(*) FILTER (wanted AND holder <> ?), min(p_value) FILTER (wanted) AS lowest,
            (arg_min(capture_id, place) FILTER (wanted))::VARCHAR,
            (arg_min(capture_id, place, ?) FILTER (wanted AND coalesce(holder = ?, true)
                AND NOT list_contains(?::UUID[], capture_id)))::VARCHAR[],
            count(*) OVER (), sum(count(*) FILTER (wanted)) OVER (),
            sum(count(*) FILTER (wanted AND holder IS NOT NULL)) OVER ()
        FROM items GROUP BY first HAVING bool_or(wanted)
        ORDER BY coalesce(first = TRY_CAST(? AS UUID), false) DESC, lowest NULLS LAST,
            max(inferred_at) DESC,
            first
        LIMIT ?"""


def _members() -> str:
    return f"""
        WITH items AS ({grouped("true")}),
        one AS (SELECT first FROM items WHERE capture_id = TRY_CAST(? AS UUID))
        SELECT capture_id::VARCHAR, image_sha256 FROM items JOIN one ON items.first = one.first
        ORDER BY inferred_at, capture_id"""
