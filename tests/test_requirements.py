"""The helper that skips, or fails where everything is required."""

import pytest

from tests.support.requirements import require


def test_what_is_there_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNWATCH_REQUIRE_ALL", "1")
    assert require(["something"], "unused") is None


def test_what_is_missing_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNWATCH_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        require([], "there is no chromium")
    assert skipped.value.msg == "there is no chromium"


def test_what_is_missing_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNWATCH_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception) as failed:
        require(None, "there is no chromium")
    assert failed.value.msg == "SIGNWATCH_REQUIRE_ALL=1, and there is no chromium"
