"""What the log knows of capture files, and captures in the order of files."""

from datetime import timedelta

import pytest

from core.records.capture_files import (
    FileState,
    LineCounts,
)
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.support.records import NOON, make_capture, make_image


@pytest.fixture
def table(log: CaptureLog) -> CaptureFilesTable:
    """What an empty log keeps of capture files."""
    return CaptureFilesTable(log.database)


def test_the_latest_state_of_a_file_counts(table: CaptureFilesTable) -> None:
    first = {
        "p": FileState(10, "a", LineCounts(3, 1, 1, 0, 1)),
        "q": FileState(7, "c", LineCounts()),
    }
    second = {"p": FileState(5, "b", LineCounts(1, 0, 1, 0, 0))}
    for states in (first, second):
        with table.importing() as writing:
            writing.set_states(states)
    assert table.states() == first | second
    with table.importing() as writing:
        assert writing.states(["p", "x"]) == second
        writing.set_states({})


def test_captures_come_hour_by_hour_in_order(table: CaptureFilesTable, log: CaptureLog) -> None:
    image = make_image()
    moments = [NOON + timedelta(minutes=minutes) for minutes in (61, 5, 1)]
    captures = [make_capture(image, inferred_at=moment) for moment in moments]
    log.append([*captures, make_capture(inferred_at=NOON, endpoint="cars")], [image])
    always = Window(NOON, NOON + timedelta(hours=2))
    hours = table.hours(always)
    assert [(each.start, each.endpoint, each.captures) for each in hours] == [
        (NOON, "cars", 1),
        (NOON, "signwatch", 2),
        (NOON + timedelta(hours=1), "signwatch", 1),
    ]
    (chunk,) = table.captures(hours[1], always)
    assert [each.capture_id for each in chunk] == [captures[2].capture_id, captures[1].capture_id]
    assert table.image_sizes([image.sha256, "unknown"]) == {image.sha256: len(image.content)}
