"""What the log knows of capture files, and captures in the order of files."""

from datetime import timedelta

import pytest

from core.records.capture_files import (
    FileState,
    GroundTruthRow,
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


def test_a_window_cuts_an_hour(table: CaptureFilesTable, log: CaptureLog) -> None:
    captures = [make_capture(inferred_at=NOON + timedelta(minutes=n)) for n in range(5)]
    log.append(captures, [])
    window = Window(NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))
    (hour,) = table.hours(window)
    assert (hour.start, hour.captures) == (NOON, 2)
    (chunk,) = table.captures(hour, window)
    assert [each.capture_id for each in chunk] == [each.capture_id for each in captures[1:3]]


def test_the_images_of_a_request_come_by_position_and_variants_apart(
    table: CaptureFilesTable, log: CaptureLog
) -> None:
    log.append(
        [
            *(make_capture(event_id="b", position=n) for n in (2, 0, 10, 1)),
            make_capture(event_id="a"),
            make_capture(event_id="c", variant="Blue"),
        ],
        [],
    )
    window = Window(NOON, NOON + timedelta(hours=1))
    all_traffic, blue = table.hours(window)
    (chunk,) = table.captures(all_traffic, window)
    assert [(each.event_id, each.position) for each in chunk] == [
        ("a", 0),
        *(("b", n) for n in (0, 1, 2, 10)),
    ]
    assert [each.event_id for (each,) in table.captures(blue, window)] == ["c"]


def test_ground_truth_of_whole_hours_and_of_an_endpoint_s_requests(
    table: CaptureFilesTable, log: CaptureLog
) -> None:
    log.append(
        [
            make_capture(event_id="by event"),
            make_capture(event_id="e", inference_id="by inference"),
            make_capture(event_id="other", endpoint="cars", inference_id="other"),
        ],
        [],
    )
    at = NOON.replace(tzinfo=None)
    hours = {"early": -1, "by event": 0, "by inference": 0, "other": 0, "late": 1}
    with table.importing() as writing:
        writing.add_ground_truth(
            [
                GroundTruthRow(name, 0, 1, "1", "CSV", "p", at + timedelta(hours=n), None)
                for name, n in hours.items()
            ]
        )

    def found(endpoint: str | None) -> set[str]:
        half_an_hour = timedelta(minutes=30)
        window = Window(NOON + half_an_hour, NOON + 2 * half_an_hour, endpoint)
        return {row.reference for chunk in table.ground_truth(window) for row in chunk}

    assert found(None) == {"by event", "by inference", "other"}
    assert found("signwatch") == {"by event", "by inference"}
    assert found("cars") == {"other"}
