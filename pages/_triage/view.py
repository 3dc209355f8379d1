"""What the Triage page shows, as an address carries it: what is listed, and what is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from core.labels import class_name
from core.records.monitoring import Execution
from core.records.queries import CaptureFilter
from core.records.triage import Status, Wanted
from core.records.verdicts import Verdict
from core.records.window import Window
from pages._shared import address as _address

BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
WAITING = "waiting"
LEFT_OUT, INCLUDED = DRILLS = ("left out", "included")
LISTS = (WAITING, Status.NEW.value, Status.IN_WORK.value, Status.DONE.value)


@dataclass(frozen=True)
class TriageView:
    """One state of the page; its fields are the parameters of its address.

    status: one of LISTS, waiting being both new and in work. q: what is searched for. verdict,
    analyst: of the verdict that counts, where done ones are listed. drills: one of DRILLS, whether
    what drills sent is listed. capture: the one that is open, where it was asked for.
    """

    status: str = WAITING
    q: str | None = None
    predicted: int | None = None
    source: str | None = None
    endpoint: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    verdict: str | None = None
    analyst: str | None = None
    drills: str = LEFT_OUT
    capture: str | None = None

    @staticmethod
    def read(address: Mapping[str, str]) -> tuple[TriageView, list[str]]:
        """The view of an address, and what of it could not be read."""
        values, problems = _address.read(address, READERS)
        return TriageView(**values), problems

    def write(self) -> dict[str, str]:
        """The address's parameters; defaults are missing."""
        return {
            each.name: _address.written(value)
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default
        }

    def filter(self) -> CaptureFilter:
        """What it lists, whatever its status."""
        window = None
        if self.since or self.until:
            window = Window(self.since or BEGINNING, self.until or END)
        return CaptureFilter(
            window=window,
            class_id=self.predicted,
            source=self.source,
            endpoint=self.endpoint,
            text=self.q,
            drills=False if self.drills == LEFT_OUT else None,
        )

    def wanted(self) -> Wanted:
        """What of it comes next."""
        status = Status(self.status) if self.status in (Status.NEW, Status.IN_WORK) else None
        return Wanted(self.filter(), status)

    def done(self) -> CaptureFilter:
        """What of it has a verdict."""
        verdict = Verdict(self.verdict) if self.verdict else None
        return replace(self.filter(), decided=True, verdict=verdict, analyst=self.analyst)

    def chips(self) -> list[tuple[str, TriageView]]:
        """The filters that are set, in words, with the view without each."""
        found: dict[str, str | None] = {
            "q": self.q and f"“{self.q}”",
            "predicted": None if self.predicted is None else class_name(self.predicted),
            "source": self.source and f"source: {self.source}",
            "endpoint": self.endpoint and f"endpoint: {self.endpoint}",
            "since": self.since and f"from {self.since:%Y-%m-%d %H:%M:%S}",
            "until": self.until and f"before {self.until:%Y-%m-%d %H:%M:%S}",
            "verdict": self.verdict and f"verdict: {Verdict(self.verdict).words}",
            "analyst": self.analyst and f"by {self.analyst}",
            "drills": None if self.drills == LEFT_OUT else f"drills: {self.drills}",
        }
        unset = {each.name: each.default for each in fields(self)}
        return [
            (text, replace(self, **{name: unset[name]})) for name, text in found.items() if text
        ]


def to_window_of(execution: Execution) -> dict[str, str]:
    """The address of what was flagged in the window of a run."""
    window = execution.window
    return TriageView(since=window.start, until=window.end, endpoint=window.endpoint).write()


READERS: dict[str, Callable[[str], Any]] = {
    "status": _address.one_of(*LISTS),
    "q": _address.text,
    "predicted": _address.number(0, 999_999_999),
    "source": _address.text,
    "endpoint": _address.text,
    "since": _address.time,
    "until": _address.time,
    "verdict": _address.one_of(*Verdict),
    "analyst": _address.text,
    "drills": _address.one_of(*DRILLS),
    "capture": _address.text,
}
