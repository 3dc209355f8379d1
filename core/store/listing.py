"""Pages of captures, found by their place in the list: any page costs the same, however far down.

Two steps keep a page fast over millions of rows: its times and ids come from narrow columns, and
only the rows of the page are then read whole. Plain SQL, without indexes or row numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from core.errors import NotFound
from core.records.captures import Capture
from core.records.queries import NEWEST, CaptureFilter, Cursor, Direction, Page
from core.records.verdicts import Decision, TriageItem
from core.store import filters, rows
from core.store.database import Database

Key = tuple[datetime, str]  # time without zone, and id: what orders the list

# A page is looked for near its place first: most often it is there, and the rest stays unread.
STRETCHES = (timedelta(hours=1), timedelta(days=1), timedelta(days=30))
# What follows a place; the first test alone lets stretches of time be passed over.
AFTER = {
    Direction.OLDER: "c.inferred_at <= ? AND (c.inferred_at < ? OR c.capture_id > ?::UUID)",
    Direction.NEWER: "c.inferred_at >= ? AND (c.inferred_at > ? OR c.capture_id < ?::UUID)",
}
CHUNK = 500
MOST_RUNS = 32
RUN_GAP = timedelta(minutes=1)


class Listing:
    """Captures in the order of the list: newest first, and of one moment by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, chosen: CaptureFilter, cursor: Cursor = NEWEST, *, limit: int = 25) -> Page:
        """Up to `limit` captures from the cursor's place on, and where it goes on from there."""
        keys = self._keys(chosen, cursor, limit + 1)
        goes_on, keys = len(keys) > limit, keys[:limit]
        older = cursor.direction is Direction.OLDER
        shown = self._fetch(keys if older else keys[::-1])
        ahead = _beyond(shown, cursor, cursor.direction) if goes_on else None
        behind = self._behind(chosen, cursor, shown)
        newer_page, older_page = (behind, ahead) if older else (ahead, behind)
        return Page(tuple(shown), newer_page, older_page)

    def each(self, chosen: CaptureFilter, *, limit: int) -> Iterator[TriageItem]:
        """The first `limit` captures of the list, read piece by piece."""
        cursor: Cursor | None = NEWEST
        while limit > 0 and cursor:
            page = self.page(chosen, cursor, limit=min(CHUNK, limit))
            yield from page.items
            limit -= len(page.items)
            cursor = page.older

    def count(self, chosen: CaptureFilter) -> int:
        """How many captures the filter lets through."""
        where, parameters = filters.conditions(chosen)
        sql = f"SELECT count(*) FROM log.captures AS c WHERE {where}"
        return int(self._database.rows(sql, parameters)[0][0])

    def most_suspicious(self, chosen: CaptureFilter, *, limit: int) -> list[TriageItem]:
        """The captures least like clean traffic; of equal ones the newest first."""
        where, parameters = filters.conditions(chosen)
        bound = self._p_value_bound(chosen, limit)
        if bound is not None:
            where, parameters = f"{where} AND c.p_value <= ?", [*parameters, bound]
        found = self._database.rows(
            f"SELECT inferred_at, capture_id::VARCHAR FROM log.captures AS c WHERE {where} "
            "ORDER BY p_value, inferred_at DESC, capture_id LIMIT ?",
            [*parameters, limit],
        )
        return self._fetch(found)

    def count_images(self, chosen: CaptureFilter) -> int:
        """How many different images, and predictions of one, the filter lets through."""
        where, parameters = filters.conditions(chosen)
        sql = (
            "SELECT count(*) FROM (SELECT DISTINCT image_sha256, class_id "
            f"FROM log.captures AS c WHERE {where})"
        )
        return int(self._database.rows(sql, parameters)[0][0])

    def spread(self, chosen: CaptureFilter, *, limit: int) -> list[tuple[TriageItem, int]]:
        """At most `limit` captures, evenly over all that match, newest first.

        Captures of one image with one prediction count once: the newest, with their number.
        """
        where, parameters = filters.conditions(chosen)
        found = self._database.rows(
            "SELECT inferred_at, id, copies FROM (SELECT *, "
            "row_number() OVER (ORDER BY inferred_at DESC, id) - 1 AS place, "
            "count(*) OVER () AS total FROM (SELECT inferred_at, capture_id::VARCHAR AS id, "
            "count(*) OVER (PARTITION BY image_sha256, class_id) AS copies "
            f"FROM log.captures AS c WHERE {where} QUALIFY row_number() OVER "
            "(PARTITION BY image_sha256, class_id ORDER BY inferred_at DESC, capture_id) = 1)) "
            # The first of each of `limit` equal stretches of the list.
            "WHERE place = 0 OR place * ? // total > (place - 1) * ? // total ORDER BY place",
            [*parameters, limit, limit],
        )
        copies = {capture_id: count for _, capture_id, count in found}
        items = self._fetch([(moment, capture_id) for moment, capture_id, _ in found])
        return [(item, copies[item.capture.capture_id]) for item in items]

    def one(self, capture_id: str) -> TriageItem:
        """One capture with its decision; NotFound if the log has none of that id."""
        where, parameters = filters.conditions(CaptureFilter(capture_ids=(capture_id,)))
        found = self._database.rows(f"SELECT * FROM log.captures AS c WHERE {where}", parameters)
        if not found:
            raise NotFound(f"no capture {capture_id} in the log")
        return self._with_decisions([rows.capture(found[0])])[0]

    def _keys(self, chosen: CaptureFilter, cursor: Cursor, limit: int) -> list[Key]:
        """The next places from the cursor on, in its direction."""
        start = self._start(chosen, cursor)
        found: list[Key] = []
        if start is not None:
            for stretch in (*STRETCHES, None):
                found = self._keys_within(chosen, cursor, limit, start, stretch)
                if len(found) >= limit:
                    break
        return found

    def _keys_within(
        self,
        chosen: CaptureFilter,
        cursor: Cursor,
        limit: int,
        start: datetime,
        stretch: timedelta | None,
    ) -> list[Key]:
        older = cursor.direction is Direction.OLDER
        where, parameters = filters.conditions(chosen)
        if cursor.inferred_at is not None:
            moment = rows.naive(cursor.inferred_at)
            where += f" AND {AFTER[cursor.direction]}"
            parameters = [*parameters, moment, moment, cursor.capture_id]
        if stretch is not None:
            where += f" AND c.inferred_at {'>=' if older else '<='} ?"
            parameters = [*parameters, start - stretch if older else start + stretch]
        order = "inferred_at DESC, capture_id" if older else "inferred_at, capture_id DESC"
        found = self._database.rows(
            "SELECT inferred_at, capture_id::VARCHAR FROM log.captures AS c "
            f"WHERE {where} ORDER BY {order} LIMIT ?",
            [*parameters, limit],
        )
        return [(moment, capture_id) for moment, capture_id in found]

    def _start(self, chosen: CaptureFilter, cursor: Cursor) -> datetime | None:
        """The moment at which the list begins in the cursor's direction; None without captures."""
        oldest, newest = self._database.rows(
            "SELECT min(inferred_at), max(inferred_at) FROM log.captures"
        )[0]
        if newest is None:
            return None
        older = cursor.direction is Direction.OLDER
        ends: list[datetime] = [newest if older else oldest]
        if chosen.window:
            ends.append(rows.naive(chosen.window.end if older else chosen.window.start))
        if cursor.inferred_at is not None:
            ends.append(rows.naive(cursor.inferred_at))
        return min(ends) if older else max(ends)

    def _behind(
        self, chosen: CaptureFilter, cursor: Cursor, shown: Sequence[TriageItem]
    ) -> Cursor | None:
        """The way back from a page, where there is anything."""
        if cursor.inferred_at is None:
            return None
        back = _beyond(shown, cursor, cursor.direction.opposite)
        return back if self._keys(chosen, back, 1) else None

    def _p_value_bound(self, chosen: CaptureFilter, limit: int) -> float | None:
        """A p-value that the `limit` most suspicious undecided captures do not exceed.

        It comes from narrow columns, so that ids are compared for few rows only.
        """
        if chosen.decided or chosen.verdict or chosen.analyst:
            return None
        where, parameters = filters.conditions(chosen.without_verdict())
        found = self._database.rows(
            f"SELECT p_value FROM log.captures AS c WHERE {where} AND p_value IS NOT NULL "
            "ORDER BY p_value LIMIT 1 OFFSET ? + (SELECT count(*) FROM log.decisions)",
            [*parameters, limit - 1],
        )
        return found[0][0] if found else None

    def _fetch(self, keys: Sequence[Key]) -> list[TriageItem]:
        """The captures of these places, in their order; what was deleted meanwhile is left out."""
        found: dict[str, Capture] = {}
        for start in range(0, len(keys), CHUNK):
            runs = _runs(sorted(keys[start : start + CHUNK]))
            one = (
                "SELECT * FROM log.captures WHERE inferred_at BETWEEN ? AND ? "
                "AND list_contains(?::UUID[], capture_id)"
            )
            bounds = [[run[0][0], run[-1][0], [name for _, name in run]] for run in runs]
            for row in self._database.rows(
                " UNION ALL ".join([one] * len(runs)), [value for run in bounds for value in run]
            ):
                capture = rows.capture(row)
                found[capture.capture_id] = capture
        return self._with_decisions([found[name] for _, name in keys if name in found])

    def _with_decisions(self, captures: Sequence[Capture]) -> list[TriageItem]:
        decided: dict[str, Decision] = {}
        for row in self._database.rows(
            filters.latest_decisions("capture_id IN (SELECT unnest(?::UUID[]))"),
            [[capture.capture_id for capture in captures]],
        ):
            decision = rows.decision(row)
            decided[decision.capture_id] = decision
        return [TriageItem(capture, decided.get(capture.capture_id)) for capture in captures]


def _beyond(shown: Sequence[TriageItem], cursor: Cursor, direction: Direction) -> Cursor:
    """What follows the shown captures in that direction."""
    if not shown:
        return Cursor(direction, cursor.inferred_at, cursor.capture_id)
    last = shown[-1 if direction is Direction.OLDER else 0].capture
    return Cursor(direction, last.inferred_at, last.capture_id)


def _runs(keys: Sequence[Key]) -> list[list[Key]]:
    """Keys, oldest first, cut at their largest gaps: each run is one stretch of time."""
    gaps = sorted(
        (
            number
            for number in range(1, len(keys))
            if keys[number][0] - keys[number - 1][0] > RUN_GAP
        ),
        key=lambda number: keys[number - 1][0] - keys[number][0],
    )[: MOST_RUNS - 1]
    cuts = [0, *sorted(gaps), len(keys)]
    return [list(keys[start:end]) for start, end in zip(cuts, cuts[1:], strict=False)]
