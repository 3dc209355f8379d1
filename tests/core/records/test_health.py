"""How the log is, in words."""

import pytest

from core.records.health import LogHealth, LogState
from tests.support.records import NOON


def test_what_is_wrong_since_when_and_what_to_do_is_one_sentence_after_the_other() -> None:
    found = LogHealth(LogState.DOWN, NOON, "it is gone", "Put it back")
    assert found.sentence == "It is gone. Put it back. Since 2026-02-14 12:00:00 UTC."
    found = LogHealth(LogState.DOWN, NOON, "it is gone")
    assert found.sentence == "It is gone. Since 2026-02-14 12:00:00 UTC."
    assert LogHealth(LogState.OK, NOON).sentence == ""


@pytest.mark.parametrize("state", LogState)
def test_every_state_has_a_title(state: LogState) -> None:
    assert LogHealth(state, NOON).title
