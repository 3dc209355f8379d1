"""What is kept of each endpoint's traffic: sampling, settings, changes of another process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.capture import rules as capture_rules
from core.capture.rules import CaptureRules
from core.errors import BadInput
from core.records.captures import CaptureMode, CaptureSettings
from core.records.window import now
from core.store import CaptureLog, CaptureSettingsTable
from tests.support.expect import raises


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


@pytest.mark.parametrize("sampling", [-0.1, 100.1, float("nan")])
def test_a_sampling_percentage_out_of_range_is_refused(sampling: float) -> None:
    with raises(BadInput, f"sampling percentage must lie in 0..100, got {sampling}"):
        CaptureSettings(sampling=sampling)


def test_each_endpoint_may_have_rules_of_its_own(log: CaptureLog) -> None:
    table = CaptureSettingsTable(log.database)
    rules = CaptureRules(table, CaptureSettings(sampling=50))
    own = CaptureSettings(True, 5, CaptureMode.OUTPUT)
    rules.set("cars", own)
    rules.set("vans", CaptureSettings(enabled=False))
    rules.set("vans", CaptureSettings(enabled=True, sampling=1))
    assert rules.of("cars") == own
    assert rules.of("vans") == CaptureSettings(sampling=1)
    assert rules.of("signwatch") == CaptureSettings(sampling=50)
    assert CaptureRules(table, CaptureSettings()).all() == {
        "cars": own,
        "vans": CaptureSettings(sampling=1),
    }


def test_rules_that_another_process_changed_are_noticed(
    log: CaptureLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = CaptureSettingsTable(log.database)
    rules = CaptureRules(table, CaptureSettings())
    table.add("cars", CaptureSettings(sampling=5), now())
    assert rules.of("cars") == CaptureSettings()
    monkeypatch.setattr(capture_rules, "REFRESH_SECONDS", -1)
    assert rules.of("cars") == CaptureSettings(sampling=5)
