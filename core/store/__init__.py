"""The capture log: the only room that imports duckdb. `CaptureLog` is its one door."""

from core.store.log import CaptureLog

__all__ = ["CaptureLog"]
