"""What is known of a window's predictions: labels that came later, verdicts, alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.records.monitoring import ExecutionStatus
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import filters, rows
from core.store.database import Database
from core.store.filters import NOT_SENT

Pairs = dict[tuple[int, int], int]  # (true class, predicted class) -> predictions


class QualityTable:
    """Predictions beside what was true of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def predictions(self, window: Window) -> int:
        """How many predictions the window holds."""
        where, parameters = _predictions(window)
        sql = f"SELECT count(*) FROM log.captures AS c WHERE {where}"
        return int(self._database.rows(sql, parameters)[0][0])

    def ground_truth(self, window: Window) -> Pairs:
        """Merged by inference id where it has labels of its own, else by event id.

        Of several labels of one image the one that was merged last counts.
        """
        where, parameters = _predictions(window)
        merged = " UNION ALL ".join(
            f"SELECT capture_id, seen.class_id AS predicted, t.class_id AS truth, {rank} AS rank, "
            f"merged_at FROM seen JOIN log.ground_truth AS t ON t.reference = seen.{name} "
            "AND t.position = seen.position"
            for rank, name in ((1, "inference_id"), (0, "event_id"))
        )
        return self._pairs(
            f"WITH seen AS (SELECT capture_id, event_id, inference_id, position, class_id "
            f"FROM log.captures AS c WHERE {where}), merged AS ({merged}), counting AS ("
            "SELECT arg_max(truth, (rank, merged_at)) AS truth, any_value(predicted) AS predicted "
            "FROM merged GROUP BY capture_id) "
            "SELECT truth, predicted, count(*) FROM counting GROUP BY ALL",
            parameters,
        )

    def verdicts(self, window: Window) -> Pairs:
        """The true class of each decision that counts and names one."""
        where, parameters = _predictions(window)
        return self._pairs(
            "SELECT right_class, class_id, count(*) FROM log.captures AS c "
            f"JOIN ({filters.latest_decisions()}) AS d USING (capture_id) "
            f"WHERE right_class IS NOT NULL AND {where} GROUP BY ALL",
            parameters,
        )

    def senders_labels(self, window: Window) -> Pairs:
        """The true classes that senders named."""
        where, parameters = _predictions(window)
        return self._pairs(
            "SELECT label, class_id, count(*) FROM log.captures AS c "
            f"WHERE label IS NOT NULL AND {where} GROUP BY ALL",
            parameters,
        )

    def labels(self) -> int:
        """How many labels were ever merged, whatever they belong to."""
        return int(self._database.rows("SELECT count(*) FROM log.ground_truth")[0][0])

    def confidences(self, window: Window) -> NDArray[np.float64]:
        """(n,) the confidences of the window's predictions, as far as they are known."""
        where, parameters = _predictions(window)
        found = self._database.columns(
            "SELECT confidence::DOUBLE AS confidence FROM log.captures AS c "
            f"WHERE confidence IS NOT NULL AND {where}",
            parameters,
        )
        return np.asarray(found["confidence"], dtype=np.float64)

    def in_alarm(self, window: Window) -> bool:
        """Whether a run of this stretch found a violation, or one stands at present.

        One stands where the last run of an endpoint, or of all, that evaluated anything
        found it.
        """
        violated = ExecutionStatus.COMPLETED_WITH_VIOLATIONS.value
        found = self._database.rows(
            "SELECT 1 FROM (SELECT status, window_start < ? AND window_end > ? AS touches, "
            "row_number() OVER (PARTITION BY endpoint ORDER BY window_end DESC, started_at DESC) "
            "AS place FROM log.executions WHERE status IN (?, ?) AND (?::VARCHAR IS NULL "
            "OR endpoint IS NULL OR endpoint = ?)) "
            "WHERE status = ? AND (touches OR place = 1) LIMIT 1",
            [
                rows.naive(window.end),
                rows.naive(window.start),
                violated,
                ExecutionStatus.COMPLETED.value,
                window.endpoint,
                window.endpoint,
                violated,
            ],
        )
        return bool(found)

    def _pairs(self, sql: str, parameters: Sequence[Any]) -> Pairs:
        return {(truth, seen): n for truth, seen, n in self._database.rows(sql, parameters)}


def _predictions(window: Window) -> tuple[str, list[Any]]:
    """Those of a window, but for what drills sent: it says nothing of ordinary traffic."""
    where, parameters = filters.conditions(CaptureFilter(window=window))
    return f"c.class_id IS NOT NULL AND {filters.SOUND} AND {NOT_SENT} AND {where}", parameters


class PValuesTable:
    """p-values as they were answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unflagged(self, model_sha256: str, limit: int) -> NDArray[np.float64]:
        """Of the latest predictions of these weights that were not flagged, at most `limit`.

        Without those that a drill sent, or that the sender says are attacked.
        """
        found = self._database.columns(f"SELECT p_value {_UNFLAGGED}", [model_sha256, limit])
        return np.asarray(found["p_value"], dtype=np.float64)

    def unflagged_signs(self, model_sha256: str, limit: int) -> int:
        """How many signs these show: another class of a source begins the next one.

        Of those without a source, each counts.
        """
        found = self._database.rows(
            "SELECT count(*) FILTER (begins OR source IS NULL) FROM "
            "(SELECT source, class_id IS DISTINCT FROM "
            "lag(class_id) OVER (PARTITION BY source ORDER BY inferred_at, capture_id) AS begins "
            f"FROM (SELECT class_id, source, inferred_at, capture_id {_UNFLAGGED}))",
            [model_sha256, limit],
        )
        return int(found[0][0])


_UNFLAGGED = (
    "FROM log.captures AS c WHERE model_sha256 = ? AND NOT flagged AND p_value IS NOT NULL "
    f"AND {filters.SOUND} AND attack IS NULL AND {NOT_SENT} "
    "ORDER BY inferred_at DESC, capture_id LIMIT ?"
)
