"""Retention: the oldest captures go with their tensors, and the images that no other names.

Decisions, runs, ground truth and the list of imports stay: they are small, and they are the record.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from core.store.database import Database
from core.store.images import RECENT
from core.store.looks import first_id
from core.store.rows import naive
from core.store.tensors import remove_leftovers

SPARED = 2 * RECENT  # what is younger may be named by a capture that is being written
SMALLEST_STEP = 0.05  # share of the captures; less gives no space back


@dataclass(frozen=True)
class Removed:
    """How many rows were deleted."""

    captures: int = 0
    images: int = 0
    unreadable: int = 0
    tensor_records: int = 0

    def __add__(self, other: Removed) -> Removed:
        return Removed(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __bool__(self) -> bool:
        return any(astuple(self))


class Retention:
    """Deletes by age and by size. days, gigabytes: 0 means no limit."""

    def __init__(self, database: Database, *, days: float, gigabytes: float) -> None:
        self._database = database
        self._age = timedelta(days=days)
        self._bytes = gigabytes * 1e9

    def apply(self, at: datetime) -> Removed:
        """Delete what is too old at `at`, then the oldest until the log is small enough.

        Nothing of the last SPARED is deleted, however large it is.
        """
        newest, removed = naive(at) - SPARED, Removed()
        if self._age:
            removed += self._delete_before(min(naive(at) - self._age, newest), newest)
        if self._bytes:
            removed += self._shrink(newest)
        elif removed:
            self._database.maintain()
        return removed

    def _shrink(self, newest: datetime) -> Removed:
        self._database.maintain()
        removed = Removed()
        while (used := self._database.bytes_used()) > self._bytes:
            share = max(1 - self._bytes / used, SMALLEST_STEP)
            oldest = self._database.rows(
                f"SELECT quantile_disc(inferred_at, {share:.6f}) FROM log.captures "
                "WHERE inferred_at < ?",
                [newest],
            )[0][0]
            if oldest is None:
                break
            removed += self._delete_before(oldest + timedelta(microseconds=1), newest)
            self._database.maintain()
        return removed

    def _delete_before(self, moment: datetime, newest: datetime) -> Removed:
        with self._database.transaction() as transaction:
            captures = transaction.rows("DELETE FROM log.captures WHERE inferred_at < ?", [moment])
            unreadable = transaction.rows(_UNREADABLE, [moment, moment])
            images = transaction.rows(_IMAGES, [newest]) if captures[0][0] else [(0,)]
            records = transaction.rows(_TENSOR_RECORDS, [moment])
            transaction.execute("DELETE FROM log.looks WHERE capture_id < ?", [first_id(moment)])
            if records[0][0]:
                remove_leftovers(transaction)
        return Removed(captures[0][0], images[0][0], unreadable[0][0], records[0][0])


_TENSOR_RECORDS = "DELETE FROM log.tensor_records WHERE captured_at < ?"
# A record without a time is as old as the last import of its file.
_UNREADABLE = (
    "DELETE FROM log.unreadable WHERE inferred_at < ? OR (inferred_at IS NULL AND path IN "
    "(SELECT path FROM log.imports GROUP BY path HAVING max(imported_at) < ?))"
)
# Hashes keep the join small; where two images share one, the worst is that an image stays.
_IMAGES = (
    "DELETE FROM log.images WHERE added_at < ? "
    "AND hash(sha256) NOT IN (SELECT hash(image_sha256) FROM log.captures "
    "WHERE image_sha256 IS NOT NULL UNION ALL SELECT hash(clean_sha256) FROM log.captures "
    "WHERE clean_sha256 IS NOT NULL)"
)
