"""What the rest of the program asks of the log, and every SQL statement that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from core.records.captures import Capture, StoredImage
from core.records.monitoring import ConfidenceAt, Execution, MonitorSettings, WindowFigures
from core.records.queries import CaptureFilter
from core.records.verdicts import TriageItem
from core.records.window import Window
from core.store import filters, rows
from core.store.address import Address, FileAddress
from core.store.database import Database
from core.store.executions import ExecutionsTable
from core.store.images import ImagesTable
from core.store.listing import Listing
from core.store.looks import Look, insert_looks
from core.store.retries import Retries
from core.store.verdicts import VerdictsTable


class CaptureLog:
    """Captures, their images, verdicts and runs of the monitor. Threads may share it.

    Parameters
    ----------
    place
        The path of a file, or any address.
    reserve
        Bytes of its disk that stay free of captures.

    Raises
    ------
    Unavailable
        The log cannot be opened or created; later, every call on a closed log.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 2, 14, 12, tzinfo=UTC)
    >>> name = "019c5c1a-ba00-8000-8000-000000000000"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = CaptureLog(Path(folder) / "log.duckdb")
    ...     made = Capture(name, "e-1", 0, "signwatch", "AllTraffic", at, class_id=14)
    ...     retries = log.append([made], [])
    ...     found = log.find(CaptureFilter(class_id=14), limit=10)
    ...     log.close()
    >>> [item.capture.event_id for item in found]
    ['e-1']
    """

    def __init__(self, place: Path | Address, *, reserve: int = 0) -> None:
        address = FileAddress(place) if isinstance(place, Path) else place
        self.database = Database(address, reserve=reserve)
        self.listing = Listing(self.database)
        self.image_table = ImagesTable(self.database)
        self.verdicts = VerdictsTable(self.database)
        self._retries = Retries(self.database)
        self._executions = ExecutionsTable(self.database)

    def close(self) -> None:
        """Close the log; every later call raises Unavailable."""
        self.database.close()

    @property
    def shared(self) -> bool:
        """Whether several processes may have it open at a time."""
        return self.database.address.shared

    def check_writable(self) -> None:
        """Raise Unavailable unless there is room for captures and a transaction goes through."""
        with self.database.transaction(grows=True) as transaction:
            transaction.execute("DELETE FROM log.migrations WHERE version < 0")

    def maintain(self) -> None:
        """Give space back, and gather what small commits left in many pieces."""
        self.database.maintain()

    def endpoints(self) -> list[str]:
        """Names of endpoints that have captures or capture settings."""
        found = self.database.rows(
            "SELECT endpoint FROM log.captures UNION SELECT endpoint FROM log.capture_settings"
        )
        return [name for (name,) in found]

    def append(
        self,
        captures: Sequence[Capture],
        images: Sequence[StoredImage],
        looks: Mapping[str, Look] = MappingProxyType({}),
    ) -> dict[str, Capture]:
        """Store captures and images in one transaction; an image just stored is not repeated.

        looks: what the images of captures show, by capture id, where that is known.

        Returns
        -------
        dict
            Of retries, which are not stored again: their id -> the capture that counts.
        """
        try:
            with self.database.transaction(grows=True) as transaction:
                known = self._retries.stored_before(transaction, captures)
                self.image_table.insert(transaction, images)
                fresh = [each for each in captures if each.capture_id not in known]
                if fresh:
                    table = rows.captures_table(fresh)
                    transaction.insert("INSERT INTO log.captures SELECT * FROM incoming", table)
                    insert_looks(transaction, [each.capture_id for each in fresh], looks)
        except BaseException:
            self._retries.forget()
            raise
        return known

    def image(self, sha256: str) -> StoredImage:
        """The image of that content; NotFound if the log has none."""
        return self.image_table.one(sha256)

    def images(self, names: Sequence[str | None]) -> dict[str, StoredImage]:
        """Those of the named images that the log has, by SHA-256."""
        return self.image_table.some(names)

    def window_figures(self, window: Window, *, low_confidence: float) -> WindowFigures:
        """Counts by class, mean confidence, predictions below `low_confidence`, flagged ones.

        Captures whose figures cannot be count as unreadable.
        """
        where, parameters = filters.conditions(CaptureFilter(window=window))
        found = self.database.rows(
            "SELECT class_id, count(*), count(confidence), sum(confidence), "
            "count(*) FILTER (confidence < ?), count(flagged), count(*) FILTER (flagged) "
            f"FROM log.captures AS c WHERE class_id IS NOT NULL AND {filters.SOUND} AND {where} "
            "GROUP BY class_id",
            [low_confidence, *parameters],
        )
        unreadable = self.database.rows(
            f"SELECT (SELECT count(*) FROM log.unreadable AS c WHERE {where}) + "
            f"(SELECT count(*) FROM log.captures AS c WHERE NOT {filters.SOUND} AND {where})",
            [*parameters, *parameters],
        )[0][0]
        rated = sum(row[2] for row in found)
        judged = sum(row[5] for row in found)
        return WindowFigures(
            total=sum(row[1] for row in found) + unreadable,
            counts={row[0]: row[1] for row in found},
            mean_confidence=sum(row[3] or 0.0 for row in found) / rated if rated else None,
            low_confidence=sum(row[4] for row in found) if rated else None,
            flagged=sum(row[6] for row in found) if judged else None,
            unreadable=unreadable,
        )

    def last_capture_at(self) -> datetime | None:
        """When the newest capture was made; None while there is none."""
        newest = self.database.rows("SELECT max(inferred_at) FROM log.captures")[0][0]
        return rows.aware(newest) if newest else None

    def counts_over_time(
        self, window: Window, bucket_seconds: int
    ) -> list[tuple[datetime, int, int]]:
        """(bucket start, class id, predictions) for every bucket and class that occurs."""
        where, parameters = filters.conditions(CaptureFilter(window=window))
        found = self.database.rows(
            "SELECT time_bucket(to_seconds(?), inferred_at) AS bucket, class_id, count(*) "
            f"FROM log.captures AS c WHERE class_id IS NOT NULL AND {filters.SOUND} AND {where} "
            "GROUP BY ALL ORDER BY ALL",
            [bucket_seconds, *parameters],
        )
        return [(rows.aware(bucket), class_id, count) for bucket, class_id, count in found]

    def commonest_source(self, chosen: CaptureFilter) -> tuple[str | None, int]:
        """The source of most of these captures that name one, and of how many; (None, 0) of none.

        Of equally common ones, the first in the alphabet.
        """
        where, parameters = filters.conditions(chosen)
        found = self.database.rows(
            "SELECT c.source, count(*) AS count FROM log.captures AS c "
            f"WHERE c.source IS NOT NULL AND {where} "
            "GROUP BY c.source ORDER BY count DESC, c.source LIMIT 1",
            parameters,
        )
        return (found[0][0], int(found[0][1])) if found else (None, 0)

    def confidence_over_time(
        self, window: Window, bucket_seconds: int, *, low_confidence: float
    ) -> list[ConfidenceAt]:
        """Every bucket that has a prediction with a confidence, oldest first."""
        where, parameters = filters.conditions(CaptureFilter(window=window))
        found = self.database.rows(
            "SELECT time_bucket(to_seconds(?), inferred_at) AS bucket, count(confidence), "
            "avg(confidence), count(*) FILTER (confidence < ?) FROM log.captures AS c "
            f"WHERE confidence IS NOT NULL AND {filters.SOUND} AND {where} "
            "GROUP BY bucket ORDER BY bucket",
            [bucket_seconds, low_confidence, *parameters],
        )
        return [ConfidenceAt(rows.aware(bucket), *figures) for bucket, *figures in found]

    def count(self, chosen: CaptureFilter) -> int:
        """How many captures the filter lets through."""
        return self.listing.count(chosen)

    def find(
        self, chosen: CaptureFilter, *, limit: int, most_suspicious: bool = False
    ) -> list[TriageItem]:
        """The first captures with their decisions, newest first or most suspicious first."""
        if most_suspicious:
            return self.listing.most_suspicious(chosen, limit=limit)
        return list(self.listing.each(chosen, limit=limit))

    def capture(self, capture_id: str) -> TriageItem:
        """One capture with its decision; NotFound if the log has none of that id."""
        return self.listing.one(capture_id)

    def execution(self, execution_id: str) -> Execution:
        """One run; NotFound if the log has none of that id."""
        return self._executions.one(execution_id)

    def executions(
        self,
        limit: int,
        *,
        status: str | None = None,
        schedule: str | None = None,
        endpoint: str | None = None,
        ended: bool = False,
    ) -> list[Execution]:
        """The latest runs (of that status, schedule, endpoint), newest first.

        ended: without those under way.
        """
        return self._executions.latest(
            limit, status=status, schedule=schedule, endpoint=endpoint, ended=ended
        )

    def executions_over(self, moment: datetime, endpoint: str, *, limit: int) -> list[Execution]:
        """Ended runs over that moment: violated ones first, then the latest."""
        return self._executions.over(moment, endpoint, limit=limit)

    def set_monitor_settings(self, settings: MonitorSettings, changed_at: datetime) -> None:
        """Keep new monitor settings; the latest ones count."""
        with self.database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO log.monitor_settings "
                f"SELECT ?, ?, {rows.after_all('monitor_settings', 'changed_at')}",
                [settings.threshold, settings.window_minutes, rows.naive(changed_at)],
            )

    def monitor_settings(self) -> MonitorSettings | None:
        """The monitor settings that count; None until some were set."""
        found = self.database.rows(
            "SELECT threshold, window_minutes FROM log.monitor_settings "
            "ORDER BY changed_at DESC LIMIT 1"
        )
        return MonitorSettings(*found[0]) if found else None
