"""The latest p-values of suspicion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.store.database import Database
from core.store.drills import NOT_SENT


class PValuesTable:
    """p-values as they were answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unflagged(self, model_sha256: str, limit: int) -> NDArray[np.float64]:
        """Of the latest predictions of these weights that were not flagged, at most `limit`.

        Without those that a drill sent, or that the sender says are attacked.
        """
        found = self._database.columns(
            "SELECT p_value FROM log.captures AS c "
            "WHERE model_sha256 = ? AND NOT flagged AND p_value IS NOT NULL "
            f"AND attack IS NULL AND {NOT_SENT} "
            "ORDER BY inferred_at DESC LIMIT ?",
            [model_sha256, limit],
        )
        return np.asarray(found["p_value"], dtype=np.float64)
