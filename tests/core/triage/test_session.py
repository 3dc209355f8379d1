"""Windows at work: what comes next, who has what, undo, and what happens under one's hands."""

import pytest

from core.errors import BadInput, NotFound
from core.records.analysts import Analyst
from core.records.queries import CaptureFilter
from core.records.triage import LEASE, PAUSE, Wanted
from core.records.verdicts import Verdict
from core.store import CaptureLog
from core.triage import Desk, Said, Sitting
from tests.core.triage.conftest import Clock, delete, put
from tests.support.expect import raises

ADA, BO = Analyst("ada"), Analyst("bo")
NO_SIGN = Said(Verdict.NOT_A_SIGN)


def name(sitting: Sitting) -> str | None:
    """Id of what is open."""
    return sitting.opened.capture_id if sitting.opened else None


def test_the_most_suspicious_comes_first_and_then_the_rest_of_its_group(
    desk: Desk, log: CaptureLog
) -> None:
    third = put(log, 0.005, seconds=1)
    fourth = put(log, 0.003, class_id=2)
    second = put(log, 0.004)
    first = put(log, 0.001, seconds=2)
    sitting, opened = Sitting(desk, ADA), []
    sitting.next()
    while sitting.opened:
        opened.append(name(sitting))
        sitting.decide(sitting.opened.turn, NO_SIGN)
    assert opened == [each.capture_id for each in (first, second, third, fourth)]
    assert sitting.look().waiting == 0


def test_an_empty_queue_opens_nothing(desk: Desk) -> None:
    sitting = Sitting(desk, ADA)
    assert sitting.next() is None
    assert sitting.later() is None
    assert sitting.back() is None
    assert sitting.decide(0, NO_SIGN) is None
    assert not sitting.can_undo
    assert sitting.undo() == ()
    sitting.keep()


def test_a_key_pressed_twice_says_one_thing(desk: Desk, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, class_id=2)
    sitting = Sitting(desk, ADA)
    turn = sitting.next().turn
    assert sitting.decide(turn, NO_SIGN) is not None
    assert sitting.decide(turn, NO_SIGN) is None
    assert sitting.decide_all(turn, [second], NO_SIGN) is None
    assert name(sitting) == second.capture_id
    assert len(list(log.verdicts.all())) == 1
    assert desk.trail(first.capture_id)[0].counts


def test_two_windows_get_different_ones_from_different_groups(desk: Desk, log: CaptureLog) -> None:
    first = put(log, 0.001)
    second = put(log, 0.002, seconds=1)
    other = put(log, 0.003, class_id=2)
    one, two, three, four = (Sitting(desk, ADA) for _ in range(4))
    assert one.next().capture_id == first.capture_id
    assert two.next().capture_id == other.capture_id  # nobody is in that group
    assert three.next().capture_id == second.capture_id
    assert four.next() is None
    one.later()  # everything else is taken: the same comes again
    assert name(one) == first.capture_id


def test_a_lease_ends_by_itself_and_is_kept_by_work(
    desk: Desk, log: CaptureLog, clock: Clock
) -> None:
    capture = put(log, 0.001)
    ada, bo = Sitting(desk, ADA), Sitting(desk, BO)
    ada.next()
    clock.wait(LEASE * 0.75)
    ada.keep()
    clock.wait(LEASE * 0.75)
    assert bo.next() is None
    clock.wait(LEASE)
    assert bo.next().capture_id == capture.capture_id
    ada.keep()
    assert ada.opened.until is None
    assert ada.opened.elsewhere.seat == bo.seat
    recorded = ada.decide(ada.opened.turn, NO_SIGN)
    assert recorded.meanwhile == ()
    told = bo.decide(bo.opened.turn, Said(Verdict.UNREADABLE))
    assert told.meanwhile == recorded.decisions
    assert len(desk.trail(capture.capture_id)) == 2


def test_what_is_taken_since_it_was_looked_at_is_skipped(desk: Desk, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(4)]
    ada, bo = Sitting(desk, ADA), Sitting(desk, BO)
    ada.next()
    ada.look()
    assert ada.ahead == [each.capture_id for each in captures[1:]]
    bo.next()
    desk.decide([captures[2]], NO_SIGN, by=BO)
    ada.decide(ada.opened.turn, NO_SIGN)
    assert name(ada) == captures[3].capture_id


def test_what_retention_deleted_is_skipped_or_said(desk: Desk, log: CaptureLog) -> None:
    first, gone, last = (put(log, 0.001 * (n + 1), class_id=n) for n in range(3))
    sitting = Sitting(desk, ADA)
    sitting.next()
    sitting.look()
    delete(log, gone, first)
    recorded = sitting.decide(sitting.opened.turn, NO_SIGN)
    assert recorded.deleted == 1
    assert desk.trail(first.capture_id)[0].decision == recorded.decisions[0]
    assert name(sitting) == last.capture_id
    sitting.back()  # to nothing: what was open before is gone
    assert name(sitting) == last.capture_id
    assert sitting.undo() == recorded.decisions
    assert name(sitting) == last.capture_id
    assert not desk.trail(first.capture_id)[0].counts
    with raises(NotFound, f"no capture {gone.capture_id} in the log"):
        sitting.open(gone.capture_id)
    assert name(sitting) == last.capture_id


def test_later_comes_after_everything_else(desk: Desk, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(3)]
    sitting = Sitting(desk, ADA)
    sitting.next()
    opened = [name(sitting)]
    for _ in range(3):
        sitting.later()
        opened.append(name(sitting))
    assert opened == [captures[n].capture_id for n in (0, 1, 2, 0)]
    assert [each.capture_id for each in desk.worklist.in_work(desk.clock())] == opened[-1:]


def test_back_leads_through_what_was_open(desk: Desk, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(3)]
    sitting = Sitting(desk, ADA)
    sitting.next()
    sitting.decide(sitting.opened.turn, NO_SIGN)
    sitting.later()
    assert name(sitting) == captures[2].capture_id
    assert [sitting.back().capture_id for _ in range(3)] == [
        captures[1].capture_id,
        captures[0].capture_id,
        captures[0].capture_id,
    ]
    assert sitting.opened.item.decision.verdict is Verdict.NOT_A_SIGN
    assert sitting.opened.until is None
    assert sitting.next().capture_id == captures[2].capture_id
    assert sitting.later().capture_id == captures[1].capture_id  # it was passed over before


def test_undo_takes_back_and_opens_again(desk: Desk, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, class_id=2)
    sitting = Sitting(desk, ADA)
    sitting.next()
    recorded = sitting.decide(sitting.opened.turn, NO_SIGN)
    assert sitting.can_undo
    assert sitting.undo() == recorded.decisions
    assert name(sitting) == first.capture_id
    assert sitting.opened.item.decision is None
    assert sitting.opened.until is not None
    assert not sitting.can_undo
    sitting.decide(sitting.opened.turn, Said(Verdict.UNREADABLE))
    assert name(sitting) == second.capture_id
    assert [(each.decision.verdict, each.taken_back) for each in desk.trail(first.capture_id)] == [
        (Verdict.NOT_A_SIGN, False),
        (Verdict.NOT_A_SIGN, True),
        (Verdict.UNREADABLE, False),
    ]


def test_a_verdict_that_does_not_fit_leaves_it_open(desk: Desk, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    sitting = Sitting(desk, ADA)
    turn = sitting.next().turn
    for said in (Said(Verdict.ADVERSARIAL), Said(Verdict.MODEL_WRONG, 14)):
        with pytest.raises(BadInput):
            sitting.decide(turn, said)
        with pytest.raises(BadInput):
            sitting.decide_all(turn, [capture.capture_id], said)
    assert sitting.decide(turn, Said(Verdict.ADVERSARIAL, 1)) is not None


def test_a_group_is_decided_at_once_but_for_what_others_have(desk: Desk, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), seconds=n) for n in range(5)]
    names = [each.capture_id for each in captures]
    other = put(log, 0.9, class_id=2)
    ada, bo = Sitting(desk, ADA), Sitting(desk, BO)
    ada.next()
    bo.open(names[3])
    desk.decide([captures[4]], NO_SIGN, by=BO)
    recorded = ada.decide_all(
        ada.opened.turn, captures[1:], Said(Verdict.ADVERSARIAL, 1, "one van")
    )
    assert {each.capture_id for each in recorded.decisions} == set(names[:3])
    assert (recorded.left_out, recorded.meanwhile, recorded.deleted) == (2, (), 0)
    assert name(ada) == other.capture_id
    assert log.count(CaptureFilter(verdict=Verdict.ADVERSARIAL)) == 3
    assert log.capture(names[3]).decision is None
    assert set(ada.undo()) == set(recorded.decisions)
    assert log.count(CaptureFilter(verdict=Verdict.ADVERSARIAL)) == 0
    assert name(ada) in names[:3]


def test_a_group_of_which_some_were_deleted_loses_no_verdict(desk: Desk, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), seconds=n) for n in range(3)]
    sitting = Sitting(desk, ADA)
    sitting.next()
    delete(log, *captures[:2])
    recorded = sitting.decide_all(sitting.opened.turn, captures[1:], NO_SIGN)
    assert [each.capture_id for each in recorded.decisions] == [
        each.capture_id for each in captures
    ]
    assert (recorded.left_out, recorded.deleted) == (0, 2)
    assert [len(desk.trail(each.capture_id)) for each in captures] == [1, 1, 1]


def test_the_open_one_gets_its_verdict_whatever_others_did(desk: Desk, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, seconds=1)
    sitting = Sitting(desk, ADA)
    sitting.next()
    (theirs,) = desk.decide([first], Said(Verdict.UNREADABLE), by=BO).decisions
    recorded = sitting.decide_all(sitting.opened.turn, [second], NO_SIGN)
    assert [each.capture_id for each in recorded.decisions] == [first.capture_id, second.capture_id]
    assert (recorded.left_out, recorded.meanwhile) == (0, (theirs,))


def test_a_link_opens_what_others_have_and_takes_it_from_oneself_only(
    desk: Desk, log: CaptureLog
) -> None:
    capture = put(log, 0.001)
    first, second, bo = Sitting(desk, ADA), Sitting(desk, ADA), Sitting(desk, BO)
    first.next()
    assert bo.open(capture.capture_id).elsewhere.seat == first.seat
    assert bo.opened.until is None
    assert second.open(capture.capture_id).until is not None  # the same analyst, after a reload
    bo.next()
    assert desk.worklist.holder(capture.capture_id, desk.clock()).seat == second.seat


def test_a_group_is_entered_where_nobody_is(desk: Desk, log: CaptureLog) -> None:
    put(log, 0.0001, class_id=3)
    first, second = put(log, 0.001), put(log, 0.002, seconds=1)
    third = put(log, 0.003, seconds=2)
    ada, bo = Sitting(desk, ADA), Sitting(desk, BO)
    bo.open(first.capture_id)
    group = ada.look().groups[1]
    assert ada.enter(group).capture_id == second.capture_id
    ada.look()
    ada.decide(ada.opened.turn, NO_SIGN)
    assert name(ada) == third.capture_id  # the rest of the group first
    assert ada.enter(group).capture_id == second.capture_id  # as it was looked at


def test_another_choice_changes_what_comes_next(desk: Desk, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, class_id=2)
    third = put(log, 0.003, class_id=2, seconds=2 * PAUSE.total_seconds())
    sitting = Sitting(desk, ADA)
    sitting.next()
    sitting.look()
    sitting.want(Wanted(CaptureFilter(class_id=2)))
    assert name(sitting) == first.capture_id
    assert sitting.next().capture_id == second.capture_id
    assert sitting.later().capture_id == third.capture_id
    assert sitting.queue.waiting == 2


def test_who_may_not_decide_takes_nothing_away(desk: Desk, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    viewer, ada = Sitting(desk, Analyst("cy", may_decide=False)), Sitting(desk, ADA)
    assert viewer.next().capture_id == capture.capture_id
    assert viewer.opened.until is None
    assert ada.next().capture_id == capture.capture_id
