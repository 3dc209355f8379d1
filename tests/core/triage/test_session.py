"""Windows at work: what comes next, who has what, undo, and what happens under one's hands."""

import pytest

from core.errors import BadInput, NotFound, Unavailable
from core.records.analysts import Analyst, Role
from core.records.queries import CaptureFilter
from core.records.triage import LEASE, PAUSE, Wanted
from core.records.verdicts import GivenVerdict, Verdict
from core.store import CaptureLog
from core.triage.session import TriageSession
from core.triage.verdicts import Verdicts
from tests.core.triage.conftest import SECOND, Clock, delete, put
from tests.support.expect import raises

ADA, BO = Analyst("ada"), Analyst("bo")
NO_SIGN = GivenVerdict(Verdict.NOT_A_SIGN)


def name(session: TriageSession) -> str | None:
    """Id of what is open."""
    return session.opened.capture_id if session.opened else None


def test_the_most_suspicious_comes_first_and_then_the_rest_of_its_group(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    third = put(log, 0.005, seconds=1)
    fourth = put(log, 0.003, class_id=2)
    second = put(log, 0.004)
    first = put(log, 0.001, seconds=2)
    session, opened = TriageSession(verdicts, ADA), []
    session.next()
    while session.opened:
        opened.append(name(session))
        session.decide(session.opened.turn, NO_SIGN)
    assert opened == [each.capture_id for each in (first, second, third, fourth)]
    assert session.read_queue().waiting == 0


def test_an_empty_queue_opens_nothing(verdicts: Verdicts) -> None:
    session = TriageSession(verdicts, ADA)
    assert session.next() is None
    assert session.later() is None
    assert session.back() is None
    assert session.decide(0, NO_SIGN) is None
    assert not session.can_undo
    assert session.undo() == ()
    session.keep()


def test_a_key_pressed_twice_acts_once(verdicts: Verdicts, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, class_id=2)
    session = TriageSession(verdicts, ADA)
    turn = session.next().turn
    assert session.decide(turn, NO_SIGN) is not None
    assert session.decide(turn, NO_SIGN) is None
    assert session.decide_all(turn, [second], NO_SIGN) is None
    assert name(session) == second.capture_id
    assert len(list(log.verdicts.all())) == 1
    assert verdicts.trail(first.capture_id)[0].counts


def test_two_windows_get_different_ones_from_different_groups(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    first = put(log, 0.001)
    second = put(log, 0.002, seconds=1)
    other = put(log, 0.003, class_id=2)
    one, two, three, four = (TriageSession(verdicts, ADA) for _ in range(4))
    assert one.next().capture_id == first.capture_id
    assert two.next().capture_id == other.capture_id  # nobody is in that group
    assert three.next().capture_id == second.capture_id
    assert four.next() is None
    one.later()  # everything else is taken: the same comes again
    assert name(one) == first.capture_id


def test_a_lease_runs_out_and_is_kept_by_work(
    verdicts: Verdicts, log: CaptureLog, clock: Clock
) -> None:
    capture = put(log, 0.001)
    ada, bo = TriageSession(verdicts, ADA), TriageSession(verdicts, BO)
    ada.next()
    until = ada.opened.until
    clock.wait(LEASE * 0.25)
    ada.keep()  # long before its end, nothing is written
    assert ada.opened.until == until
    clock.wait(LEASE * 0.5)
    ada.keep()
    assert LEASE - SECOND < ada.opened.until - clock.time <= LEASE
    clock.wait(LEASE * 0.75)
    assert bo.next() is None
    clock.wait(LEASE)
    assert bo.next().capture_id == capture.capture_id
    ada.keep()
    assert ada.opened.until is None
    assert ada.opened.elsewhere.holder == bo.holder
    recorded = ada.decide(ada.opened.turn, NO_SIGN)
    assert recorded.meanwhile == ()
    message = bo.decide(bo.opened.turn, GivenVerdict(Verdict.UNREADABLE))
    assert message.meanwhile == recorded.decisions
    assert len(verdicts.trail(capture.capture_id)) == 2


def test_what_is_taken_since_the_queue_was_read_is_skipped(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(4)]
    ada, bo = TriageSession(verdicts, ADA), TriageSession(verdicts, BO)
    ada.next()
    ada.read_queue()
    assert ada.ahead == [each.capture_id for each in captures[1:]]
    bo.next()
    verdicts.decide([captures[2]], NO_SIGN, by=BO)
    ada.decide(ada.opened.turn, NO_SIGN)
    assert name(ada) == captures[3].capture_id


def test_what_retention_deleted_is_skipped_or_counted(verdicts: Verdicts, log: CaptureLog) -> None:
    first, gone, last = (put(log, 0.001 * (n + 1), class_id=n) for n in range(3))
    session = TriageSession(verdicts, ADA)
    session.next()
    session.read_queue()
    delete(log, gone, first)
    recorded = session.decide(session.opened.turn, NO_SIGN)
    assert recorded.deleted == 1
    assert verdicts.trail(first.capture_id)[0].decision == recorded.decisions[0]
    assert name(session) == last.capture_id
    session.back()  # to nothing: what was open before is gone
    assert name(session) == last.capture_id
    assert session.undo() == recorded.decisions
    assert name(session) == last.capture_id
    assert not verdicts.trail(first.capture_id)[0].counts
    with raises(NotFound, f"no capture {gone.capture_id} in the log"):
        session.open(gone.capture_id)
    assert name(session) == last.capture_id


def test_later_comes_after_everything_else(verdicts: Verdicts, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(3)]
    session = TriageSession(verdicts, ADA)
    session.next()
    opened = [name(session)]
    for _ in range(3):
        session.later()
        opened.append(name(session))
    assert opened == [captures[n].capture_id for n in (0, 1, 2, 0)]
    assert [each.capture_id for each in verdicts.queue.in_work(verdicts.clock())] == opened[-1:]


def test_back_leads_through_what_was_open(verdicts: Verdicts, log: CaptureLog) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(3)]
    session = TriageSession(verdicts, ADA)
    session.next()
    session.decide(session.opened.turn, NO_SIGN)
    session.later()
    assert name(session) == captures[2].capture_id
    assert [session.back().capture_id for _ in range(3)] == [
        captures[1].capture_id,
        captures[0].capture_id,
        captures[0].capture_id,
    ]
    assert session.opened.item.decision.verdict is Verdict.NOT_A_SIGN
    assert session.opened.until is None
    assert session.next().capture_id == captures[2].capture_id
    assert session.later().capture_id == captures[1].capture_id  # it was passed over before


def test_undo_takes_back_and_opens_again(verdicts: Verdicts, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, class_id=2)
    session = TriageSession(verdicts, ADA)
    session.next()
    recorded = session.decide(session.opened.turn, NO_SIGN)
    assert session.can_undo
    assert session.undo() == recorded.decisions
    assert name(session) == first.capture_id
    assert session.opened.item.decision is None
    assert session.opened.until is not None
    assert not session.can_undo
    session.decide(session.opened.turn, GivenVerdict(Verdict.UNREADABLE))
    assert name(session) == second.capture_id
    assert [
        (each.decision.verdict, each.taken_back) for each in verdicts.trail(first.capture_id)
    ] == [
        (Verdict.NOT_A_SIGN, False),
        (Verdict.NOT_A_SIGN, True),
        (Verdict.UNREADABLE, False),
    ]


def test_undo_takes_back_one_verdict_after_the_other_the_last_first(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(3)]
    session = TriageSession(verdicts, ADA)
    session.next()
    recorded = [session.decide(session.opened.turn, NO_SIGN).decisions for _ in captures]
    for number in (2, 1, 0):
        assert session.undo() == recorded[number]
        assert name(session) == captures[number].capture_id
        decided = [log.capture(each.capture_id).decision is not None for each in captures]
        assert decided == [place < number for place in range(3)]
    assert not session.can_undo


def test_what_could_not_be_undone_can_be_undone_later(verdicts: Verdicts, log: CaptureLog) -> None:
    put(log, 0.001)
    session = TriageSession(verdicts, ADA)
    session.next()
    session.decide(session.opened.turn, NO_SIGN)
    log.close()
    with pytest.raises(Unavailable):
        session.undo()
    assert session.can_undo


def test_verdicts_that_were_seen_are_no_news(verdicts: Verdicts, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, seconds=1)
    for capture in (first, second):
        verdicts.decide([capture], NO_SIGN, by=BO)
    session = TriageSession(verdicts, ADA)
    session.open(first.capture_id)
    given = GivenVerdict(Verdict.UNREADABLE)
    assert session.decide(session.opened.turn, given).meanwhile == ()
    turn = session.open(second.capture_id).turn
    (news,) = verdicts.decide([second], given, by=BO).decisions
    assert session.decide_all(turn, [], NO_SIGN).meanwhile == (news,)


def test_a_verdict_that_does_not_fit_leaves_it_open(verdicts: Verdicts, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    session = TriageSession(verdicts, ADA)
    turn = session.next().turn
    for given in (GivenVerdict(Verdict.ADVERSARIAL), GivenVerdict(Verdict.MODEL_WRONG, 14)):
        with pytest.raises(BadInput):
            session.decide(turn, given)
        with pytest.raises(BadInput):
            session.decide_all(turn, [capture.capture_id], given)
    assert session.decide(turn, GivenVerdict(Verdict.ADVERSARIAL, 1)) is not None


def test_a_group_is_decided_at_once_but_for_what_others_have(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    captures = [put(log, 0.001 * (n + 1), seconds=n) for n in range(5)]
    names = [each.capture_id for each in captures]
    other = put(log, 0.9, class_id=2)
    ada, bo = TriageSession(verdicts, ADA), TriageSession(verdicts, BO)
    ada.next()
    bo.open(names[3])
    verdicts.decide([captures[4]], NO_SIGN, by=BO)
    recorded = ada.decide_all(
        ada.opened.turn, captures[1:], GivenVerdict(Verdict.ADVERSARIAL, 1, "one van")
    )
    assert {each.capture_id for each in recorded.decisions} == set(names[:3])
    assert (recorded.left_out, recorded.meanwhile, recorded.deleted) == (2, (), 0)
    assert name(ada) == other.capture_id
    assert log.count(CaptureFilter(verdict=Verdict.ADVERSARIAL)) == 3
    assert log.capture(names[3]).decision is None
    assert set(ada.undo()) == set(recorded.decisions)
    assert log.count(CaptureFilter(verdict=Verdict.ADVERSARIAL)) == 0
    assert name(ada) in names[:3]


def test_a_group_of_which_some_were_deleted_loses_no_verdict(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    captures = [put(log, 0.001 * (n + 1), seconds=n) for n in range(3)]
    session = TriageSession(verdicts, ADA)
    session.next()
    delete(log, *captures[:2])
    recorded = session.decide_all(session.opened.turn, captures[1:], NO_SIGN)
    assert [each.capture_id for each in recorded.decisions] == [
        each.capture_id for each in captures
    ]
    assert (recorded.left_out, recorded.deleted) == (0, 2)
    assert [len(verdicts.trail(each.capture_id)) for each in captures] == [1, 1, 1]


def test_the_open_one_gets_its_verdict_whatever_others_did(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    first, second = put(log, 0.001), put(log, 0.002, seconds=1)
    session = TriageSession(verdicts, ADA)
    session.next()
    (theirs,) = verdicts.decide([first], GivenVerdict(Verdict.UNREADABLE), by=BO).decisions
    recorded = session.decide_all(session.opened.turn, [second], NO_SIGN)
    assert [each.capture_id for each in recorded.decisions] == [first.capture_id, second.capture_id]
    assert (recorded.left_out, recorded.meanwhile) == (0, (theirs,))


def test_a_link_opens_what_others_have_and_takes_it_from_oneself_only(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    capture = put(log, 0.001)
    first, second, bo = (
        TriageSession(verdicts, ADA),
        TriageSession(verdicts, ADA),
        TriageSession(verdicts, BO),
    )
    first.next()
    assert bo.open(capture.capture_id).elsewhere.holder == first.holder
    assert bo.opened.until is None
    assert second.open(capture.capture_id).until is not None  # the same analyst, after a reload
    bo.next()
    assert verdicts.queue.assignment(capture.capture_id, verdicts.clock()).holder == second.holder


def test_a_group_is_entered_where_nobody_is(verdicts: Verdicts, log: CaptureLog) -> None:
    put(log, 0.0001, class_id=3)
    first, second = put(log, 0.001), put(log, 0.002, seconds=1)
    third = put(log, 0.003, seconds=2)
    ada, bo = TriageSession(verdicts, ADA), TriageSession(verdicts, BO)
    bo.open(first.capture_id)
    group = ada.read_queue().groups[1]
    assert ada.enter(group).capture_id == second.capture_id
    ada.read_queue()
    ada.decide(ada.opened.turn, NO_SIGN)
    assert name(ada) == third.capture_id  # the rest of the group first
    bo.open(first.capture_id)
    with raises(NotFound, "nothing of this group is free any more: decided, or in work elsewhere"):
        ada.enter(group)  # as the queue was read before
    assert name(ada) == third.capture_id


def test_another_choice_changes_what_comes_next(verdicts: Verdicts, log: CaptureLog) -> None:
    first, second = put(log, 0.001), put(log, 0.002, class_id=2)
    third = put(log, 0.003, class_id=2, seconds=2 * PAUSE.total_seconds())
    session = TriageSession(verdicts, ADA)
    session.next()
    session.read_queue()
    session.want(Wanted(CaptureFilter(class_id=2)))
    assert name(session) == first.capture_id
    assert session.next().capture_id == second.capture_id
    assert session.later().capture_id == third.capture_id
    assert session.queue.waiting == 2
    session.want(Wanted(CaptureFilter(class_id=2)))  # the same: what was passed over stays so
    assert session.later().capture_id == second.capture_id
    session.later()
    put(log, 0.004, class_id=3)
    session.want(Wanted())
    session.decide(session.opened.turn, NO_SIGN)
    assert name(session) == first.capture_id
    session.decide(session.opened.turn, NO_SIGN)
    assert name(session) == second.capture_id  # passed over in another choice


def test_what_was_read_for_another_choice_does_not_come_next(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    captures = [put(log, 0.001 * (n + 1), class_id=n) for n in range(3)]
    session = TriageSession(verdicts, ADA)
    session.next()
    session.read_queue()
    assert session.ahead == [each.capture_id for each in captures[1:]]
    session.want(Wanted(CaptureFilter(class_id=2)))
    assert session.ahead == []
    assert session.next().capture_id == captures[2].capture_id


def test_who_may_not_decide_takes_nothing_away(verdicts: Verdicts, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    viewer, ada = (
        TriageSession(verdicts, Analyst("cy", Role.VIEWER)),
        TriageSession(verdicts, ADA),
    )
    assert viewer.next().capture_id == capture.capture_id
    assert viewer.opened.until is None
    assert ada.next().capture_id == capture.capture_id
