"""Rows of capture files in both kinds of store."""

from datetime import datetime, timedelta

import pytest

from core.records.capture_files import (
    CaptureRow,
    FileState,
    GroundTruthRow,
    LineCounts,
    UnreadableRow,
)
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.support.records import NOON, make_capture, make_image

AT = datetime(2022, 2, 14, 17, 25, 49)
EMPTY = CaptureRow(*[None] * len(CaptureRow._fields))  # type: ignore[arg-type]


def row(event_id: str = "e", position: int = 0, **changes: object) -> CaptureRow:
    """A capture of class 14."""
    number = f"{abs(hash((event_id, position))) % 2**40:012x}"
    return EMPTY._replace(
        **{
            "capture_id": f"00000000-0000-8000-8000-{number}",
            "event_id": event_id,
            "position": position,
            "endpoint": "ep",
            "variant": "v",
            "inferred_at": AT,
            "class_id": 14,
        }
        | changes
    )


@pytest.fixture
def table(log: CaptureLog) -> CaptureFilesTable:
    """What an empty log keeps of capture files."""
    return CaptureFilesTable(log.database)


def test_the_places_of_what_is_new_come_back(table: CaptureFilesTable, log: CaptureLog) -> None:
    with table.importing() as writing:
        assert writing.add_captures([row("a"), row("b"), row("a"), row("a", 1)], {}) == [0, 1, 3]
    with table.importing() as writing:
        others = [row("a"), row("c"), row("a", endpoint="x"), row("b", variant="w"), row("b")]
        assert writing.add_captures(others, {}) == [1, 2, 3]
        assert writing.add_captures([], {}) == []
    assert log.count(CaptureFilter()) == 6


def test_what_the_log_captured_itself_is_known_by_its_second(
    table: CaptureFilesTable, log: CaptureLog
) -> None:
    ours = make_capture(inferred_at=NOON + timedelta(microseconds=999_999))
    log.append([ours], [])
    same = row(
        ours.event_id,
        endpoint=ours.endpoint,
        variant=ours.variant,
        inferred_at=NOON.replace(tzinfo=None),
    )
    with table.importing() as writing:
        assert writing.add_captures([same], {}) == []


def test_only_images_of_what_is_new_are_kept(table: CaptureFilesTable, log: CaptureLog) -> None:
    known, new = make_image(1), make_image(2)
    with table.importing() as writing:
        writing.add_captures([row("a")], {})
    with table.importing() as writing:
        writing.add_captures(
            [row("a", image_sha256=known.sha256), row("b", image_sha256=new.sha256)],
            {known.sha256: known, new.sha256: new},
        )
    assert log.images([known.sha256, new.sha256]) == {new.sha256: new}
    assert table.image_sizes([known.sha256, new.sha256]) == {new.sha256: len(new.content)}


def test_a_failed_import_leaves_nothing(table: CaptureFilesTable, log: CaptureLog) -> None:
    with pytest.raises(ZeroDivisionError), table.importing() as writing:
        writing.add_captures([row("a")], {})
        writing.set_states({"p": FileState(1, "s", LineCounts(1, 1))})
        raise ZeroDivisionError
    assert log.count(CaptureFilter()) == 0
    assert table.states() == {}


def test_ground_truth_and_unreadable_lines_are_kept_once(
    table: CaptureFilesTable, log: CaptureLog
) -> None:
    hour = AT.replace(minute=0, second=0)
    truth = GroundTruthRow("e", 0, 14, "14", "CSV", "p", hour, None)
    corrected = truth._replace(class_id=2, data="2")
    bad = UnreadableRow("p", 1, "ep", "v", AT, "no JSON", "{")
    for _ in range(2):
        with table.importing() as writing:
            fresh = writing.add_ground_truth([truth, corrected, truth])
            writing.add_unreadable([bad, bad._replace(line=2)])
            writing.add_unreadable([])
    with table.importing() as writing:
        writing.add_unreadable([bad._replace(line=3), bad._replace(path="q")])
    assert fresh == []
    (chunk,) = table.ground_truth(Window(NOON - timedelta(days=3650), NOON))
    assert sorted(chunk) == sorted([truth, corrected])
    window = Window(NOON - timedelta(days=3650), NOON, "ep")
    assert log.window_figures(window, low_confidence=0.5).unreadable == 4
    assert log.window_figures(window, low_confidence=0.5).total == 4


def merged(table: CaptureFilesTable, *lines: list[tuple[str, int, int]]) -> list[int]:
    """The places of the lines of (reference, position, class) that were merged."""
    hour = AT.replace(minute=0, second=0)
    rows = [
        [GroundTruthRow(name, place, k, str(k), "CSV", "p", hour, None) for name, place, k in line]
        for line in lines
    ]
    with table.importing() as writing:
        return writing.merge_ground_truth(rows)


def labels(log: CaptureLog) -> list[tuple[str, int, int]]:
    """Everything merged, in its order."""
    return log.database.rows(
        "SELECT reference, position, class_id FROM log.ground_truth ORDER BY merged_at"
    )


def test_labels_are_merged_where_they_say_something_new(
    table: CaptureFilesTable, log: CaptureLog
) -> None:
    two = [("a", 0, 1), ("a", 1, 2)]
    assert merged(table, two, [("b", 0, 3)], two) == [0, 1]
    assert merged(table) == []
    corrected = [("a", 0, 1), ("a", 1, 5)]  # one of two: the line is kept whole
    assert merged(table, [("b", 0, 3)], corrected, [("c", 0, 4)]) == [1, 2]
    assert labels(log) == [*two, ("b", 0, 3), *corrected, ("c", 0, 4)]
    # The latest label is what a line is compared with, also one of the same call.
    assert merged(table, two, corrected, corrected, two) == [0, 1, 3]
    assert merged(table, two) == []
