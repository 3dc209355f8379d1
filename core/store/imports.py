"""The writes of an import: what the log has already is not stored again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from core.records.capture_files import (
    CaptureRow,
    FileState,
    GroundTruthRow,
    LineCounts,
    UnreadableRow,
)
from core.records.captures import StoredImage
from core.records.window import now
from core.store import rows
from core.store.database import Transaction
from core.store.images import ImagesTable

TRUTH = pa.schema(
    [
        ("reference", pa.string()),
        ("position", pa.int32()),
        ("class_id", pa.int32()),
        ("data", pa.string()),
        ("encoding", pa.string()),
        ("path", pa.string()),
        ("hour", rows.TIMESTAMP),
        ("envelope", pa.string()),
    ]
)


UNREADABLE = pa.schema(
    [
        ("path", pa.string()),
        ("line", pa.int64()),
        ("endpoint", pa.string()),
        ("variant", pa.string()),
        ("inferred_at", rows.TIMESTAMP),
        ("reason", pa.string()),
        ("content", pa.string()),
    ]
)


STATES = pa.schema(
    [
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("sha256", pa.string()),
        ("lines", pa.int64()),
        ("stored", pa.int64()),
        ("repeated", pa.int64()),
        ("unreadable", pa.int64()),
        ("ground_truth", pa.int64()),
        ("imported_at", rows.TIMESTAMP),
    ]
)


CAPTURES = pa.schema([rows.CAPTURES.field(name) for name in CaptureRow._fields])


WHOLE_SECOND = timedelta(seconds=1)


class ImportTransaction:
    """The writes of one batch of lines. What the log has already is not stored again."""

    def __init__(self, transaction: Transaction, images: ImagesTable) -> None:
        self._transaction = transaction
        self._images = images

    def states(self, paths: Sequence[str]) -> dict[str, FileState]:
        """How far these files were read; those that never were are missing."""
        sql = f"SELECT * FROM ({LATEST_STATES}) WHERE list_contains(?::VARCHAR[], path)"
        return {row[0]: to_state(row) for row in self._transaction.rows(sql, [list(paths)])}

    def add_captures(
        self, captures: Sequence[CaptureRow], images: Mapping[str, StoredImage]
    ) -> list[int]:
        """Store the captures that are new, with their images; returns their places in the list.

        A capture is known by endpoint, variant, event id and position. Only the batch's own
        stretch of time is searched; files have whole seconds, the log's own captures have not.
        """
        if not captures:
            return []
        table = _table(captures, CAPTURES)
        start = min(row.inferred_at for row in captures).replace(microsecond=0)
        end = max(row.inferred_at for row in captures).replace(microsecond=0) + WHOLE_SECOND
        fresh = self._fresh(
            "SELECT min(number) FROM incoming ANTI JOIN (SELECT endpoint, variant, event_id, "
            "position FROM log.captures WHERE inferred_at >= ? AND inferred_at < ?) AS known "
            "USING (endpoint, variant, event_id, position) "
            "GROUP BY endpoint, variant, event_id, position",
            table.select(["endpoint", "variant", "event_id", "position"]),
            [start, end],
        )
        shown = {captures[k].image_sha256 for k in fresh}
        self._images.insert(
            self._transaction, [image for name, image in images.items() if name in shown]
        )
        self._transaction.insert(
            "INSERT INTO log.captures BY NAME SELECT * FROM incoming",
            table.take(pa.array(fresh, pa.int64())),
        )
        return fresh

    def add_ground_truth(self, truths: Sequence[GroundTruthRow]) -> list[int]:
        """Store the rows that are new; returns their places.

        A row is known by hour, reference, position, class and data: a corrected class is a new row.
        """
        if not truths:
            return []
        table = _table(truths, TRUTH)
        hours = [row.hour for row in truths]
        key = "hour, reference, position, class_id, data, encoding"
        fresh = self._fresh(
            f"SELECT min(number) FROM incoming ANTI JOIN (SELECT * REPLACE "
            "(CASE WHEN position = 0 THEN data ELSE '' END AS data) "
            f"FROM log.ground_truth WHERE hour BETWEEN ? AND ?) AS known USING ({key}) "
            f"GROUP BY {key}",
            table.select(key.split(", ")),
            [min(hours), max(hours)],
        )
        self._insert_ground_truth(table, fresh)
        return fresh

    def merge_ground_truth(self, lines: Sequence[Sequence[GroundTruthRow]]) -> list[int]:
        """Store the lines that say something else than what counted before; returns their places.

        Of several labels of one image the latest counts, whichever hour they are of.
        """
        truths = [row for line in lines for row in line]
        if not truths:
            return []
        table = _table(truths, TRUTH)
        counts = {
            (reference, position): class_id
            for reference, position, class_id in self._transaction.rows_with(
                "SELECT reference, position, arg_max(class_id, merged_at) FROM log.ground_truth "
                "SEMI JOIN incoming USING (reference, position) GROUP BY reference, position",
                table.select(["reference", "position"]),
            )
        }
        fresh: list[int] = []
        chosen: list[int] = []
        done = 0
        for number, line in enumerate(lines):
            labelled = {(row.reference, row.position): row.class_id for row in line}
            if any(counts.get(image) != class_id for image, class_id in labelled.items()):
                fresh.append(number)
                chosen += range(done, done + len(line))
                counts |= labelled
            done += len(line)
        self._insert_ground_truth(table, chosen)
        return fresh

    def _insert_ground_truth(self, table: pa.Table, chosen: Sequence[int]) -> None:
        """Each row a microsecond after the one before, so that the latest label is known."""
        places = pa.array(chosen, pa.int64())
        self._transaction.insert(
            "INSERT INTO log.ground_truth BY NAME SELECT * EXCLUDE (number), "
            "now() AT TIME ZONE 'UTC' + to_microseconds(number) AS merged_at FROM incoming",
            table.take(places).append_column("number", places),
        )

    def add_unreadable(self, lines: Sequence[UnreadableRow]) -> None:
        """Keep lines that could not be read; the same line of the same file is kept once."""
        if lines:
            self._transaction.insert(
                "INSERT INTO log.unreadable BY NAME SELECT * FROM incoming "
                "ANTI JOIN log.unreadable AS known USING (path, line, reason, content)",
                _table(lines, UNREADABLE),
            )

    def set_states(self, states: Mapping[str, FileState]) -> None:
        """Keep how far files have been read; the latest entry of a path counts."""
        if states:
            at = rows.naive(now())
            entries = [
                {"path": path, "imported_at": at, **state.to_json()}
                for path, state in states.items()
            ]
            self._transaction.insert(
                "INSERT INTO log.imports BY NAME SELECT * FROM incoming",
                pa.Table.from_pylist(entries, schema=STATES),
            )

    def _fresh(self, sql: str, table: pa.Table, parameters: Sequence[Any] = ()) -> list[int]:
        numbered = table.append_column("number", pa.array(range(table.num_rows), pa.int64()))
        return sorted(row[0] for row in self._transaction.rows_with(sql, numbered, parameters))


LATEST_STATES = (
    "SELECT path, bytes, sha256, lines, stored, repeated, ground_truth, unreadable "
    "FROM log.imports QUALIFY row_number() OVER "
    "(PARTITION BY path ORDER BY imported_at DESC, bytes DESC) = 1"
)


def to_state(row: tuple[Any, ...]) -> FileState:
    """A row of LATEST_STATES."""
    return FileState(row[1], row[2], LineCounts(*row[3:]))


def _table(records: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*records, strict=True)
    arrays = [rows.column(c, f) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
