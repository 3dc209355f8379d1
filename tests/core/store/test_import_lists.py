"""What imports leave to look at: the latest state of each file, and unreadable lines in order."""

from datetime import timedelta

import pytest

from core.store import CaptureFilesTable, CaptureLog
from core.store.import_lists import ImportedFile, ImportLists, UnreadableLine
from core.store.rows import naive
from tests.support.records import NOON


@pytest.fixture
def lists(log: CaptureLog) -> ImportLists:
    return ImportLists(log.database)


def put_file(log: CaptureLog, path: str, minutes: int, lines: int) -> None:
    with log.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO log.imports (path, bytes, sha256, lines, stored, repeated, unreadable, "
            "ground_truth, imported_at) VALUES (?, ?, 'x', ?, 1, 2, 3, 4, ?)",
            [path, lines, lines, naive(NOON + timedelta(minutes=minutes))],
        )


def put_lines(log: CaptureLog, *lines: UnreadableLine) -> None:
    with log.database.transaction() as transaction:
        for line in lines:
            transaction.execute(
                "INSERT INTO log.unreadable (path, line, reason, content) VALUES (?, ?, ?, ?)",
                list(line),
            )


def test_an_empty_log_has_neither(lists: ImportLists) -> None:
    assert (lists.count_files(), lists.files(limit=9)) == (0, [])
    assert (lists.count_unreadable(), lists.unreadable(limit=9)) == (0, [])


def test_the_latest_state_of_each_file_counts(log: CaptureLog, lists: ImportLists) -> None:
    put_file(log, "a.jsonl", 0, 10)
    put_file(log, "b.jsonl", 1, 7)
    put_file(log, "a.jsonl", 2, 12)
    assert lists.count_files() == 2
    assert lists.files(limit=9) == [
        ImportedFile("a.jsonl", 12, 1, 2, 3, 4, NOON + timedelta(minutes=2)),
        ImportedFile("b.jsonl", 7, 1, 2, 3, 4, NOON + timedelta(minutes=1)),
    ]
    assert [file.path for file in lists.files(limit=1)] == ["a.jsonl"]
    put_file(log, "a.jsonl", 2, 30)
    put_file(log, "a.jsonl", 2, 20)
    assert lists.files(limit=1)[0].lines == 30  # of two states of one moment the one farther on
    assert CaptureFilesTable(log.database).states()["a.jsonl"].bytes == 30


def test_unreadable_lines_follow_each_other(log: CaptureLog, lists: ImportLists) -> None:
    lines = [
        UnreadableLine("a.jsonl", 2, "no JSON", "{"),
        UnreadableLine("a.jsonl", 10, "no JSON", "{"),
        UnreadableLine("a.jsonl", 10, "no time", "{}"),
        UnreadableLine("a.jsonl", 10, "no time", "{} "),
        UnreadableLine("b.jsonl", 1, "", ""),
    ]
    put_lines(log, *lines[::-1])
    assert lists.count_unreadable() == 5
    found: list[UnreadableLine] = []
    for _ in range(4):
        found += lists.unreadable(limit=2, after=found[-1] if found else None)
    assert found == lines
