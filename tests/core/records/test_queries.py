"""Which captures are asked for, and places in their list."""

from core.records.queries import NEWEST, OLDEST, CaptureFilter, Direction
from core.records.verdicts import Verdict


def test_a_choice_can_leave_verdicts_aside() -> None:
    chosen = CaptureFilter(class_id=14, decided=True, verdict=Verdict.ADVERSARIAL, analyst="ada")
    assert chosen.without_verdict() == CaptureFilter(class_id=14)


def test_the_ends_of_the_list_lead_inwards() -> None:
    assert NEWEST.direction is Direction.OLDER
    assert OLDEST.direction is NEWEST.direction.opposite
    assert OLDEST.direction.opposite is NEWEST.direction
