"""When somebody is notified: once for each violation, again while it lasts, and when it is over."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.alerts.policy import UNDER_WAY, decide
from core.records.alerts import Delivery, Notice, NoticeKind, identity
from core.records.monitoring import Execution, Violation
from core.records.window import Window
from tests.support.executions import CLEAN, STOPS, ended
from tests.support.records import NOON

HOUR = timedelta(hours=1)
ALERT, REMINDER, RECOVERY = NoticeKind.ALERT, NoticeKind.REMINDER, NoticeKind.RECOVERY


def outcome(notice: Notice, delivered: bool = True) -> Delivery:
    return Delivery(notice.notice_id, "channel", delivered, "", notice.made_at)


def kinds_of(
    executions: list[tuple[datetime, Execution]],
    *,
    reminder: timedelta = 24 * HOUR,
    delivered: bool = True,
) -> list[NoticeKind | None]:
    """What each run leads to, one after the other."""
    last, kinds = None, []
    for at, execution in executions:
        known = [outcome(last, delivered)] if last else []
        made = decide(execution, last, known, reminder=reminder, at=at)
        kinds.append(made.kind if made else None)
        last = made or last
    return kinds


def hours(*counts: dict[int, int]) -> list[tuple[datetime, Execution]]:
    return [(NOON + n * HOUR, ended(each, NOON + n * HOUR)) for n, each in enumerate(counts)]


def test_nobody_is_notified_of_clean_runs() -> None:
    assert kinds_of(hours(CLEAN, CLEAN)) == [None, None]


def test_the_same_violation_is_reported_once_though_its_share_changes() -> None:
    more = {14: 390, 1: 10}
    assert kinds_of(hours(CLEAN, STOPS, more, STOPS)) == [None, ALERT, None, None]


def test_another_violation_is_news_and_one_that_comes_back_is_not() -> None:
    limits = {1: 90, 2: 10}
    assert kinds_of(hours(STOPS, limits, STOPS, limits)) == [ALERT, ALERT, None, None]


def test_clean_again_is_reported_once_and_the_next_violation_is_news() -> None:
    assert kinds_of(hours(STOPS, CLEAN, CLEAN, STOPS, CLEAN)) == [
        ALERT,
        RECOVERY,
        None,
        ALERT,
        RECOVERY,
    ]


def test_a_lasting_violation_is_reported_again_after_the_set_time() -> None:
    lasting = hours(*[STOPS] * 6)
    assert kinds_of(lasting, reminder=2 * HOUR) == [ALERT, None, REMINDER, None, REMINDER, None]
    assert kinds_of(lasting, reminder=timedelta()) == [ALERT, *[None] * 5]


def test_an_empty_window_says_nothing_either_way() -> None:
    assert kinds_of(hours({}, STOPS, {}, STOPS, CLEAN)) == [None, ALERT, None, None, RECOVERY]


def test_what_nobody_got_is_sent_again() -> None:
    assert kinds_of(hours(STOPS, STOPS, CLEAN, CLEAN), delivered=False) == [
        ALERT,
        ALERT,
        RECOVERY,
        RECOVERY,
    ]


def test_what_one_of_two_channels_got_is_not_sent_again() -> None:
    alert = decide(ended(STOPS), None, [], reminder=HOUR, at=NOON)
    known = [outcome(alert, False), outcome(alert, True)]
    assert decide(ended(STOPS), alert, known, reminder=HOUR, at=NOON) is None


def test_what_is_under_way_is_left_alone_until_it_counts_as_lost() -> None:
    alert = decide(ended(STOPS), None, [], reminder=24 * HOUR, at=NOON)
    almost = NOON + UNDER_WAY - timedelta(seconds=1)
    assert decide(ended(STOPS), alert, [], reminder=24 * HOUR, at=almost) is None
    again = decide(ended(STOPS), alert, [], reminder=24 * HOUR, at=NOON + UNDER_WAY)
    assert again.kind is ALERT


def test_how_long_ago_counts_from_the_message_and_not_from_its_window() -> None:
    """A run over a window that ended an hour before."""
    window = Window(NOON - 2 * HOUR, NOON - HOUR)
    run = replace(ended(STOPS), window=window)
    alert = decide(run, None, [], reminder=HOUR, at=NOON)
    assert (alert.as_of, alert.made_at) == (NOON - HOUR, NOON)
    soon = NOON + timedelta(minutes=1)
    assert decide(run, alert, [], reminder=HOUR, at=soon) is None  # it is under way
    known = [outcome(alert)]
    almost = NOON + HOUR - timedelta(seconds=1)
    assert decide(ended(STOPS), alert, known, reminder=HOUR, at=almost) is None
    assert decide(ended(STOPS), alert, known, reminder=HOUR, at=NOON + HOUR).kind is REMINDER


def test_the_notice_remembers_since_when_and_what() -> None:
    first = decide(ended(STOPS), None, [], reminder=HOUR, at=NOON)
    assert first.since == first.as_of == NOON
    assert first.violations == ("PredictedClass baseline_drift_check class 14",)
    later = NOON + HOUR
    second = decide(ended({1: 90, 2: 10}, later), first, [outcome(first)], reminder=HOUR, at=later)
    assert (second.since, second.as_of, second.made_at) == (NOON, later, later)
    assert second.violations == (
        "PredictedClass baseline_drift_check class 1",
        "PredictedClass baseline_drift_check class 14",
    )
    latest = later + HOUR
    over = decide(ended(CLEAN, latest), second, [outcome(second)], reminder=HOUR, at=latest)
    assert (over.kind, over.since, over.violations) == (RECOVERY, NOON, ())
    again = latest + HOUR
    lost = decide(ended(CLEAN, again), over, [outcome(over, False)], reminder=HOUR, at=again)
    assert (lost.kind, lost.since, lost.as_of) == (RECOVERY, NOON, again)
    anew = decide(ended(STOPS, latest), over, [outcome(over)], reminder=HOUR, at=latest)
    assert (anew.kind, anew.since) == (ALERT, latest)


def test_a_look_back_changes_nothing() -> None:
    alert = decide(ended(STOPS), None, [], reminder=HOUR, at=NOON)
    earlier = ended(CLEAN, NOON - timedelta(minutes=1))
    assert decide(earlier, alert, [outcome(alert)], reminder=HOUR, at=NOON) is None
    old = replace(ended(STOPS), started_at=NOON + timedelta(hours=2, seconds=1))
    assert decide(old, None, [], reminder=HOUR, at=NOON) is None


def test_a_clock_that_is_set_back_neither_silences_nor_repeats() -> None:
    ahead = NOON + 24 * HOUR
    alert = decide(ended(STOPS, ahead), None, [], reminder=HOUR, at=ahead)
    over = decide(ended(CLEAN), alert, [outcome(alert)], reminder=HOUR, at=NOON)
    assert over.kind is RECOVERY
    assert over.made_at > alert.made_at  # so that it stays the last one
    assert decide(ended(CLEAN), over, [outcome(over)], reminder=HOUR, at=NOON) is None


def test_reminders_come_though_the_clock_was_ahead() -> None:
    """Once when it is put right, and from then on in their time."""
    ahead = NOON + 600 * HOUR
    last = decide(ended(STOPS, ahead), None, [], reminder=2 * HOUR, at=ahead)
    kinds = []
    for hours in range(6):
        at = NOON + hours * HOUR
        made = decide(ended(STOPS, at), last, [outcome(last)], reminder=2 * HOUR, at=at)
        kinds.append(made.kind if made else None)
        last = made or last
    assert kinds == [REMINDER, None, REMINDER, None, REMINDER, None]
    assert last.since == NOON


def test_what_was_lost_while_the_clock_was_ahead_is_sent_again() -> None:
    ahead = NOON + 24 * HOUR
    lost = decide(ended(STOPS, ahead), None, [], reminder=timedelta(), at=ahead)
    again = decide(ended(STOPS), lost, [], reminder=timedelta(), at=NOON)
    assert again.kind is ALERT


def test_nothing_is_over_while_another_schedule_is_in_violation() -> None:
    alert = decide(ended(STOPS), None, [], reminder=HOUR, at=NOON)
    known, later = [outcome(alert)], NOON + 5 * HOUR / 60
    clean, elsewhere = ended(CLEAN, later), ended(STOPS).violations
    assert decide(clean, alert, known, elsewhere, reminder=HOUR, at=later) is None
    assert decide(clean, alert, known, [], reminder=HOUR, at=later).kind is RECOVERY
    # It is news all the same, and a reminder is due all the same.
    limits = decide(ended({1: 9}, later), alert, known, elsewhere, reminder=HOUR, at=later)
    assert limits.kind is ALERT
    still = decide(
        ended(STOPS, NOON + HOUR), alert, known, elsewhere, reminder=HOUR, at=NOON + HOUR
    )
    assert still.kind is REMINDER


def test_what_was_planned_is_reported_however_long_ago_its_window_ended() -> None:
    """A schedule may look at late captures; what counts is when it was due."""
    window = Window(NOON - 9 * HOUR, NOON - 8 * HOUR)
    planned = replace(ended(STOPS), window=window, due_at=NOON)
    alert = decide(planned, None, [], reminder=HOUR, at=NOON)
    assert (alert.kind, alert.since, alert.as_of) == (ALERT, NOON, NOON)
    over = replace(ended(CLEAN), window=window, due_at=NOON + HOUR)
    assert decide(over, alert, [outcome(alert)], reminder=HOUR, at=NOON + HOUR).kind is RECOVERY
    by_hand = replace(planned, due_at=None)
    assert decide(by_hand, None, [], reminder=HOUR, at=NOON) is None


@pytest.mark.parametrize(
    ("description", "about"),
    [
        ("Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold", " class 14"),
        ("Baseline drift distance: 0.4100 exceeds threshold: 0.1", ""),
        ("3 of 40 records (7.50%) could not be read", ""),
    ],
)
def test_a_violation_is_known_by_what_it_is_about(description: str, about: str) -> None:
    assert identity(Violation("PredictedClass", "check", description)) == (
        f"PredictedClass check{about}"
    )
