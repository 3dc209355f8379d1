"""How many requests came before a window, in stretches of its length; drills are left out."""

from __future__ import annotations

from datetime import timedelta

from core.store import rows
from core.store.database import Database
from core.store.drills import SENT
from core.types import CaptureFilter, Window

# What counts in a window: predictions, and records that could not be read.
_REQUESTS = (
    "SELECT inferred_at, endpoint FROM log.captures AS c "
    f"WHERE class_id IS NOT NULL AND NOT {SENT} "
    "UNION ALL SELECT inferred_at, endpoint FROM log.unreadable WHERE inferred_at IS NOT NULL"
)


class VolumeTable:
    """Counts of requests in equal stretches of time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def before(self, window: Window, intervals: int) -> list[int]:
        """Requests of each stretch before `window`, the latest first, at most `intervals`.

        All of them lie whole behind the window's first request in the log.
        """
        length = window.end - window.start
        start = rows.naive(window.start)
        where, parameters = rows.conditions(CaptureFilter(endpoint=window.endpoint))
        first = self._database.rows(
            f"SELECT min(inferred_at) FROM ({_REQUESTS}) AS c WHERE {where}", parameters
        )[0][0]
        if first is None or first >= start:
            return []
        whole = min(intervals, (start - first) // length)
        found = self._database.rows(
            "SELECT (date_diff('microsecond', inferred_at, ?) - 1) // ? AS place, count(*) "
            f"FROM ({_REQUESTS}) AS c WHERE {where} AND inferred_at >= ? AND inferred_at < ? "
            "GROUP BY place",
            [
                start,
                length // timedelta(microseconds=1),
                *parameters,
                start - whole * length,
                start,
            ],
        )
        counts: dict[int, int] = dict(found)
        return [counts.get(place, 0) for place in range(whole)]
