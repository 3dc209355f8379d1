"""Drills: their reports, and which captures were sent by one."""

from __future__ import annotations

import json
from datetime import datetime

from core.errors import NotFound
from core.records.drills import MARK, DrillReport
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import filters, rows
from core.store.database import Database
from core.store.filters import SENT


class DrillsTable:
    """Reports are only ever added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, report: DrillReport) -> None:
        """Keep what a drill came to."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO log.drills VALUES (?, ?, ?)",
                [report.drill_id, rows.naive(report.began_at), json.dumps(report.to_json())],
            )

    def latest(self, limit: int) -> list[DrillReport]:
        """The latest reports, newest first."""
        found = self._database.rows(
            "SELECT report FROM log.drills ORDER BY began_at DESC, drill_id LIMIT ?", [limit]
        )
        return [DrillReport.from_json(json.loads(text)) for (text,) in found]

    def report(self, drill_id: str) -> DrillReport:
        """One report; NotFound if the log has none of that id."""
        found = self._database.rows("SELECT report FROM log.drills WHERE drill_id = ?", [drill_id])
        if not found:
            raise NotFound(f"no drill {drill_id} in the log; GET /api/drills lists them")
        return DrillReport.from_json(json.loads(found[0][0]))

    def sent(self, window: Window) -> int:
        """How many predictions of a window were asked for by drills."""
        where, parameters = filters.conditions(CaptureFilter(window=window))
        sql = f"SELECT count(class_id) FROM log.captures AS c WHERE {SENT} AND {where}"
        return int(self._database.rows(sql, parameters)[0][0])

    def sent_at(self, moment: datetime) -> bool:
        """Whether a prediction of that moment was asked for by a drill."""
        sql = f"SELECT count(*) FROM log.captures AS c WHERE {SENT} AND inferred_at = ?"
        return bool(self._database.rows(sql, [rows.naive(moment)])[0][0])

    def first_attacked(self, drill_id: str) -> datetime | None:
        """When the first attacked prediction of a drill was made; None while there is none."""
        sql = (
            "SELECT min(inferred_at) FROM log.captures "
            "WHERE starts_with(source, ?) AND attack IS NOT NULL"
        )
        found = self._database.rows(sql, [f"{MARK}{drill_id}/"])[0][0]
        return None if found is None else rows.aware(found)
