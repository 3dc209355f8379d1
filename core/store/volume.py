"""How many requests came before a window, in stretches of its length; drills are left out."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from core.records.monitoring import VOLUME, RuleState
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import filters, rows
from core.store.database import Database
from core.store.filters import NOT_SENT, SENT

# More stretches than these are counted by grouping rows, fewer each by its range of time, which
# reads hardly any row where they lie in order.
RANGES = 200
DAY = timedelta(days=1)


class VolumeTable:
    """Counts of requests in equal stretches of time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def before(self, window: Window, intervals: int) -> list[int | None]:
        """Requests of each stretch before `window`, the latest first, at most `intervals`.

        All of them lie whole behind the window's first request in the log. What counts as a
        request: predictions, and records that could not be read. None where a run found the volume
        in violation, unless more than half of the latest day are so: then it is no exception.
        """
        length = window.end - window.start
        start = rows.naive(window.start)
        first = self._first(window.endpoint)
        if first is None or first >= start:
            return []
        whole = min(intervals, (start - first) // length)
        count = self._in_ranges if whole <= RANGES else self._grouped
        found: Counter[int] = Counter()
        for table, condition, sign in (
            ("captures", "class_id IS NOT NULL", 1),
            ("captures", f"class_id IS NOT NULL AND {SENT}", -1),
            ("unreadable", "true", 1),
        ):
            where, parameters = filters.conditions(CaptureFilter(endpoint=window.endpoint))
            source = f"FROM log.{table} AS c WHERE {condition} AND {where}"
            for place, requests in count(source, parameters, start, length, whole):
                found[place] += sign * requests
        violated = self._violated(window, whole)
        latest = range(min(whole, max(1, DAY // length)))
        if 2 * sum(place in violated for place in latest) > len(latest):
            violated = set()
        return [None if place in violated else found[place] for place in range(whole)]

    def _violated(self, window: Window, whole: int) -> set[int]:
        """Places of the stretches that overlap with windows in which the rule was violated."""
        length, start = window.end - window.start, rows.naive(window.start)
        found = self._database.rows(
            "SELECT window_start, window_end, outcomes FROM log.executions WHERE window_end > ? "
            "AND window_start < ? AND endpoint IS NOT DISTINCT FROM ? "
            "AND contains(outcomes::VARCHAR, ?)",
            [start - whole * length, start, window.endpoint, f'"{VOLUME}"'],
        )
        places: set[int] = set()
        for begin, end, outcomes in found:
            if rows.read_json(outcomes, _is_violated, False):
                first = max(0, (start - min(end, start)) // length)
                last = (start - begin - timedelta(microseconds=1)) // length
                places.update(range(first, min(whole, last + 1)))
        return places

    def _first(self, endpoint: str | None) -> datetime | None:
        """When the first request came; naive."""
        where, parameters = filters.conditions(CaptureFilter(endpoint=endpoint))
        found = self._database.rows(
            "SELECT min(moment) FROM ("
            "SELECT * FROM (SELECT inferred_at AS moment FROM log.captures AS c WHERE "
            f"class_id IS NOT NULL AND {NOT_SENT} AND {where} ORDER BY moment LIMIT 1) UNION ALL "
            f"SELECT min(inferred_at) FROM log.unreadable AS c WHERE {where})",
            [*parameters, *parameters],
        )
        first: datetime | None = found[0][0]
        return first

    def _in_ranges(
        self, source: str, parameters: list[object], start: datetime, length: timedelta, whole: int
    ) -> list[tuple[int, int]]:
        """(place, requests) of `whole` stretches, one part of the query each."""
        if not whole:
            return []
        sql, values = [], []
        for place in range(whole):
            sql.append(
                f"SELECT {place}, count(*) {source} AND inferred_at >= ? AND inferred_at < ?"
            )
            values += [*parameters, start - (place + 1) * length, start - place * length]
        return [
            (place, count) for place, count in self._database.rows(" UNION ALL ".join(sql), values)
        ]

    def _grouped(
        self, source: str, parameters: list[object], start: datetime, length: timedelta, whole: int
    ) -> list[tuple[int, int]]:
        """(place, requests) of those of `whole` stretches that have any."""
        found = self._database.rows(
            "SELECT (epoch_us(?::TIMESTAMP) - epoch_us(inferred_at) - 1) // ? AS place, count(*) "
            f"{source} AND inferred_at >= ? AND inferred_at < ? GROUP BY place",
            [
                start,
                length // timedelta(microseconds=1),
                *parameters,
                start - whole * length,
                start,
            ],
        )
        return [(place, count) for place, count in found]


def _is_violated(outcomes: list[dict[str, Any]]) -> bool:
    return any(each["rule"] == VOLUME and each["state"] == RuleState.VIOLATED for each in outcomes)
