"""What a session has open."""

from core.records.triage import Opened
from core.records.verdicts import Decision, Statement, TriageItem, Verdict
from tests.support.records import NOON, make_capture

FIRST = Decision("c", Verdict.NOT_A_SIGN, None, "", "ada", NOON)
SECOND = Decision("c", Verdict.UNREADABLE, None, "", "bo", NOON)


def test_what_is_open_knows_its_capture_and_its_verdicts() -> None:
    trail = (
        Statement(FIRST, "ada", NOON, taken_back=False, counts=False),
        Statement(FIRST, "bo", NOON, taken_back=True, counts=False),
        Statement(SECOND, "bo", NOON, taken_back=False, counts=True),
    )
    item = TriageItem(make_capture(capture_id="c"), SECOND)
    opened = Opened(1, item, trail, (), None, None, None)
    assert opened.capture_id == "c"
    assert opened.decisions == [FIRST, SECOND]
