"""A filter of captures -> the WHERE clause of a query, and which verdicts count."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.labels import all_labels, class_name
from core.records.drills import MARK
from core.records.queries import CaptureFilter
from core.store import rows

# Verdicts that were not taken back.
STANDING = """(
    SELECT given.* FROM log.decisions AS given WHERE NOT EXISTS (
        SELECT 1 FROM log.withdrawals AS back WHERE back.capture_id = given.capture_id
        AND back.decided_at = given.decided_at AND back.decided_by = given.analyst))"""
DECIDED = f"EXISTS (SELECT 1 FROM {STANDING} AS d WHERE d.capture_id = c.capture_id)"
# Whether the figures of the capture `c` can be. NaN is larger than any number here.
SOUND = (
    "(coalesce(c.class_id >= 0, c.confidence IS NULL) "
    "AND coalesce(c.confidence BETWEEN 0 AND 1, true) "
    "AND coalesce(c.p_value BETWEEN 0 AND 1, true))"
)
# Whether a drill sent the capture `c`, and whether none did. A range of sources, unlike a prefix,
# is looked up in what DuckDB knows of whole stretches of rows.
SENT = f"(c.source >= '{MARK}' AND c.source < '{MARK[:-1]}{chr(ord(MARK[-1]) + 1)}')"
NOT_SENT = f"coalesce(NOT {SENT}, true)"
EPOCH = datetime(1970, 1, 1)
LAST_MILLISECOND = (datetime.max - EPOCH) // timedelta(milliseconds=1) - 2
SLACK = timedelta(milliseconds=2)  # floating-point milliseconds may round either way


def latest_decisions(where: str = "true") -> str:
    """The query of the verdict that counts, of every capture that has one and that `where` names.

    Of two verdicts of one moment, that of the analyst who is later in the alphabet counts.
    """
    return (
        f"SELECT * FROM {STANDING} AS d WHERE {where} QUALIFY row_number() "
        "OVER (PARTITION BY capture_id ORDER BY decided_at DESC, analyst DESC) = 1"
    )


_OF_LATEST = f"c.capture_id IN (SELECT capture_id FROM ({latest_decisions()}) WHERE {{}} = ?)"


def conditions(chosen: CaptureFilter) -> tuple[str, list[Any]]:
    """The WHERE clause of a filter over captures `c`, and its parameters."""
    window = chosen.window
    ids = None if chosen.capture_ids is None else list(chosen.capture_ids)
    made = [id_window(capture_id) for capture_id in ids or ()]
    tests: list[tuple[str, Any]] = [
        ("c.inferred_at >= ?", rows.naive(window.start) if window else None),
        ("c.inferred_at < ?", rows.naive(window.end) if window else None),
        ("c.endpoint = ?", window.endpoint if window else None),
        ("c.class_id = ?", chosen.class_id),
        ("c.flagged = ?", chosen.flagged),
        ("c.source = ?", chosen.source),
        ("c.endpoint = ?", chosen.endpoint),
        ("c.confidence >= ?::FLOAT", chosen.min_confidence),
        ("c.confidence <= ?::FLOAT", chosen.max_confidence),
        ("c.inferred_at >= ?", min(start for start, _ in made) if made else None),
        ("c.inferred_at <= ?", max(end for _, end in made) if made else None),
        ("list_contains(TRY_CAST(? AS UUID[]), c.capture_id)", ids),
        (_OF_LATEST.format("verdict"), chosen.verdict),
        (_OF_LATEST.format("analyst"), chosen.analyst),
        ("(c.attack IS NOT NULL OR coalesce(c.flagged, false)) = ?", chosen.suspect),
        ("(c.image_sha256 IS NOT NULL) = ?", chosen.with_image),
    ]
    active = [(sql, value) for sql, value in tests if value is not None]
    decided = {None: [], True: [DECIDED], False: [f"NOT {DECIDED}"]}[chosen.decided]
    drills = {None: [], True: [SENT], False: [NOT_SENT]}[chosen.drills]
    found, words = _text(chosen.text or "")
    return " AND ".join(["true", *(sql for sql, _ in active), *decided, *drills, *found]), [
        *(value for _, value in active),
        *words,
    ]


def _text(text: str) -> tuple[list[str], list[Any]]:
    """The condition that finds a text, and its parameters."""
    words = text.strip().lower()
    if not words:
        return [], []
    classes = [each.class_id for each in all_labels() if words in class_name(each.class_id).lower()]
    return [
        "(starts_with(c.capture_id::VARCHAR, ?) OR contains(lower(c.source), ?) "
        "OR list_contains(?::INTEGER[], c.class_id) OR c.capture_id IN "
        "(SELECT capture_id FROM log.decisions WHERE contains(lower(note), ?)))"
    ], [words, words, classes, words]


def id_window(capture_id: str) -> tuple[datetime, datetime]:
    """When the capture of that id was made, to a few milliseconds; never, if it is no id.

    The ids of all captures before 1970 begin with 0.
    """
    try:
        milliseconds = UUID(capture_id).int >> 80
    except ValueError:
        return datetime.max, datetime.min
    milliseconds = min(milliseconds, LAST_MILLISECOND)
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment - SLACK if milliseconds else datetime.min, moment + SLACK
