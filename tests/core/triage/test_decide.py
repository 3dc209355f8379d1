"""Verdicts: which fit a prediction."""

import pytest

from core.errors import BadInput
from core.records.captures import Capture
from core.records.verdicts import Decision, Verdict
from core.triage.verdicts import decide
from tests.support.expect import raises
from tests.support.records import NO_PREDICTION, NOON, make_capture, make_prediction

PREDICTED = 14
CAPTURE = make_capture(capture_id="c-1", prediction=make_prediction(PREDICTED))


def verdict(kind: Verdict, right_class: int | None = None, capture: Capture = CAPTURE) -> Decision:
    return decide(
        capture, kind, right_class=right_class, note="  a note \n", analyst="ada", at=NOON
    )


@pytest.mark.parametrize("kind", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_wrong_prediction_takes_its_right_class(kind: Verdict) -> None:
    assert verdict(kind, 1) == Decision("c-1", kind, 1, "a note", "ada", NOON)


@pytest.mark.parametrize("given", [None, 3, PREDICTED])
def test_right_after_all_means_the_predicted_class(given: int | None) -> None:
    assert verdict(Verdict.RIGHT_AFTER_ALL, given).right_class == PREDICTED


@pytest.mark.parametrize("given", [None, 3])
@pytest.mark.parametrize("kind", [Verdict.NOT_A_SIGN, Verdict.UNREADABLE])
def test_what_is_no_sign_has_no_right_class(kind: Verdict, given: int | None) -> None:
    assert verdict(kind, given).right_class is None


@pytest.mark.parametrize("kind", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_wrong_prediction_needs_its_right_class(kind: Verdict) -> None:
    with raises(BadInput, f"the verdict `{kind}` needs the right class; choose one"):
        verdict(kind)
    with raises(
        BadInput,
        f"the verdict `{kind}` says that 14 Stop is wrong, and it is also the right class given; "
        "choose another class, or the verdict `right after all`",
    ):
        verdict(kind, PREDICTED)
    with raises(BadInput, "class id must lie in 0..42, got 43"):
        verdict(kind, 43)


def test_without_a_prediction_there_is_nothing_to_judge() -> None:
    with raises(BadInput, "capture c-2 holds no prediction to judge"):
        verdict(Verdict.UNREADABLE, capture=make_capture(capture_id="c-2", **NO_PREDICTION))
