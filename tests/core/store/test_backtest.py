"""Past captures counted in steps of time."""

from datetime import timedelta

from core.records.backtest import Windows
from core.records.capture_files import UnreadableRow
from core.store import CaptureFilesTable, CaptureLog, PastTable
from tests.support.records import NOON, make_capture, make_prediction, make_unanswered

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_counts_by_step_and_class(log: CaptureLog) -> None:
    moments = [(14, 0), (14, 59), (2, 59), (14, 60), (14, 119)]
    outside = [(14, -1), (14, 120)]
    log.append(
        [
            *(
                make_capture(prediction=make_prediction(k), inferred_at=NOON + minutes * MINUTE)
                for k, minutes in [*moments, *outside]
            ),
            make_capture(prediction=make_prediction(3), inferred_at=NOON, endpoint="cars"),
            make_unanswered(inferred_at=NOON),
        ],
        [],
    )
    at = NOON.replace(tzinfo=None)
    with CaptureFilesTable(log.database).importing() as writing:
        writing.add_unreadable(
            [
                UnreadableRow("p", n, endpoint, "v", moment, "no JSON", "{")
                for n, (endpoint, moment) in enumerate(
                    [("signwatch", at + HOUR), ("cars", at), ("signwatch", None)]
                )
            ]
        )
    windows = Windows.every(HOUR, NOON, NOON + 2 * HOUR, HOUR)
    table = PastTable(log.database)
    everywhere = table.counts(windows, None)
    assert sorted(everywhere.predictions.T.tolist()) == [
        [0, 2, 1],
        [0, 3, 1],
        [0, 14, 2],
        [1, 14, 2],
    ]
    assert sorted(everywhere.unreadable.T.tolist()) == [[0, 1], [1, 1]]
    own = table.counts(windows, "signwatch")
    assert [0, 3, 1] not in own.predictions.T.tolist()
    assert own.unreadable.T.tolist() == [[1, 1]]


def test_windows_that_overlap_are_counted_in_steps_that_fit_all(log: CaptureLog) -> None:
    moments = [0, 29, 30, 59, 61]
    log.append([make_capture(inferred_at=NOON + n * MINUTE) for n in moments], [])
    at = NOON.replace(tzinfo=None)
    with CaptureFilesTable(log.database).importing() as writing:
        writing.add_unreadable([UnreadableRow("p", 1, "e", "v", at + HOUR, "no JSON", "{")])
    windows = Windows.every(HOUR / 2, NOON, NOON + 2 * HOUR, HOUR)
    counts = PastTable(log.database).counts(windows, None)
    assert sorted(counts.predictions.T.tolist()) == [[0, 14, 2], [1, 14, 2], [2, 14, 1]]
    assert counts.unreadable.T.tolist() == [[2, 1]]


def test_an_empty_log_has_no_counts(log: CaptureLog) -> None:
    counts = PastTable(log.database).counts(Windows.every(HOUR, NOON, NOON + 2 * HOUR, HOUR), None)
    assert (counts.predictions.shape, counts.unreadable.shape) == ((3, 0), (2, 0))
