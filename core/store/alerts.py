"""Alerts: what was sent, to which channel, and whether it arrived. Rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from core.records.alerts import Delivery, Notice, NoticeKind
from core.records.monitoring import Violation
from core.store.database import Database, Row
from core.store.rows import aware, naive
from core.store.schedules import RUNNING

_NOTICE = "notice_id, kind, endpoint, since, violations, execution_id, window_end, made_at"
_DELIVERY = "notice_id, channel, delivered, reason, delivered_at"
# Violations in the latest run that was evaluated, of each schedule that runs.
_ELSEWHERE = f"""
    WITH running AS ({RUNNING}),
    latest AS (
        SELECT max(number) AS number FROM log.executions
        WHERE schedule IN (SELECT name FROM running)
            AND status IN ('Completed', 'CompletedWithViolations')
        GROUP BY schedule)
    SELECT violations FROM log.executions
    WHERE number IN (SELECT number FROM latest)
        AND endpoint IS NOT DISTINCT FROM ? AND schedule IS DISTINCT FROM ?"""
_COUNTING = f"SELECT {_NOTICE} FROM log.notices WHERE kind <> 'test'"


class AlertsTable:
    """Notices and their deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self,
        endpoint: str | None,
        schedule: str | None,
        decide: Callable[[Notice | None, list[Delivery], list[Violation]], Notice | None],
    ) -> Notice | None:
        """Keep the notice that `decide` makes, and return it.

        It is made of the endpoint's last notice, its deliveries, and what schedules other than
        `schedule` found at the endpoint in their latest run. Nobody else claims meanwhile, so one
        process of several has it to send.
        """
        with self._database.transaction() as transaction:
            found = transaction.rows(
                f"{_COUNTING} AND endpoint IS NOT DISTINCT FROM ? ORDER BY made_at DESC LIMIT 1",
                [endpoint],
            )
            last = _notice(found[0]) if found else None
            outcomes = transaction.rows(
                f"SELECT {_DELIVERY} FROM log.notice_deliveries WHERE notice_id = ?",
                [last.notice_id if last else None],
            )
            elsewhere = transaction.rows(_ELSEWHERE, [endpoint, schedule])
            made = decide(
                last,
                [_delivery(row) for row in outcomes],
                [Violation(**each) for row in elsewhere for each in json.loads(row[0])],
            )
            if made is not None:
                transaction.execute(_ADD_NOTICE, _notice_row(made))
        return made

    def add(self, notice: Notice) -> None:
        """Keep one notice, whatever came before."""
        with self._database.transaction() as transaction:
            transaction.execute(_ADD_NOTICE, _notice_row(notice))

    def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Keep what became of a notice."""
        with self._database.transaction() as transaction:
            for each in deliveries:
                transaction.execute(
                    "INSERT INTO log.notice_deliveries VALUES (?, ?, ?, ?, ?)",
                    [each.notice_id, each.channel, each.delivered, each.reason, naive(each.at)],
                )

    def lasting(self) -> list[Notice]:
        """The last notice of each endpoint whose violations last, the longest lasting first."""
        found = self._database.rows(
            f"SELECT * FROM ({_COUNTING} QUALIFY row_number() OVER "
            "(PARTITION BY endpoint ORDER BY made_at DESC) = 1) "
            "WHERE kind <> 'recovery' ORDER BY since, endpoint"
        )
        return [_notice(row) for row in found]

    def deliveries(self, limit: int) -> list[tuple[Notice, Delivery]]:
        """The latest deliveries with their notices, newest first."""
        notice, delivery = (
            ", ".join(f"{table}.{name}" for name in names.split(", "))
            for table, names in (("n", _NOTICE), ("d", _DELIVERY))
        )
        found = self._database.rows(
            f"SELECT {notice}, {delivery} FROM log.notice_deliveries d "
            "JOIN log.notices n ON n.notice_id = d.notice_id "
            "ORDER BY d.delivered_at DESC, d.channel LIMIT ?",
            [limit],
        )
        return [(_notice(row[:8]), _delivery(row[8:])) for row in found]


_ADD_NOTICE = "INSERT INTO log.notices VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def _notice_row(notice: Notice) -> list[object]:
    return [
        notice.notice_id,
        notice.kind.value,
        notice.endpoint,
        naive(notice.since),
        json.dumps(notice.violations),
        notice.execution_id,
        naive(notice.as_of),
        naive(notice.made_at),
    ]


def _notice(row: Row) -> Notice:
    notice_id, kind, endpoint, since, violations, execution_id, window_end, made_at = row
    return Notice(
        notice_id,
        NoticeKind(kind),
        endpoint,
        aware(since),
        tuple(json.loads(violations)),
        execution_id,
        aware(window_end),
        aware(made_at),
    )


def _delivery(row: Row) -> Delivery:
    notice_id, channel, delivered, reason, at = row
    return Delivery(notice_id, channel, delivered, reason, aware(at))
