"""What imports left in the log to look at: the files, and the lines that could not be read."""

from __future__ import annotations

from core.records.capture_files import ImportedFile, UnreadableLine
from core.store import rows
from core.store.database import Database


class ImportLists:
    """Imported files, the latest first, and unreadable lines in the order of their files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def files(self, *, limit: int) -> list[ImportedFile]:
        """The files read last."""
        found = self._database.rows(
            "SELECT path, lines, stored, repeated, unreadable, ground_truth, imported_at "
            "FROM log.imports QUALIFY row_number() OVER "
            "(PARTITION BY path ORDER BY imported_at DESC, bytes DESC) = 1 "
            "ORDER BY imported_at DESC, path LIMIT ?",
            [limit],
        )
        return [ImportedFile._make([*row[:-1], rows.aware(row[-1])]) for row in found]

    def count_files(self) -> int:
        """How many files were ever imported."""
        sql = "SELECT count(DISTINCT path) FROM log.imports"
        return int(self._database.rows(sql)[0][0])

    def unreadable(
        self, *, limit: int, after: UnreadableLine | None = None
    ) -> list[UnreadableLine]:
        """Lines in the order of path and number, those behind `after`."""
        found = self._database.rows(
            "SELECT path, line, reason, content FROM log.unreadable "
            "WHERE (path, line, reason, content) > (?, ?, ?, ?) "
            "ORDER BY path, line, reason, content LIMIT ?",
            [*(after or ("", -1, "", "")), limit],
        )
        return [UnreadableLine(*row) for row in found]

    def count_unreadable(self) -> int:
        """How many lines could not be read."""
        return int(self._database.rows("SELECT count(*) FROM log.unreadable")[0][0])
