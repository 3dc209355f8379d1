"""Verdicts: only ever added. One that was taken back stays on record, and counts no longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from core.records.verdicts import PACE_MINUTES, Decision, Pace, Statement, Verdict
from core.store import filters, rows
from core.store.database import Database, Row
from core.store.queue import grouped

_WITHDRAWALS = pa.schema(
    [
        ("capture_id", pa.string()),
        ("decided_by", pa.string()),
        ("decided_at", rows.TIMESTAMP),
        ("analyst", pa.string()),
        ("withdrawn_at", rows.TIMESTAMP),
    ]
)


class VerdictsTable:
    """Verdicts on captures, whether the log still has these or not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Keep verdicts in one transaction; earlier ones on the same captures stay on record.

        Returns the earlier verdicts on these captures that are not taken back.
        """
        with self._database.transaction() as transaction:
            before = transaction.rows(
                f"SELECT * FROM {filters.STANDING} AS d WHERE capture_id IN "
                "(SELECT unnest(?::UUID[])) ORDER BY decided_at, analyst",
                [[each.capture_id for each in decisions]],
            )
            transaction.insert(
                "INSERT INTO log.decisions SELECT * FROM incoming", rows.decisions_table(decisions)
            )
        return [rows.decision(row) for row in before]

    def take_back(self, decisions: Sequence[Decision], *, analyst: str, at: datetime) -> None:
        """Verdicts count no longer; earlier ones count again."""
        table = pa.Table.from_pylist(
            [
                {
                    "capture_id": each.capture_id,
                    "decided_by": each.analyst,
                    "decided_at": rows.naive(each.decided_at),
                    "analyst": analyst,
                    "withdrawn_at": rows.naive(at),
                }
                for each in decisions
            ],
            schema=_WITHDRAWALS,
        )
        with self._database.transaction() as transaction:
            transaction.insert("INSERT INTO log.withdrawals SELECT * FROM incoming", table)

    def of(self, capture_id: str) -> list[Statement]:
        """All statements on one capture, oldest first."""
        found = self._database.rows(
            _STATEMENTS.format(which="d.capture_id = TRY_CAST($1 AS UUID)"),
            [capture_id],
        )
        return [_statement(row) for row in found]

    def all(self) -> Iterator[Statement]:
        """All statements of the log, oldest first."""
        for chunk in self._database.stream(_STATEMENTS.format(which="true")):
            yield from map(_statement, chunk)

    def of_flagged(self) -> list[tuple[float | None, Verdict, str]]:
        """(p-value, verdict that counts, group) of every flagged capture that the log still has.

        But for what drills sent, which says nothing of the flag in ordinary traffic. The group is
        that of the queue, by the id of its first capture.
        """
        found = self._database.rows(
            f"SELECT g.p_value, d.verdict, g.first::VARCHAR FROM ({filters.latest_decisions()}) AS "
            f"d JOIN ({grouped(filters.NOT_SENT)}) AS g ON g.capture_id = d.capture_id "
            "WHERE g.found "
            "ORDER BY g.p_value, g.capture_id"
        )
        return [(p_value, Verdict(verdict), group) for p_value, verdict, group in found]

    def pace(self, analyst: str, at: datetime) -> Pace:
        """How many predictions an analyst has decided by now."""
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        lately = at - timedelta(minutes=PACE_MINUTES)
        ((today, few),) = self._database.rows(
            "SELECT count(DISTINCT capture_id) FILTER (decided_at >= ?), "
            "count(DISTINCT capture_id) FILTER (decided_at > ?) "
            f"FROM {filters.STANDING} AS d WHERE analyst = ? AND decided_at >= ?",
            [
                rows.naive(midnight),
                rows.naive(lately),
                analyst,
                rows.naive(min(midnight, lately)),
            ],
        )
        return Pace(today, few / PACE_MINUTES)

    def decided(self) -> int:
        """How many captures have a verdict that counts."""
        found = self._database.rows(
            f"SELECT count(DISTINCT capture_id) FROM {filters.STANDING} AS d"
        )
        return int(found[0][0])


# A verdict first, then that it was taken back; which of them counts is seen from all of them.
_STATEMENTS = f"""
    SELECT d.*, d.analyst AS stated_by, d.decided_at AS stated_at, false AS taken_back,
        coalesce((d.decided_at, d.analyst) = (s.decided_at, s.analyst), false) AS counts
    FROM log.decisions AS d
    LEFT JOIN ({filters.latest_decisions()}) AS s ON s.capture_id = d.capture_id
    WHERE {{which}}
    UNION ALL
    SELECT d.*, w.analyst, w.withdrawn_at, true, false
    FROM log.decisions AS d JOIN log.withdrawals AS w ON w.capture_id = d.capture_id
        AND w.decided_at = d.decided_at AND w.decided_by = d.analyst
    WHERE {{which}}
    ORDER BY stated_at, taken_back, capture_id"""


def _statement(row: Row) -> Statement:
    *of, analyst, stated_at, taken_back, counts = row
    return Statement(rows.decision(tuple(of)), analyst, rows.aware(stated_at), taken_back, counts)
