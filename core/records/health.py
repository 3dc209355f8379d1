"""How the capture log is: one record for pages, /metrics, /ping and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.records.window import MOMENT


class LogState(StrEnum):
    """How much of it works.

    warning: all, but not for long; damaged: requests are answered, and some of the past cannot be
    read; down: requests are refused.
    """

    OK = "ok"
    WARNING = "warning"
    DAMAGED = "damaged"
    DOWN = "down"


TITLES = {
    LogState.OK: "the capture log is well",
    LogState.WARNING: "the capture log needs care",
    LogState.DAMAGED: "the capture log is damaged",
    LogState.DOWN: "requests are refused",
}


@dataclass(frozen=True)
class LogHealth:
    """What is wrong with the log, since when, and what to do.

    since: when its state became what it is; problem, remedy: empty while it is `ok`; free_bytes:
    on its disk, None where it lies on none of this machine.
    """

    state: LogState
    since: datetime
    problem: str = ""
    remedy: str = ""
    free_bytes: int | None = None

    @property
    def title(self) -> str:
        """Its state in a few words."""
        return TITLES[self.state]

    @property
    def sentence(self) -> str:
        """All of it in words; empty while the log is well."""
        if self.state is LogState.OK:
            return ""
        problem = self.problem[:1].upper() + self.problem[1:]
        remedy = f" {self.remedy}." if self.remedy else ""
        return f"{problem}.{remedy} Since {self.since:{MOMENT}} UTC."
