"""Capture files into the log and out of it: what is known of imports, and rows in file order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from core.records.capture_files import (
    FileState,
    GroundTruthRow,
)
from core.records.captures import Capture
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import filters, rows
from core.store.database import Database
from core.store.images import ImagesTable
from core.store.imports import LATEST_STATES, ImportTransaction, to_state


class Hour(NamedTuple):
    """One file on the way out: whose captures of which hour, and how many."""

    start: datetime
    endpoint: str
    variant: str
    captures: int


class CaptureFilesTable:
    """What the log keeps of capture files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._images = ImagesTable(database)

    def states(self) -> dict[str, FileState]:
        """How far every file was read that was ever imported, by its path."""
        return {row[0]: to_state(row) for row in self._database.rows(LATEST_STATES)}

    @contextmanager
    def importing(self) -> Iterator[ImportTransaction]:
        """Everything inside goes into the log together, or not at all."""
        with self._database.transaction(grows=True) as transaction:
            yield ImportTransaction(transaction, self._images)

    def hours(self, window: Window) -> list[Hour]:
        """The hours of a window that hold captures, in order of time."""
        where, parameters = filters.conditions(CaptureFilter(window=window))
        found = self._database.rows(
            "SELECT date_trunc('hour', inferred_at) AS hour, endpoint, variant, count(*) "
            f"FROM log.captures AS c WHERE {where} GROUP BY ALL ORDER BY ALL",
            parameters,
        )
        return [Hour(rows.aware(row[0]), *row[1:]) for row in found]

    def captures(self, hour: Hour, window: Window) -> Iterator[list[Capture]]:
        """The captures of an hour inside the window, ordered by time, request and position."""
        start = max(hour.start, window.start)
        end = min(hour.start + timedelta(hours=1), window.end)
        where, parameters = filters.conditions(
            CaptureFilter(window=Window(start, end, hour.endpoint))
        )
        chunks = self._database.stream(
            f"SELECT * FROM log.captures AS c WHERE {where} AND variant = ? "
            "ORDER BY inferred_at, event_id, position",
            [*parameters, hour.variant],
        )
        return ([rows.capture(row) for row in chunk] for chunk in chunks)

    def image_sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Bytes of those of the named images that the log has."""
        found = self._database.rows(
            "SELECT sha256, octet_length(content) FROM log.images "
            "WHERE sha256 IN (SELECT unnest(?::VARCHAR[]))",
            [list(names)],
        )
        return dict(found)

    def ground_truth(self, window: Window) -> Iterator[list[GroundTruthRow]]:
        """One row a line of ground truth from the hours of the window, ordered by hour.

        With an endpoint: the lines whose reference one of its captures carries.
        """
        where = "position = 0 AND hour >= date_trunc('hour', ?::TIMESTAMP) AND hour < ?"
        parameters: list[Any] = [rows.naive(window.start), rows.naive(window.end)]
        if window.endpoint is not None:
            where += (
                " AND reference IN (SELECT event_id FROM log.captures WHERE endpoint = ? "
                "UNION SELECT inference_id FROM log.captures WHERE endpoint = ? "
                "AND inference_id IS NOT NULL)"
            )
            parameters += [window.endpoint] * 2
        chunks = self._database.stream(
            f"SELECT {', '.join(GroundTruthRow._fields)} FROM log.ground_truth WHERE {where} "
            "ORDER BY hour, merged_at, reference",
            parameters,
        )
        return ([GroundTruthRow(*row) for row in chunk] for chunk in chunks)
