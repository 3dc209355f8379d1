"""Counts of past captures in steps of time, from which any window is added up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from core.records.backtest import PastCounts, Windows
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import filters, rows
from core.store.database import Database


class PastTable:
    """What the log holds of the past."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, windows: Windows, endpoint: str | None) -> PastCounts:
        """Everything between the first window's start and the last one's end, read once."""
        window = Window(windows.start, windows.end, endpoint)
        where, parameters = filters.conditions(CaptureFilter(window=window))
        step = [rows.naive(windows.start), windows.grid // timedelta(microseconds=1)]
        place = "date_diff('microsecond', ?, inferred_at) // ? AS place"
        predictions = self._database.columns(
            f"SELECT {place}, class_id::BIGINT AS class_id, count(*) AS n FROM log.captures AS c "
            f"WHERE class_id IS NOT NULL AND {filters.SOUND} AND {where} GROUP BY ALL",
            [*step, *parameters],
        )
        unreadable = self._database.columns(
            f"SELECT {place}, count(*) AS n FROM (SELECT inferred_at FROM log.unreadable AS c "
            f"WHERE {where} UNION ALL SELECT inferred_at FROM log.captures AS c "
            f"WHERE NOT {filters.SOUND} AND {where}) GROUP BY ALL",
            [*step, *parameters, *parameters],
        )
        return PastCounts(_stacked(predictions), _stacked(unreadable))


def _stacked(found: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.stack([np.asarray(column, dtype=np.int64) for column in found.values()])
