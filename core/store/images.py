"""Images by content, each kept once.

To look through all of the log for each new image would make every commit as slow as the log is
long. Instead a process remembers what it has written itself in the last RECENT minutes. So an
image may stand in the log more than once, until the next `deduplicate`; whoever reads it takes
any, they are the same.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.errors import NotFound
from core.records.captures import StoredImage
from core.store import rows
from core.store.database import Database, Transaction

RECENT = timedelta(minutes=10)
MAX_RECENT = 65_536
COLUMNS = "sha256, media_type, content, width, height"


class ImagesTable:
    """The images of a log."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._recent: OrderedDict[str, float] = OrderedDict()  # name -> when it was written

    def insert(self, transaction: Transaction, images: Sequence[StoredImage]) -> None:
        """Write those of the images that this process has not written lately."""
        oldest = self._clock() - RECENT.total_seconds()
        fresh = [image for image in images if self._recent.get(image.sha256, oldest) <= oldest]
        if fresh:
            transaction.insert(
                "INSERT INTO log.images SELECT * FROM incoming", rows.images_table(fresh)
            )
            transaction.after_commit.append(lambda: self._remember(fresh))

    def deduplicate(self, since: datetime) -> int:
        """Delete older copies of what was written after `since` (aware); returns how many."""
        with self._database.transaction() as transaction:
            return int(transaction.rows(_OLDER_COPIES, [rows.naive(since)])[0][0])

    def _remember(self, images: Sequence[StoredImage]) -> None:
        for image in images:
            self._recent[image.sha256] = self._clock()
            self._recent.move_to_end(image.sha256)
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)

    def one(self, sha256: str) -> StoredImage:
        """The image of that content; NotFound if the log has none."""
        found = self._database.rows(
            f"SELECT {COLUMNS} FROM log.images WHERE sha256 = ? LIMIT 1", [sha256]
        )
        if not found:
            raise NotFound(f"no image {sha256} in the capture log")
        return StoredImage(*found[0])

    def some(self, names: Sequence[str | None]) -> dict[str, StoredImage]:
        """Those of the named images that the log has, by SHA-256."""
        found = self._database.rows(
            f"SELECT {COLUMNS} FROM log.images WHERE sha256 IN (SELECT unnest(?::VARCHAR[]))",
            [list({name for name in names if name is not None})],
        )
        return {row[0]: StoredImage(*row) for row in found}


# The newest copy stays: a capture that is being written may count on it.
_OLDER_COPIES = (
    "DELETE FROM log.images WHERE (sha256, added_at) IN ("
    "SELECT (old.sha256, old.added_at) FROM log.images AS old JOIN log.images AS new "
    "ON old.sha256 = new.sha256 WHERE new.added_at >= ? AND old.added_at < new.added_at)"
)
