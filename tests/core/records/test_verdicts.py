"""Verdicts, as people and programs read them."""

from datetime import timedelta

from core.records.verdicts import Decision, Statement, Verdict
from tests.support.records import NOON

DECISION = Decision("c", Verdict.FALSE_POSITIVE, 14, "fine", "ada", NOON)


def test_the_values_are_those_of_the_log() -> None:
    assert [each.value for each in Verdict] == [
        "adversarial",
        "model wrong",
        "right after all",
        "not a sign",
        "unreadable",
    ]


def test_people_read_false_positive() -> None:
    assert Verdict.FALSE_POSITIVE.words == "false positive"
    assert Verdict.NOT_A_SIGN.words == "not a sign"


def test_a_wrong_prediction_needs_its_true_class() -> None:
    needing = [each for each in Verdict if each.needs_true_class]
    assert needing == [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG]


def test_programs_read_the_names_of_the_log() -> None:
    assert DECISION.to_json() == {
        "capture_id": "c",
        "verdict": "right after all",
        "right_class": 14,
        "note": "fine",
        "analyst": "ada",
        "decided_at": "2026-02-14T12:00:00+00:00",
    }
    later = NOON + timedelta(seconds=1)
    line = Statement(DECISION, "bo", later, taken_back=True, counts=False).to_json()
    assert (line["statement"], line["said_at"]) == ("taken back", "2026-02-14T12:00:01+00:00")
    assert (line["analyst"], line["decided_by"], line["right_class"]) == ("bo", "ada", 14)
