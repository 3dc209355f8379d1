"""Capture settings by endpoint, in both kinds of store."""

from datetime import timedelta

from core.records.captures import CaptureMode, CaptureSettings
from core.store import CaptureLog, CaptureSettingsTable
from tests.support.records import NOON


def test_the_latest_settings_of_an_endpoint_count(log: CaptureLog) -> None:
    table = CaptureSettingsTable(log.database)
    assert table.all() == {}
    later = CaptureSettings(enabled=False, sampling=12.5, mode=CaptureMode.OUTPUT)
    table.add("cars", later, NOON + timedelta(seconds=1))
    table.add("cars", CaptureSettings(), NOON)
    table.add("signs", CaptureSettings(sampling=0.0), NOON)
    assert table.all() == {"cars": later, "signs": CaptureSettings(sampling=0.0)}
