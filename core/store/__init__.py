"""The capture log: the only room that imports duckdb."""

from core.store.capture_files import CaptureFilesTable
from core.store.capture_settings import CaptureSettingsTable
from core.store.log import CaptureLog

__all__ = ["CaptureFilesTable", "CaptureLog", "CaptureSettingsTable"]
