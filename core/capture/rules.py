"""What is kept of each endpoint's traffic."""

from __future__ import annotations

import time

from core.records.analysts import Permission
from core.records.captures import CaptureSettings
from core.records.permissions import needs
from core.records.window import now
from core.store import CaptureSettingsTable

REFRESH_SECONDS = 10


class CaptureRules:
    """What is kept of each endpoint's traffic: its own settings, or else the defaults.

    Read anew from the log every REFRESH_SECONDS: another process may have changed them.
    """

    def __init__(self, table: CaptureSettingsTable, defaults: CaptureSettings) -> None:
        self._table = table
        self._defaults = defaults
        self._own = table.all()
        self._read_at = time.monotonic()

    def of(self, endpoint: str) -> CaptureSettings:
        """The settings in force for `endpoint`."""
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self._read_at = time.monotonic()
            self._own = self._table.all()
        return self._own.get(endpoint, self._defaults)

    def all(self) -> dict[str, CaptureSettings]:
        """The settings of every endpoint that has its own."""
        return self._table.all()

    @needs(Permission.CAPTURE)
    def set(self, endpoint: str, settings: CaptureSettings) -> None:
        """Settings for one endpoint, from the next request on."""
        self._table.add(endpoint, settings, now())
        self._own = self._table.all()
