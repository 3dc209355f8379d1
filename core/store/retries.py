"""Retries: a request that the log has already is not stored again.

A client that got no answer does not know whether its request was stored. If it named the request by
an inference id, it has the same event id when it comes again (core.capture.writer.event_id), in
whichever process and batch that is.

To look through an hour of the log takes longer than a commit. So the one process of a file knows
which event ids that hour has, and asks the log for those alone. Of a shared log, it asks each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.records.captures import Capture
from core.store import rows
from core.store.database import Database, Transaction

RETRIED_WITHIN = timedelta(hours=1)
Key = tuple[str, str, str, int]


class Retries:
    """Which requests with an inference id a log has."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Known | None = None  # read when it is needed

    def stored_before(
        self, transaction: Transaction, captures: Sequence[Capture]
    ) -> dict[str, Capture]:
        """Those that are stored already: the id that each was given -> the capture that counts.

        What stands twice in `captures` counts once, the first time.
        """
        named = [capture for capture in captures if capture.inference_id is not None]
        if not named:
            return {}
        since = min(each.inferred_at for each in named) - RETRIED_WITHIN
        asked = self._asked(transaction, {each.event_id for each in named}, since)
        counting = {_key(found): found for found in _found(transaction, asked, since)}
        known: dict[str, Capture] = {}
        for capture in named:
            first = counting.setdefault(_key(capture), capture)
            if first is not capture:
                known[capture.capture_id] = first
        return known

    def forget(self) -> None:
        """Read anew what the log has: of a transaction that failed, nobody knows."""
        self._known = None

    def _asked(self, transaction: Transaction, names: set[str], since: datetime) -> list[str]:
        """Those of the event ids that the log may have; they are known from now on."""
        if self._database.address.shared:
            return list(names)
        if self._known is None:
            self._known = Known()
            self._known.add(_named_since(transaction, since), since)
        asked = [name for name in names if name in self._known]
        self._known.add(names, since)
        return asked


class Known:
    """Event ids of the last hour, and of up to an hour before, by their hash alone."""

    def __init__(self) -> None:
        self._latest: set[int] = set()
        self._before: set[int] = set()
        self._begun: datetime | None = None

    def __contains__(self, name: str) -> bool:
        return hash(name) in self._latest or hash(name) in self._before

    def add(self, names: set[str], since: datetime) -> None:
        """Names of requests; what came before `since` is forgotten, an hour later at most."""
        if self._begun is None or since >= self._begun:
            self._before, self._latest = self._latest, set()
            self._begun = since + RETRIED_WITHIN
        self._latest.update(map(hash, names))


def _named_since(transaction: Transaction, since: datetime) -> set[str]:
    found = transaction.rows(
        "SELECT DISTINCT event_id FROM log.captures "
        "WHERE inferred_at >= ? AND inference_id IS NOT NULL",
        [rows.naive(since)],
    )
    return {name for (name,) in found}


def _found(transaction: Transaction, names: list[str], since: datetime) -> list[Capture]:
    """The captures of these event ids, the earliest of each last."""
    if not names:
        return []
    found = transaction.rows(
        "SELECT * FROM log.captures WHERE inferred_at >= ? "
        "AND event_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY inferred_at DESC",
        [rows.naive(since), names],
    )
    return list(map(rows.capture, found))


def _key(capture: Capture) -> Key:
    return capture.endpoint, capture.variant, capture.event_id, capture.position
