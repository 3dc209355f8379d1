"""What was set while the clock was ahead does not stay in force when it is put right."""

from datetime import timedelta

from core.records.baselines import BaselineFiles, StoredBaseline
from core.records.captures import CaptureSettings
from core.records.drift import DriftSettings
from core.records.monitoring import MonitorSettings
from core.records.window import now
from core.store import BaselinesTable, CaptureLog, CaptureSettingsTable, DriftTable

DAY = timedelta(days=1)


def test_the_latest_setting_counts_whatever_the_clock_showed(log: CaptureLog) -> None:
    ahead, at = now() + DAY, now()
    captures, drift = CaptureSettingsTable(log.database), DriftTable(log.database)
    for moment, share in ((ahead, 0.1), (at, 0.2), (at, 0.3)):
        log.set_monitor_settings(MonitorSettings(share, 5), moment)
        captures.add("cars", CaptureSettings(sampling=100 * share), moment)
        drift.set_settings(DriftSettings(1000 * share), moment)
        assert log.monitor_settings() == MonitorSettings(share, 5)
        assert captures.all() == {"cars": CaptureSettings(sampling=100 * share)}
        assert drift.settings() == DriftSettings(1000 * share)


def test_the_latest_baseline_is_in_force_whatever_the_clock_showed(log: CaptureLog) -> None:
    table, at = BaselinesTable(log.database), now()
    for name, moment in (("a", at + DAY), ("b", at)):
        table.add(StoredBaseline(name, "files", moment, 3), BaselineFiles("{}", "{}"))
        assert table.in_force() == name
    table.choose("a", at)
    assert table.in_force() == "a"
