"""Predictions as the drift detector reads them, and what it keeps: state, e-values, settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from core.records.drift import DriftSettings, EValuePoint, Observed, SavedState
from core.records.window import Window
from core.store.database import Database
from core.store.filters import SOUND
from core.store.looks import WITH_LOOKS, ids_between, looks_of
from core.store.rows import TIMESTAMP, after_all, aware, naive

_COLUMNS = (
    "SELECT inferred_at, class_id::BIGINT AS class_id, flagged, confidence::DOUBLE AS confidence, "
    f"source, look FROM log.captures AS c {WITH_LOOKS}"
)
# One's own: only they name the weights that answered, and they have everything that is checked.
_OWN = (
    "WHERE model_sha256 IS NOT NULL AND class_id IS NOT NULL AND flagged IS NOT NULL "
    f"AND confidence IS NOT NULL AND {SOUND} AND inferred_at >= ? AND inferred_at < ? "
    "AND endpoint = coalesce(?, endpoint)"
)
_LEFT = f"{_OWN} AND capture_id NOT IN (SELECT capture_id FROM log.stream_skipped)"


class DriftTable:
    """Predictions of one's own, and the one state of the drift detector."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def predictions(
        self,
        since: datetime,
        until: datetime,
        *,
        limit: int,
        again: bool = False,
        endpoint: str | None = None,
    ) -> tuple[Observed, datetime]:
        """The first of those made from `since` and before `until`, in order of time; up to when.

        The moment is `until`, or that of the first one that is left for the next time; those made
        at one moment stay together. What is listed as taken already (`save`) is left out, unless it
        is to be read again. endpoint: None: of all.
        """
        found = self._database.columns(
            f"{_COLUMNS} {_OWN if again else _LEFT} ORDER BY inferred_at, capture_id LIMIT ?",
            [*ids_between(since, until), naive(since), naive(until), endpoint, limit + 1],
        )
        seen = _observed(found)
        if len(seen) <= limit:
            return seen, until
        return seen.part(slice(0, int(np.searchsorted(seen.at, seen.at[-1])))), seen.moment(-1)

    def latest(
        self, since: datetime, until: datetime, *, limit: int, endpoint: str | None = None
    ) -> Observed:
        """The last of those made from `since` and before `until`, in order of time."""
        found = self._database.columns(
            f"{_COLUMNS} {_OWN} ORDER BY inferred_at DESC, capture_id DESC LIMIT ?",
            [*ids_between(since, until), naive(since), naive(until), endpoint, limit],
        )
        return _observed({name: column[::-1] for name, column in found.items()})

    def count(
        self, since: datetime, until: datetime, split: datetime, *, endpoint: str | None = None
    ) -> tuple[int, int]:
        """How many are visible from `since` and before `until`; how many of them before `split`."""
        ((both, before),) = self._database.rows(
            f"SELECT count(*), count(*) FILTER (inferred_at < ?) FROM log.captures AS c {_LEFT}",
            [naive(split), naive(since), naive(until), endpoint],
        )
        return both, before

    def saved(self) -> SavedState | None:
        """The detector's state; None before there is one."""
        found = self._database.rows("SELECT revision, state FROM log.stream_state")
        return SavedState(*found[0]) if found else None

    def save(
        self,
        state: str,
        *,
        after: SavedState | None,
        points: Sequence[EValuePoint] = (),
        skip: tuple[datetime, datetime] | None = None,
        skipped_over: bool = False,
    ) -> bool:
        """Keep a state that was made of `after`, and its e-values; False if another came between.

        skip: what was made from the first moment and before the second is listed as taken already;
        skipped_over: the list is not needed any more.
        """
        with self._database.transaction() as transaction:
            known = transaction.rows("SELECT revision FROM log.stream_state")
            if known != ([(after.revision,)] if after else []):
                return False
            if after is None:
                transaction.execute("INSERT INTO log.stream_state VALUES (1, ?)", [state])
            else:
                transaction.execute(
                    "UPDATE log.stream_state SET revision = ?, state = ?",
                    [after.revision + 1, state],
                )
            if skipped_over:
                transaction.execute("DELETE FROM log.stream_skipped")
            if skip:
                transaction.execute(
                    "INSERT INTO log.stream_skipped "
                    f"SELECT capture_id FROM log.captures AS c {_LEFT}",
                    [*map(naive, skip), None],
                )
            if points:
                transaction.insert(
                    "INSERT INTO log.stream_evidence SELECT * FROM incoming", _points_table(points)
                )
        return True

    def e_values(self, window: Window, *, points: int) -> list[EValuePoint]:
        """At most about `points` a channel, each the highest of its stretch, in order of time."""
        seconds = max(1.0, (window.end - window.start).total_seconds() / points)
        found = self._database.rows(
            "SELECT channel, arg_max(seen_at, evidence), max(evidence) FROM log.stream_evidence "
            "WHERE seen_at >= ? AND seen_at < ? "
            "GROUP BY channel, time_bucket(to_seconds(?), seen_at) "
            "ORDER BY 1, 2",
            [naive(window.start), naive(window.end), seconds],
        )
        return [EValuePoint(channel, aware(at), e_value) for channel, at, e_value in found]

    def forget_e_values(self, before: datetime) -> None:
        """Delete the e-values of before."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "DELETE FROM log.stream_evidence WHERE seen_at < ?", [naive(before)]
            )

    def settings(self) -> DriftSettings | None:
        """The settings that count; None until some were set."""
        found = self._database.rows(
            "SELECT false_alarm_every FROM log.stream_settings ORDER BY changed_at DESC LIMIT 1"
        )
        return DriftSettings(*found[0]) if found else None

    def set_settings(self, settings: DriftSettings, changed_at: datetime) -> None:
        """Keep new settings; the latest ones count."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO log.stream_settings "
                f"SELECT ?, {after_all('stream_settings', 'changed_at')}",
                [settings.false_alarm_every, naive(changed_at)],
            )


def _points_table(points: Sequence[EValuePoint]) -> pa.Table:
    return pa.table(
        {
            "channel": [each.channel for each in points],
            "seen_at": pa.array([naive(each.at) for each in points], TIMESTAMP),
            "evidence": [each.e_value for each in points],
        }
    )


def _observed(found: dict[str, Any]) -> Observed:
    return Observed(
        np.asarray(found["inferred_at"], dtype="datetime64[us]"),
        np.asarray(found["class_id"], dtype=np.int64),
        np.asarray(found["flagged"], dtype=bool),
        np.asarray(found["confidence"], dtype=np.float64),
        np.ma.masked_array(found["source"]).tolist(),
        looks_of(found["look"]),
    )
