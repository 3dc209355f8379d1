"""Ground truth that is sent: what is merged, repeated, unreadable, and refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.capture.files import ground_truth as sent
from core.capture.files.ground_truth import MergeAnswer, merge
from core.errors import BadInput, TooLarge
from core.invocations import RequestLimits
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import ground_truth, predicted, read_tree
from tests.support.expect import raises
from tests.support.records import NOON

EXPECTED = (
    'expected lines like {"groundTruthData": {"data": "14", "encoding": "CSV"}, '
    '"eventMetadata": {"eventId": "..."}}, got '
)


def send(files: Files, *lines: dict[str, Any] | bytes, hours: int = 0) -> MergeAnswer:
    """Send lines, so many hours after noon."""
    content = b"\n".join(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines)
    return merge(files.table, RequestLimits(), content, NOON + timedelta(hours=hours))


def counts(answer: MergeAnswer) -> tuple[int, int, int, int]:
    return answer.lines, answer.merged, answer.repeated, answer.unreadable


def kept(files: Files) -> list[tuple[Any, ...]]:
    return files.log.database.rows(
        "SELECT reference, position, class_id FROM log.ground_truth ORDER BY merged_at"
    )


def test_lines_are_merged_once(files: Files) -> None:
    by_inference = ground_truth(2) | {"eventMetadata": {"eventId": "e", "inferenceId": "i"}}
    lines = ground_truth(0), ground_truth(1, "[[1], [2]]", "JSON"), by_inference
    first, second = (ground_truth(k)["eventMetadata"]["eventId"] for k in (0, 1))
    assert counts(send(files, *lines)) == (3, 3, 0, 0)
    assert kept(files) == [(first, 0, 14), (second, 0, 1), (second, 1, 2), ("i", 0, 14)]
    assert counts(send(files, *lines, hours=5)) == (3, 0, 3, 0)
    assert len(kept(files)) == 4


def test_a_label_may_be_corrected_and_corrected_back(files: Files) -> None:
    event_id = ground_truth(0)["eventMetadata"]["eventId"]
    assert counts(send(files, ground_truth(0, "1"), ground_truth(0, "2"))) == (2, 2, 0, 0)
    assert counts(send(files, ground_truth(0, "1"))) == (1, 1, 0, 0)
    assert kept(files) == [(event_id, 0, 1), (event_id, 0, 2), (event_id, 0, 1)]
    assert counts(send(files, ground_truth(0, "1"))) == (1, 0, 1, 0)


def test_a_line_is_kept_whole(files: Files, tmp_path: Path) -> None:
    send(files, ground_truth(0, "[[1], [2]]", "JSON"))
    corrected = ground_truth(0, "[[1], [3]]", "JSON")
    assert counts(send(files, corrected, hours=1)) == (1, 1, 0, 0)
    files.write(tmp_path)
    assert corrected in read_tree(tmp_path)
    folders = sorted(path.parent.relative_to(tmp_path) for path in tmp_path.rglob("*.jsonl"))
    assert folders == [Path(f"ground-truth/2026/02/14/{hour}") for hour in (12, 13)]


def test_lines_that_cannot_be_read_do_not_stop_the_others(files: Files) -> None:
    bad = b"{", predicted(1, 14), ground_truth(1, "cat")
    answer = send(files, *bad, b"", ground_truth(0))
    assert counts(answer) == (4, 1, 0, 3)
    assert [problem.partition(": ")[0] for problem in answer.problems] == [
        "line 1",
        "line 2",
        "line 3",
    ]
    assert answer.problems[1] == (
        "line 2: a captured request needs its endpoint; expected "
        "{endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl"
    )
    assert files.captures() == [] and files.unreadable() == []
    assert files.table.states() == {}


def test_lines_keep_their_numbers_over_chunks(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "CHUNK", 100)
    answer = send(files, *map(ground_truth, range(7)), b"{", ground_truth(8))
    assert counts(answer) == (9, 8, 0, 1)
    assert answer.problems[0].startswith("line 8: no JSON: ")


@pytest.mark.parametrize(
    ("lines", "came"),
    [
        ([], "nothing"),
        ([b"", b"  "], "nothing"),
        ([b"\xff", b"[]"], "line 1: no UTF-8: byte 0xff at position 0"),
    ],
)
def test_nothing_readable_is_refused(files: Files, lines: list[bytes], came: str) -> None:
    with raises(BadInput, EXPECTED + came):
        send(files, *lines)
    assert kept(files) == []


def test_labels_are_counted_while_they_are_read(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "MAX_LABELS", 3)
    assert counts(send(files, ground_truth(0, "[[1], [2], [3]]", "JSON"))) == (1, 1, 0, 0)
    with raises(TooLarge, "at most 3 labels are taken at once; send fewer lines"):
        send(files, *(ground_truth(k) for k in range(1, 5)))
    assert len(kept(files)) == 3
