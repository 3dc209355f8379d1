"""Baselines: only ever added; the one that was chosen last is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from core.errors import NotFound
from core.records.baselines import BaselineFiles, StoredBaseline
from core.records.captures import Predictions
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import filters, rows
from core.store.database import Database, Transaction
from core.store.filters import NOT_SENT
from core.store.looks import WITH_LOOKS, ids_between, looks_of


class BaselinesTable:
    """What traffic looked like when all was well, as the files that Model Monitor keeps it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def predictions(self, window: Window, *, classes: int | None = None) -> Predictions:
        """The window's predictions, but for known attacks, and for what drills sent.

        Without those whose figures cannot be, and those outside of a label set of `classes`.
        """
        where, parameters = _ordinary(window)
        found = self._database.columns(
            "SELECT class_id::BIGINT AS class_id, flagged, confidence::DOUBLE AS confidence, "
            f"p_value, inferred_at, source, look FROM log.captures AS c {WITH_LOOKS} "
            f"WHERE class_id IS NOT NULL AND {filters.SOUND} AND {where} "
            "AND coalesce(class_id < ?, true) ORDER BY inferred_at, capture_id",
            [*ids_between(window.start, window.end), *parameters, classes],
        )
        flagged = np.ma.masked_array(found["flagged"])
        return Predictions(
            np.asarray(found["class_id"], dtype=np.int64),
            None if np.ma.is_masked(flagged) else np.asarray(flagged, dtype=bool),
            np.ma.masked_array(found["confidence"]).compressed(),
            np.ma.masked_array(found["p_value"]).compressed(),
            np.asarray(found["inferred_at"], dtype="datetime64[us]"),
            np.ma.masked_array(found["source"]).tolist(),
            looks_of(found["look"]),
        )

    def captures(self, window: Window) -> int:
        """How many captures there are from which predictions are taken, whatever their figures."""
        where, parameters = _ordinary(window)
        sql = (
            "SELECT count(*) FROM log.captures AS c "
            f"WHERE (class_id IS NOT NULL OR NOT {filters.SOUND}) AND {where}"
        )
        return int(self._database.rows(sql, parameters)[0][0])

    def add(self, baseline: StoredBaseline, files: BaselineFiles) -> None:
        """Keep a baseline; from now on it is in force."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO log.baselines VALUES (?, ?, ?, ?, ?, ?)",
                [
                    baseline.baseline_id,
                    baseline.origin,
                    rows.naive(baseline.created_at),
                    baseline.predictions,
                    files.statistics,
                    files.constraints,
                ],
            )
            _choose(transaction, baseline.baseline_id, baseline.created_at)

    def choose(self, baseline_id: str, chosen_at: datetime) -> None:
        """Put a baseline in force; NotFound if the log has none of that id."""
        self.files(baseline_id)
        with self._database.transaction() as transaction:
            _choose(transaction, baseline_id, chosen_at)

    def in_force(self) -> str | None:
        """The id of the baseline in force; None before there is one."""
        found = self.chosen()
        return found[0] if found else None

    def chosen(self) -> tuple[str, datetime] | None:
        """The id of the baseline in force, and when it was chosen; None before there is one."""
        found = self._database.rows(
            "SELECT baseline_id, chosen_at FROM log.baselines_in_force "
            "ORDER BY chosen_at DESC LIMIT 1"
        )
        return (found[0][0], rows.aware(found[0][1])) if found else None

    def all(self) -> list[StoredBaseline]:
        """Every baseline, newest first."""
        found = self._database.rows(
            "SELECT baseline_id, origin, created_at, predictions FROM log.baselines "
            "ORDER BY created_at DESC, baseline_id"
        )
        return [StoredBaseline(key, origin, rows.aware(at), n) for key, origin, at, n in found]

    def one(self, baseline_id: str) -> StoredBaseline:
        """One baseline; NotFound if the log has none of that id."""
        for stored in self.all():
            if stored.baseline_id == baseline_id:
                return stored
        raise NotFound(f"no baseline {baseline_id} in the log")

    def files(self, baseline_id: str) -> BaselineFiles:
        """The files of one baseline; NotFound if the log has none of that id."""
        found = self._database.rows(
            "SELECT statistics, constraints FROM log.baselines WHERE baseline_id = ?", [baseline_id]
        )
        if not found:
            raise NotFound(f"no baseline {baseline_id} in the log")
        return BaselineFiles(*found[0])


def _ordinary(window: Window) -> tuple[str, list[Any]]:
    """The captures of a window, but for known attacks, and for what drills sent."""
    where, parameters = filters.conditions(CaptureFilter(window=window))
    return f"attack IS NULL AND {NOT_SENT} AND {where}", parameters


def _choose(transaction: Transaction, baseline_id: str, chosen_at: datetime) -> None:
    transaction.execute(
        "INSERT INTO log.baselines_in_force "
        f"SELECT ?, {rows.after_all('baselines_in_force', 'chosen_at')}",
        [baseline_id, rows.naive(chosen_at)],
    )
