"""Verdicts in both kinds of store: added, taken back, and which of them counts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records.captures import Provenance
from core.records.drills import MARK
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, Pace, Statement, Verdict
from core.store import CaptureLog
from tests.support import records
from tests.support.records import NOON, make_capture, make_prediction

SECOND = timedelta(seconds=1)
EVERYTHING = CaptureFilter()


@settings(max_examples=20)
@given(decisions=st.lists(records.decisions, max_size=3))
def test_verdicts_come_back_as_they_were(shared_log: CaptureLog, decisions: list[Decision]) -> None:
    shared_log.verdicts.add(decisions)
    for decision in decisions:
        assert decision in [each.decision for each in shared_log.verdicts.of(decision.capture_id)]


def give(log: CaptureLog, verdict: Verdict, analyst: str, seconds: int, name: str) -> Decision:
    decision = Decision(name, verdict, None, "", analyst, NOON + seconds * SECOND)
    log.verdicts.add([decision])
    return decision


@pytest.fixture
def name(log: CaptureLog) -> str:
    """Id of the one capture in the log."""
    capture = make_capture()
    log.append([capture], [])
    return capture.capture_id


def test_the_latest_verdict_counts_and_earlier_ones_stay(log: CaptureLog, name: str) -> None:
    second = give(log, Verdict.FALSE_POSITIVE, "ada", 5, name)
    first = give(log, Verdict.ADVERSARIAL, "bo", 0, name)
    assert log.capture(name).decision == second
    assert [item.decision for item in log.find(EVERYTHING, limit=9)] == [second]
    assert log.verdicts.of(name) == [
        Statement(first, "bo", NOON, taken_back=False, counts=False),
        Statement(second, "ada", NOON + 5 * SECOND, taken_back=False, counts=True),
    ]
    assert log.count(CaptureFilter(decided=True)) == log.verdicts.decided() == 1


def test_of_two_at_one_moment_the_same_one_counts_everywhere(log: CaptureLog, name: str) -> None:
    give(log, Verdict.ADVERSARIAL, "ada", 0, name)
    counting = give(log, Verdict.UNREADABLE, "bo", 0, name)
    assert log.capture(name).decision == counting
    assert [each.decision for each in log.verdicts.of(name) if each.counts] == [counting]
    assert log.count(CaptureFilter(verdict=Verdict.UNREADABLE)) == 1
    assert log.count(CaptureFilter(verdict=Verdict.ADVERSARIAL)) == 0


def test_of_two_at_one_moment_one_can_be_taken_back(log: CaptureLog, name: str) -> None:
    stays = give(log, Verdict.ADVERSARIAL, "ada", 0, name)
    gone = give(log, Verdict.UNREADABLE, "bo", 0, name)
    log.verdicts.take_back([gone], analyst="ada", at=NOON)
    assert log.capture(name).decision == stays
    assert [(each.decision, each.taken_back) for each in log.verdicts.of(name)][-1] == (gone, True)


def test_verdicts_on_flagged_captures_are_reviewed(log: CaptureLog) -> None:
    flagged, other = (
        make_capture(prediction=make_prediction(p_value=0.25, flagged=yes)) for yes in (True, False)
    )
    log.append([flagged, other], [])
    for capture in (flagged, other):
        give(log, Verdict.ADVERSARIAL, "ada", 0, capture.capture_id)
    give(log, Verdict.UNREADABLE, "ada", 1, flagged.capture_id)
    assert log.verdicts.of_flagged() == [(0.25, Verdict.UNREADABLE, flagged.capture_id)]


def test_what_a_drill_sent_says_nothing_of_the_flag(log: CaptureLog) -> None:
    capture = make_capture(
        provenance=Provenance(source=f"{MARK}one/0"),
        prediction=make_prediction(p_value=0.25, flagged=True),
    )
    log.append([capture], [])
    give(log, Verdict.ADVERSARIAL, "ada", 0, capture.capture_id)
    assert log.verdicts.of_flagged() == []
    assert log.verdicts.decided() == 1


def test_the_pace_is_an_analyst_s_own_and_of_today(log: CaptureLog) -> None:
    captures = [make_capture(prediction=make_prediction(flagged=True)) for _ in range(5)]
    log.append(captures, [])
    at = NOON + timedelta(hours=1)
    for capture, analyst, seconds in zip(
        captures, ("ada", "ada", "ada", "bo", "ada"), (0, 3595, 3590, 3590, -86_400), strict=True
    ):
        give(log, Verdict.UNREADABLE, analyst, seconds, capture.capture_id)
    assert log.verdicts.pace("ada", at) == Pace(3, 0.2)
    assert log.verdicts.pace("bo", at) == Pace(1, 0.1)
    assert log.verdicts.pace("ada", at + timedelta(days=1)) == Pace(0, 0)


def test_a_verdict_taken_back_gives_way_to_the_one_before(log: CaptureLog, name: str) -> None:
    first = give(log, Verdict.ADVERSARIAL, "ada", 0, name)
    second = give(log, Verdict.UNREADABLE, "bo", 1, name)
    log.verdicts.take_back([second], analyst="cy", at=NOON + 2 * SECOND)
    assert log.capture(name).decision == first
    assert log.count(CaptureFilter(verdict=Verdict.ADVERSARIAL)) == 1
    assert log.count(CaptureFilter(verdict=Verdict.UNREADABLE)) == 0
    log.verdicts.take_back([first], analyst="ada", at=NOON + 3 * SECOND)
    assert log.capture(name).decision is None
    assert log.count(CaptureFilter(decided=True)) == log.verdicts.decided() == 0
    assert log.count(CaptureFilter(decided=False)) == 1
    assert [
        (each.analyst, each.decision, each.taken_back, each.counts)
        for each in log.verdicts.of(name)
    ] == [
        ("ada", first, False, False),
        ("bo", second, False, False),
        ("cy", second, True, False),
        ("ada", first, True, False),
    ]


def test_what_was_taken_back_can_be_given_again(log: CaptureLog, name: str) -> None:
    first = give(log, Verdict.ADVERSARIAL, "ada", 0, name)
    log.verdicts.take_back([first], analyst="ada", at=NOON + SECOND)
    again = give(log, Verdict.ADVERSARIAL, "ada", 2, name)
    assert log.capture(name).decision == again


def test_whoever_adds_gets_the_earlier_verdicts(log: CaptureLog, name: str) -> None:
    other = make_capture()
    log.append([other], [])
    first = give(log, Verdict.ADVERSARIAL, "ada", 0, name)
    gone = give(log, Verdict.UNREADABLE, "bo", 1, other.capture_id)
    log.verdicts.take_back([gone], analyst="bo", at=NOON + 2 * SECOND)
    both = [
        Decision(each, Verdict.NOT_A_SIGN, None, "", "cy", NOON + 3 * SECOND)
        for each in (name, other.capture_id)
    ]
    assert log.verdicts.add(both) == [first]
    assert log.verdicts.add([replace(both[1], analyst="di")]) == [both[1]]
    assert log.verdicts.add([]) == []


def test_the_trail_of_everything_is_in_order_of_time(log: CaptureLog, name: str) -> None:
    other = make_capture()
    log.append([other], [])
    later = give(log, Verdict.ADVERSARIAL, "ada", 4, name)
    earlier = give(log, Verdict.UNREADABLE, "bo", 1, other.capture_id)
    log.verdicts.take_back([earlier], analyst="bo", at=NOON + 3 * SECOND)
    found = [(each.decision, each.taken_back) for each in log.verdicts.all()]
    assert found == [(earlier, False), (earlier, True), (later, False)]


def test_a_line_of_the_trail_has_who_stated_what_when() -> None:
    decision = Decision("c-1", Verdict.MODEL_WRONG, 3, "dark", "ada", NOON)
    assert Statement(decision, "bo", NOON + SECOND, taken_back=True, counts=False).to_json() == {
        "said_at": "2026-02-14T12:00:01+00:00",
        "analyst": "bo",
        "statement": "taken back",
        "capture_id": "c-1",
        "verdict": "model wrong",
        "right_class": 3,
        "note": "dark",
        "decided_by": "ada",
        "decided_at": "2026-02-14T12:00:00+00:00",
        "counts": False,
    }
