"""Verdicts at the desk: kept whatever happened meanwhile, and only from who may decide."""

import pytest

from core.errors import BadInput, Forbidden
from core.records.analysts import Analyst
from core.records.verdicts import Verdict
from core.store import CaptureLog
from core.triage import Desk, Recorded, Said
from tests.core.triage.conftest import delete, put
from tests.support.expect import raises

ADA, BO, VIEWER = Analyst("ada"), Analyst("bo"), Analyst("cy@x.org", may_decide=False)
NO_SIGN = Said(Verdict.NOT_A_SIGN)


def test_a_verdict_is_kept_with_all_that_was_said(desk: Desk, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    recorded = desk.decide([capture], Said(Verdict.ADVERSARIAL, 1, " odd "), by=ADA)
    (decision,) = recorded.decisions
    assert log.capture(capture.capture_id).decision == decision
    assert (decision.verdict, decision.right_class) == (Verdict.ADVERSARIAL, 1)
    assert (decision.note, decision.analyst) == ("odd", "ada")
    assert recorded == Recorded((decision,))


def test_whoever_comes_second_is_told_and_both_are_kept(desk: Desk, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    first = desk.decide([capture], NO_SIGN, by=ADA).decisions
    second = desk.decide([capture], Said(Verdict.UNREADABLE), by=BO)
    assert second.meanwhile == first
    assert [each.decision for each in desk.trail(capture.capture_id)] == [*first, *second.decisions]
    assert log.capture(capture.capture_id).decision == second.decisions[0]
    known = [*first, *second.decisions]
    assert desk.decide([capture], NO_SIGN, by=BO, known=known).meanwhile == ()


def test_a_verdict_on_what_was_deleted_is_kept_and_said(desk: Desk, log: CaptureLog) -> None:
    gone, there = put(log, 0.001), put(log, 0.002, seconds=1)
    delete(log, gone)
    recorded = desk.decide([gone, there], NO_SIGN, by=ADA)
    assert recorded.deleted == 1
    (statement,) = desk.trail(gone.capture_id)
    assert statement.decision == recorded.decisions[0]
    assert statement.counts


def test_a_verdict_that_does_not_fit_records_nothing(desk: Desk, log: CaptureLog) -> None:
    fits, fits_not = put(log, 0.001, class_id=2), put(log, 0.002, class_id=1)
    with pytest.raises(BadInput):
        desk.decide([fits, fits_not], Said(Verdict.MODEL_WRONG, 1), by=ADA)
    assert list(log.verdicts.all()) == []


def test_a_viewer_may_neither_decide_nor_take_back(desk: Desk, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    decisions = desk.decide([capture], NO_SIGN, by=ADA).decisions
    told = (
        "cy@x.org may look, and not decide: SIGNWATCH_ANALYSTS has to name the e-mail address or "
        "its domain"
    )
    with raises(Forbidden, told):
        desk.decide([capture], NO_SIGN, by=VIEWER)
    with raises(Forbidden, told):
        desk.take_back(decisions, by=VIEWER)
    assert len(list(log.verdicts.all())) == 1


def test_anybody_may_take_a_verdict_back_in_their_own_name(desk: Desk, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    desk.take_back(desk.decide([capture], NO_SIGN, by=ADA).decisions, by=BO)
    assert log.capture(capture.capture_id).decision is None
    assert [(each.analyst, each.taken_back) for each in desk.trail(capture.capture_id)] == [
        ("ada", False),
        ("bo", True),
    ]
