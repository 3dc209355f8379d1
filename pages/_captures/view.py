"""What the Captures page shows, as an address carries it: filters, place in the list, capture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import BadInput
from core.records.queries import NEWEST, OLDEST, CaptureFilter, Cursor, Direction
from core.records.verdicts import Verdict
from core.records.window import Window
from pages._shared import address as _address

PERIODS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
OLDEST_PAGE = "oldest"
MAX_IDS = 100


@dataclass(frozen=True)
class CaptureView:
    """One state of the Captures page; its fields are the parameters of its address.

    as_of: what arrived later is not listed. period: one of PERIODS, before as_of. since, until:
    instead of a period. flagged: yes or no. verdict: one of Verdict, `decided` or `undecided`.
    low, high: confidence in %. page: a place in the list. capture: the one that is open.
    """

    as_of: datetime | None = None
    period: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    predicted: int | None = None
    low: int | None = None
    high: int | None = None
    flagged: str | None = None
    verdict: str | None = None
    source: str | None = None
    endpoint: str | None = None
    ids: tuple[str, ...] | None = None
    page: Cursor | None = None
    capture: str | None = None

    @staticmethod
    def read(address: Mapping[str, str]) -> tuple[CaptureView, list[str]]:
        """The view of an address, and what of it could not be read."""
        values, problems = _address.read(address, READERS)
        return CaptureView(**values), problems

    def write(self) -> dict[str, str]:
        """The address's parameters; what is not set is missing."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _written(value) for name, value in values.items() if value is not None}

    def filter(self) -> CaptureFilter:
        """What it lists."""
        end = self.as_of or END
        start = end - PERIODS[self.period] if self.period and self.as_of else BEGINNING
        window = Window(max(start, self.since or BEGINNING), min(end, self.until or end))
        decided = {"decided": True, "undecided": False}.get(self.verdict or "")
        return CaptureFilter(
            window=window,
            class_id=self.predicted,
            flagged=None if self.flagged is None else self.flagged == "yes",
            decided=decided,
            verdict=Verdict(self.verdict) if self.verdict and decided is None else None,
            source=self.source,
            endpoint=self.endpoint,
            min_confidence=None if self.low is None else self.low / 100,
            max_confidence=None if self.high is None else self.high / 100,
            capture_ids=self.ids,
        )

    def newest(self) -> CaptureView:
        """The same filters over everything that has arrived by now, from the newest on."""
        return replace(self, as_of=None, page=None, capture=None)

    def at(self, cursor: Cursor | None) -> CaptureView:
        """Another place in the same list; None: its newest end."""
        return replace(self, page=None if cursor == NEWEST else cursor, capture=None)


def read_ids(text: str) -> tuple[str, ...]:
    """Capture ids with commas between them; raises BadInput."""
    ids = tuple(_address.capture_id(part.strip()) for part in text.split(","))
    if len(ids) > MAX_IDS:
        raise BadInput(f"must be at most {MAX_IDS} capture ids, got {len(ids)}")
    return ids


def _place(text: str) -> Cursor:
    if text == OLDEST_PAGE:
        return OLDEST
    direction, _, place = text.partition("-")
    moment, _, capture_id = place.partition("_")
    try:
        cursor = Cursor(Direction(direction), _address.time(moment))
        if capture_id:
            return replace(cursor, capture_id=_address.capture_id(capture_id))
        return cursor
    except (ValueError, BadInput):
        raise BadInput(
            f"must be {OLDEST_PAGE}, or older- or newer- with a time, got `{text}`"
        ) from None


def _written(value: Any) -> str:
    if not isinstance(value, Cursor):
        return _address.written(value)
    if value.inferred_at is None:
        return OLDEST_PAGE
    place = f"{value.direction}-{_address.written(value.inferred_at)}"
    jump = value.capture_id == Cursor().capture_id
    return place if jump else f"{place}_{value.capture_id}"


READERS: dict[str, Callable[[str], Any]] = {
    "as_of": _address.time,
    "period": _address.one_of(*PERIODS),
    "since": _address.time,
    "until": _address.time,
    "predicted": _address.number(0, 999_999_999),
    "low": _address.number(0, 100),
    "high": _address.number(0, 100),
    "flagged": _address.one_of("yes", "no"),
    "verdict": _address.one_of("decided", "undecided", *Verdict),
    "source": _address.text,
    "endpoint": _address.text,
    "ids": read_ids,
    "page": _place,
    "capture": _address.capture_id,
}
