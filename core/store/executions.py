"""Runs of the monitor, under way or ended, with their logs; how far schedules have come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from core.errors import NotFound
from core.records.drift import current_rule
from core.records.execution_log import ExecutionLog, UnreadableRecord
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    Outcome,
    RuleState,
    Trigger,
    Violation,
    WindowFigures,
)
from core.records.queries import CaptureFilter
from core.records.schedules import LastRun
from core.records.window import Window
from core.store.database import Database, Row, Transaction
from core.store.filters import SOUND, conditions
from core.store.rows import aware, naive, read_json
from core.store.standing import STANDING

MOST_UNREADABLE = 100  # records that are kept with a run
LONGEST_CONTENT = 200  # characters of each
# What runs are sorted and narrowed by. Those of before have no number: they come first.
TIMES = {
    "created": "started_at",
    "scheduled": "coalesce(due_at, started_at)",
    "modified": "ended_at",
}
ORDERS = TIMES | {"created": "coalesce(number, 0)", "status": "status"}
_COLUMNS = (
    "execution_id",
    "trigger",
    "schedule",
    "status",
    "message",
    "window_start",
    "window_end",
    "endpoint",
    "threshold",
    "started_at",
    "ended_at",
    "figures",
    "violations",
    "outcomes",
    "baseline_id",
    "due_at",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM log.executions"
_INSERT = (
    f"INSERT INTO log.executions ({', '.join(_COLUMNS)}, number) "
    f"VALUES ({', '.join('?' * len(_COLUMNS))}, ?)"
)


class ExecutionsTable:
    """Every run, numbered in the order in which they began."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, execution: Execution, *, after: LastRun | None = None) -> bool:
        """Keep a run that is under way; returns whether it was begun.

        One that is due begins only while its schedule has come exactly as far as `after`: of
        several processes, one begins it.
        """
        with self._database.transaction() as transaction:
            if execution.due_at is not None and after != _last_run(transaction, execution.schedule):
                return False
            transaction.execute(_INSERT, [*_row(execution), _next_number(transaction)])
        return True

    def keep(self, execution: Execution, log: ExecutionLog) -> None:
        """Keep how a run ended, in the place of its beginning, with its log."""
        name = execution.execution_id
        with self._database.transaction() as transaction:
            begun = transaction.rows(
                "SELECT number FROM log.executions WHERE execution_id = ?", [name]
            )
            transaction.execute("DELETE FROM log.executions WHERE execution_id = ?", [name])
            transaction.execute("DELETE FROM log.execution_logs WHERE execution_id = ?", [name])
            number = begun[0][0] if begun else _next_number(transaction)
            transaction.execute(_INSERT, [*_row(execution), number])
            unreadable = [record.to_json() for record in log.unreadable]
            transaction.execute(
                "INSERT INTO log.execution_logs VALUES (?, ?, ?)",
                [name, json.dumps(log.lines), json.dumps(unreadable)],
            )

    def one(self, execution_id: str) -> Execution:
        """One run; NotFound if the log has none of that id."""
        found = self._database.rows(f"{_SELECT} WHERE execution_id = ?", [execution_id])
        if not found:
            raise NotFound(f"no run {execution_id} in the log")
        return _execution(found[0])

    def log_of(self, execution_id: str) -> ExecutionLog | None:
        """The log of a run; None while it is under way, and for early versions' runs."""
        found = self._database.rows(
            "SELECT lines, unreadable FROM log.execution_logs WHERE execution_id = ?",
            [execution_id],
        )
        return _log(found[0]) if found else None

    def latest(
        self,
        limit: int,
        *,
        status: str | None = None,
        schedule: str | None = None,
        endpoint: str | None = None,
        ended: bool = False,
        after: Mapping[str, datetime] | None = None,
        before: Mapping[str, datetime] | None = None,
        order: str = "created",
        rising: bool = False,
        skip: int = 0,
    ) -> list[Execution]:
        """Runs (of that status, schedule, endpoint), newest first.

        ended: without those under way; after, before: limits of TIMES, themselves excluded; order:
        one of ORDERS; skip: how many are passed over.
        """
        tests: list[tuple[str, Any]] = [
            ("status <> ?", ExecutionStatus.IN_PROGRESS if ended else None),
            ("status = ?", status),
            ("schedule = ?", schedule),
            ("endpoint = ?", endpoint),
            *((f"{TIMES[name]} > ?", naive(moment)) for name, moment in (after or {}).items()),
            *((f"{TIMES[name]} < ?", naive(moment)) for name, moment in (before or {}).items()),
        ]
        active = [(sql, value) for sql, value in tests if value is not None]
        way = "ASC" if rising else "DESC"
        found = self._database.rows(
            f"{_SELECT} WHERE {' AND '.join(['true', *(sql for sql, _ in active)])} "
            f"ORDER BY {ORDERS[order]} {way}, started_at {way}, execution_id LIMIT ? OFFSET ?",
            [*(value for _, value in active), limit, skip],
        )
        return [_execution(row) for row in found]

    def over(self, moment: datetime, endpoint: str, *, limit: int) -> list[Execution]:
        """Ended ones whose window holds that moment of that endpoint: violated ones first."""
        found = self._database.rows(
            f"{_SELECT} WHERE window_start <= ? AND window_end > ? AND status <> ? "
            "AND coalesce(endpoint, ?) = ? "
            "ORDER BY status = ? DESC, started_at DESC, execution_id LIMIT ?",
            [
                naive(moment),
                naive(moment),
                ExecutionStatus.IN_PROGRESS,
                endpoint,
                endpoint,
                ExecutionStatus.COMPLETED_WITH_VIOLATIONS,
                limit,
            ],
        )
        return [_execution(row) for row in found]

    def violated_within(self, window: Window) -> list[Execution]:
        """Those with violations whose window shares some time with that one, newest first."""
        found = self._database.rows(
            f"{_SELECT} WHERE window_start < ? AND window_end > ? AND status = ? "
            "AND (endpoint IS NULL OR coalesce(?, endpoint) = endpoint) "
            "ORDER BY started_at DESC, execution_id",
            [
                naive(window.end),
                naive(window.start),
                ExecutionStatus.COMPLETED_WITH_VIOLATIONS,
                window.endpoint,
            ],
        )
        return [_execution(row) for row in found]

    def standing(self, since: datetime) -> list[Execution]:
        """The runs that say how things stand: violated ones first, then the latest.

        since: what nothing repeats stands from then on; the last of all does, however old.
        """
        found = self._database.rows(STANDING, [naive(since)])
        return [self.one(name) for (name,) in found]

    def last_run(self, schedule: str) -> LastRun | None:
        """The run of a schedule that began last; None before the first."""
        return _last_run(self._database, schedule)

    def unreadable(self, window: Window) -> tuple[UnreadableRecord, ...]:
        """The first records of a window that could not be read, MOST_UNREADABLE at most.

        Behind those of files stand captures of the log whose figures cannot be.
        """
        where, parameters = conditions(CaptureFilter(window=window))
        found = self._database.rows(
            f"SELECT path, line, inferred_at, reason, left(content, {LONGEST_CONTENT}) "
            f"FROM log.unreadable AS c WHERE {where} "
            f"ORDER BY inferred_at, path, line, reason LIMIT {MOST_UNREADABLE}",
            parameters,
        )
        found += self._database.rows(
            f"SELECT 'capture ' || capture_id, 1, inferred_at, {_UNSOUND}, '' "
            f"FROM log.captures AS c WHERE NOT {SOUND} AND {where} "
            f"ORDER BY inferred_at, capture_id LIMIT {MOST_UNREADABLE - len(found)}",
            parameters,
        )
        return tuple(
            UnreadableRecord(path, line, aware(at), reason, content)
            for path, line, at, reason, content in found
        )


_UNSOUND = (
    "concat('figures that cannot be: class ', coalesce(class_id::VARCHAR, 'none'), "
    "', confidence ', coalesce(confidence::VARCHAR, 'none'), "
    "', p-value ', coalesce(p_value::VARCHAR, 'none'))"
)


def _last_run(source: Database | Transaction, schedule: str | None) -> LastRun | None:
    found = source.rows(
        "SELECT number, due_at FROM log.executions WHERE schedule = ? AND due_at IS NOT NULL "
        "ORDER BY number DESC LIMIT 1",
        [schedule],
    )
    return LastRun(found[0][0], aware(found[0][1])) if found else None


def _next_number(transaction: Transaction) -> int:
    return int(transaction.rows("SELECT coalesce(max(number), 0) + 1 FROM log.executions")[0][0])


def _row(execution: Execution) -> list[Any]:
    return [
        execution.execution_id,
        execution.trigger.value,
        execution.schedule,
        execution.status.value,
        execution.message,
        naive(execution.window.start),
        naive(execution.window.end),
        execution.window.endpoint,
        execution.threshold,
        naive(execution.started_at),
        naive(execution.ended_at),
        json.dumps(asdict(execution.figures) if execution.figures else None),
        json.dumps([asdict(violation) for violation in execution.violations]),
        json.dumps([asdict(outcome) for outcome in execution.outcomes]),
        execution.baseline_id,
        naive(execution.due_at) if execution.due_at else None,
    ]


def _execution(row: Row) -> Execution:
    values = dict(zip(_COLUMNS, row, strict=True))
    window = Window(
        aware(values.pop("window_start")), aware(values.pop("window_end")), values.pop("endpoint")
    )
    due_at = values["due_at"]
    nothing: tuple[Any, ...] = ()
    parsed: dict[str, Any] = {
        "trigger": Trigger(values["trigger"]),
        "status": ExecutionStatus(values["status"]),
        "window": window,
        "started_at": aware(values["started_at"]),
        "ended_at": aware(values["ended_at"]),
        "due_at": aware(due_at) if due_at else None,
        "figures": read_json(values["figures"], _figures, None),
        "violations": read_json(values["violations"], _violations, nothing),
        "outcomes": read_json(values["outcomes"], _outcomes, nothing),
    }
    return Execution(**values | parsed)


def _figures(found: dict[str, Any] | None) -> WindowFigures | None:
    if found is None:
        return None
    counts = {int(class_id): n for class_id, n in found["counts"].items()}
    return WindowFigures(**found | {"counts": counts})


def _violations(found: list[dict[str, str]]) -> tuple[Violation, ...]:
    return tuple(Violation(**each) for each in found)


def _outcomes(found: list[dict[str, Any]]) -> tuple[Outcome, ...]:
    return tuple(map(_outcome, found))


def _outcome(found: dict[str, Any]) -> Outcome:
    state, violations = RuleState(found["state"]), _violations(found["violations"])
    rule = current_rule(found["rule"])
    named = tuple(found.get("class_ids", ()))
    return Outcome(
        **found | {"rule": rule, "state": state, "violations": violations, "class_ids": named}
    )


def _log(row: Row) -> ExecutionLog:
    lines, unreadable = (json.loads(packed) for packed in row)
    return ExecutionLog(tuple(lines), tuple(map(UnreadableRecord.from_json, unreadable)))
