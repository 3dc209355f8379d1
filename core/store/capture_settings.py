"""Capture settings by endpoint: only ever added, the latest one of an endpoint counts."""

from __future__ import annotations

from datetime import datetime

from core.records.captures import CaptureMode, CaptureSettings
from core.store.database import Database
from core.store.rows import after_all, naive


class CaptureSettingsTable:
    """What was set for single endpoints."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, CaptureSettings]:
        """The settings that count, by endpoint."""
        found = self._database.rows(
            "SELECT endpoint, enabled, sampling, mode FROM log.capture_settings "
            "QUALIFY row_number() OVER (PARTITION BY endpoint ORDER BY changed_at DESC) = 1"
        )
        return {
            endpoint: CaptureSettings(enabled, sampling, CaptureMode(mode))
            for endpoint, enabled, sampling, mode in found
        }

    def add(self, endpoint: str, settings: CaptureSettings, changed_at: datetime) -> None:
        """Keep new settings for one endpoint."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO log.capture_settings "
                f"SELECT ?, ?, ?, ?, {after_all('capture_settings', 'changed_at')}",
                [
                    endpoint,
                    settings.enabled,
                    settings.sampling,
                    settings.mode.value,
                    naive(changed_at),
                ],
            )
