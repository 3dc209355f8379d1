"""Keys as the browser reports them: read, or left out."""

from typing import Any

import pytest

from pages._shared import keys
from pages._shared.keys import Press


@pytest.mark.parametrize("state", [None, {}, {"presses": None}, {"presses": []}])
def test_before_a_key_there_is_none(state: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys.st, "session_state", {"pressed_keys": state})
    assert keys.pressed() == []


def test_what_is_no_key_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    odd: list[object] = [[2, "B"], ["3", "C", "w 7"], [4, 5, "w 7"], "DEF", None, {"number": 6}]
    presses = [[1, "A", "w 7"], *odd, [8, "Shift+B", "w 7"]]
    monkeypatch.setattr(keys.st, "session_state", {"pressed_keys": {"presses": presses}})
    assert keys.pressed() == [Press(1, "A", "w 7"), Press(8, "Shift+B", "w 7")]
