"""What a message says, word for word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.alerts.message import message
from core.alerts.policy import decide, test_notice
from core.records.alerts import Delivery, Notice, NoticeKind
from core.records.drills import marked
from core.records.monitoring import Execution, WindowFigures
from tests.support.executions import CLEAN, STOPS, ended
from tests.support.records import NOON

HOUR = timedelta(hours=1)
HOME = "https://signwatch.example.org/"


def noticed(*counts: dict[int, int]) -> tuple[Notice, Execution]:
    """The last notice of hourly runs with a reminder every hour, and its run."""
    last = execution = None
    for number, each in enumerate(counts):
        at = NOON + number * HOUR
        execution = ended(each, at, endpoint="cars" if each is CLEAN else None)
        got = [Delivery(last.notice_id, "", True, "", at)] if last else []
        last = decide(execution, last, got, reminder=HOUR, at=at) or last
    return last, execution


def test_an_alert_gives_what_how_much_against_what_since_when_and_a_link() -> None:
    notice, execution = noticed(STOPS)
    assert message(notice, execution, HOME) == (
        "Signwatch alert: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold",
        "Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold\n"
        "\n"
        "Most predicted: 14 Stop 80.5% (322), 1 Speed limit 30 km/h 10.0% (40), "
        "2 Speed limit 50 km/h 9.5% (38)\n"
        "Window: 2026-02-14 11:00:00 UTC to 2026-02-14 12:00:00 UTC, 400 records, all endpoints\n"
        "Since: 2026-02-14 12:00:00 UTC, first found now\n"
        f"Details: https://signwatch.example.org/monitor?execution={execution.execution_id}",
    )


def test_a_reminder_says_how_long_it_has_lasted() -> None:
    notice, execution = noticed(STOPS, STOPS)
    assert notice.kind is NoticeKind.REMINDER
    title, text = message(notice, execution, None)
    assert title == (
        "Signwatch reminder: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    assert text.splitlines()[-1] == "Since: 2026-02-14 12:00:00 UTC, for 1 h"


def test_clean_again_says_how_long_it_lasted() -> None:
    notice, execution = noticed(STOPS, CLEAN)
    assert notice.kind is NoticeKind.RECOVERY
    assert message(notice, execution, None) == (
        "Signwatch: clean again after 1 h",
        "The latest run found no violation.\n"
        "\n"
        "Most predicted: 1 Speed limit 30 km/h 40.0% (40), 2 Speed limit 50 km/h 30.0% (30), "
        "14 Stop 30.0% (30)\n"
        "Window: 2026-02-14 12:00:00 UTC to 2026-02-14 13:00:00 UTC, 100 records, endpoint cars\n"
        "Lasted: 1 h, from 2026-02-14 12:00:00 UTC to 2026-02-14 13:00:00 UTC",
    )


def test_what_comes_beside_a_violation_that_lasts_says_since_when_that_does() -> None:
    notice, execution = noticed(STOPS, {1: 90, 2: 10})
    assert notice.kind is NoticeKind.ALERT
    title, text = message(notice, execution, None)
    assert title.startswith("Signwatch alert: Class 1 predicted 90.00%")
    assert text.splitlines()[-1] == "Since: 2026-02-14 12:00:00 UTC, for 1 h"


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        (NoticeKind.ALERT, "Signwatch alert (drill): Class 14 predicted"),
        (NoticeKind.REMINDER, "Signwatch reminder (drill): Class 14 predicted"),
        (NoticeKind.RECOVERY, "Signwatch (drill): clean again after 1 h"),
    ],
)
def test_what_a_drill_brought_about_says_so_in_its_title(kind: NoticeKind, begins: str) -> None:
    notice = noticed(STOPS, STOPS)[0]
    execution = replace(ended(STOPS, NOON + HOUR), outcomes=marked(300, 400))
    title, text = message(replace(notice, kind=kind), execution, None)
    assert title.startswith(begins)
    assert "Drill: 300 of the 400 records of this window were sent by a drill" in text.splitlines()


@pytest.mark.parametrize(
    ("counts", "unreadable", "records", "most"),
    [
        ({14: 3, 2: 1}, 2, "6 records", "Most predicted: 14 Stop 75.0% (3), "),
        ({14: 1}, 0, "1 record", "Most predicted: 14 Stop 100.0% (1)"),
        ({}, 1_500, "1,500 records", "No prediction could be read"),
    ],
)
def test_records_that_could_not_be_read_are_among_the_window_s(
    counts: dict[int, int], unreadable: int, records: str, most: str
) -> None:
    notice, execution = noticed(STOPS)
    total = sum(counts.values()) + unreadable
    figures = WindowFigures(total, counts, None, None, None, unreadable)
    lines = message(notice, replace(execution, figures=figures), None)[1].splitlines()
    assert lines[2].startswith(most)
    assert lines[3].endswith(f"12:00:00 UTC, {records}, all endpoints")


def test_many_violations_are_listed_in_part() -> None:
    execution = ended(dict.fromkeys(range(9), 10), threshold=0.05)
    notice = decide(execution, None, [], reminder=HOUR, at=NOON)
    lines = message(notice, execution, None)[1].splitlines()
    assert lines[4].startswith("Class 4 predicted 11.11% of the time")
    assert lines[5:7] == ["and 4 more", ""]


def test_a_test_says_that_it_is_one() -> None:
    assert message(test_notice(NOON), None, HOME) == (
        "Signwatch: test of the alert channels",
        "Test message. Alerts will arrive here.\nDetails: https://signwatch.example.org",
    )


def test_what_cannot_be_seen_of_foreign_words_is_shown() -> None:
    notice, execution = noticed(STOPS)
    foreign = replace(
        execution,
        schedule="a\r\nBcc: b",
        window=replace(execution.window, endpoint="cars\u202e"),
        violations=(replace(execution.violations[0], description="one\nSubject: two"),),
    )
    title, text = message(notice, foreign, None)
    assert title == r"Signwatch alert: one\nSubject: two"
    assert text.startswith("one\\nSubject: two\n\n")
    assert r", endpoint cars\u202e, schedule a\r\nBcc: b" in text
