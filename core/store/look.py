"""A look at a log: whether what it holds can be read."""

from __future__ import annotations

import random

from core.store.database import Database

TRIED = 500  # rows that are read


def check_readable(database: Database) -> None:
    """Raise Unavailable unless captures and images can be read; each time others are tried."""
    for table, moment in (("captures", "inferred_at"), ("images", "added_at")):
        oldest, newest = database.rows(f"SELECT min({moment}), max({moment}) FROM log.{table}")[0]
        if newest is not None:
            begin = oldest + random.random() * (newest - oldest)
            database.rows(
                "SELECT max(hash(tried)) FROM "
                f"(SELECT * FROM log.{table} WHERE {moment} >= ? LIMIT {TRIED}) AS tried",
                [begin],
            )
