"""Verdicts: which fit a prediction, kept whatever happened meanwhile, from who may decide."""

import io
import json
import zipfile

import pytest

from core.errors import BadInput, Forbidden
from core.records.analysts import Analyst, Role
from core.records.captures import Capture
from core.records.verdicts import Decision, GivenVerdict, Recorded, Verdict
from core.store import CaptureLog
from core.triage.verdicts import Verdicts, decide
from tests.core.triage.conftest import delete, put
from tests.support.expect import raises
from tests.support.records import NO_PREDICTION, NOON, make_capture, make_prediction

ADA, BO, VIEWER = Analyst("ada"), Analyst("bo"), Analyst("cy@x.org", Role.VIEWER)
NO_SIGN = GivenVerdict(Verdict.NOT_A_SIGN)
PREDICTED = 14
CAPTURE = make_capture(capture_id="c-1", prediction=make_prediction(PREDICTED))


def test_a_verdict_is_kept_with_all_its_parts(verdicts: Verdicts, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    recorded = verdicts.decide([capture], GivenVerdict(Verdict.ADVERSARIAL, 1, " odd "), by=ADA)
    (decision,) = recorded.decisions
    assert log.capture(capture.capture_id).decision == decision
    assert (decision.verdict, decision.true_class) == (Verdict.ADVERSARIAL, 1)
    assert (decision.note, decision.analyst) == ("odd", "ada")
    assert recorded == Recorded((decision,))


def test_whoever_comes_second_gets_a_message_and_both_are_kept(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    capture = put(log, 0.001)
    first = verdicts.decide([capture], NO_SIGN, by=ADA).decisions
    second = verdicts.decide([capture], GivenVerdict(Verdict.UNREADABLE), by=BO)
    assert second.meanwhile == first
    assert [each.decision for each in verdicts.trail(capture.capture_id)] == [
        *first,
        *second.decisions,
    ]
    assert log.capture(capture.capture_id).decision == second.decisions[0]
    known = [*first, *second.decisions]
    assert verdicts.decide([capture], NO_SIGN, by=BO, known=known).meanwhile == ()


def test_a_verdict_on_a_deleted_capture_is_kept_and_counted(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    gone, there = put(log, 0.001), put(log, 0.002, seconds=1)
    delete(log, gone)
    recorded = verdicts.decide([gone, there], NO_SIGN, by=ADA)
    assert recorded.deleted == 1
    (statement,) = verdicts.trail(gone.capture_id)
    assert statement.decision == recorded.decisions[0]
    assert statement.counts


def test_a_verdict_that_does_not_fit_records_nothing(verdicts: Verdicts, log: CaptureLog) -> None:
    fits, fits_not = put(log, 0.001, class_id=2), put(log, 0.002, class_id=1)
    with pytest.raises(BadInput):
        verdicts.decide([fits, fits_not], GivenVerdict(Verdict.MODEL_WRONG, 1), by=ADA)
    assert list(log.verdicts.all()) == []


def test_a_viewer_may_neither_decide_nor_take_back(verdicts: Verdicts, log: CaptureLog) -> None:
    capture = put(log, 0.001)
    decisions = verdicts.decide([capture], NO_SIGN, by=ADA).decisions
    message = (
        "cy@x.org is a viewer. Only analysts may give verdicts. SIGNWATCH_ANALYSTS says who is one"
    )
    with raises(Forbidden, message):
        verdicts.decide([capture], NO_SIGN, by=VIEWER)
    with raises(Forbidden, message):
        verdicts.take_back(decisions, by=VIEWER)
    assert len(list(log.verdicts.all())) == 1


def test_anybody_may_take_a_verdict_back_in_their_own_name(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    capture = put(log, 0.001)
    verdicts.take_back(verdicts.decide([capture], NO_SIGN, by=ADA).decisions, by=BO)
    assert log.capture(capture.capture_id).decision is None
    assert [(each.analyst, each.taken_back) for each in verdicts.trail(capture.capture_id)] == [
        ("ada", False),
        ("bo", True),
    ]


def verdict(kind: Verdict, true_class: int | None = None, capture: Capture = CAPTURE) -> Decision:
    given = GivenVerdict(kind, true_class, "  a note \n")
    return decide(capture, given, analyst="ada", at=NOON)


@pytest.mark.parametrize("kind", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_wrong_prediction_takes_its_true_class(kind: Verdict) -> None:
    assert verdict(kind, 1) == Decision("c-1", kind, 1, "a note", "ada", NOON)


@pytest.mark.parametrize("given", [None, 3, PREDICTED])
def test_a_false_positive_means_the_predicted_class(given: int | None) -> None:
    assert verdict(Verdict.FALSE_POSITIVE, given).true_class == PREDICTED


@pytest.mark.parametrize("given", [None, 3])
@pytest.mark.parametrize("kind", [Verdict.NOT_A_SIGN, Verdict.UNREADABLE])
def test_what_is_no_sign_has_no_true_class(kind: Verdict, given: int | None) -> None:
    assert verdict(kind, given).true_class is None


@pytest.mark.parametrize("kind", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_wrong_prediction_needs_its_true_class(kind: Verdict) -> None:
    with raises(BadInput, f"the verdict `{kind}` needs the true class; choose one"):
        verdict(kind)
    with raises(
        BadInput,
        f"the verdict `{kind}` means that 14 Stop is wrong, and it is also the true class given; "
        "choose another class, or the verdict `false positive`",
    ):
        verdict(kind, PREDICTED)
    with raises(BadInput, "class id must lie in 0..42, got 43"):
        verdict(kind, 43)


def test_without_a_prediction_there_is_nothing_to_judge() -> None:
    with raises(BadInput, "capture c-2 holds no prediction to judge"):
        verdict(Verdict.UNREADABLE, capture=make_capture(capture_id="c-2", **NO_PREDICTION))


def test_the_export_holds_what_was_decided_the_oldest_first(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    day = 86_400
    newest, oldest, middle = (
        put(log, 0.001, seconds=seconds, seed=seed)
        for seed, seconds in enumerate((day + 1, 0, day))
    )
    put(log, 0.001, seconds=2 * day)
    for capture in (middle, newest, oldest):
        verdicts.decide([capture], GivenVerdict(Verdict.ADVERSARIAL, 1), by=ADA)
    with zipfile.ZipFile(io.BytesIO(verdicts.export())) as archive:
        lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert [(line["capture_id"], line["file"]) for line in lines] == [
        (oldest.capture_id, "01/00000_00000.png"),
        (middle.capture_id, "01/00001_00000.png"),
        (newest.capture_id, "01/00001_00001.png"),
    ]
