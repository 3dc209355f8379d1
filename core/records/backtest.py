"""Windows of the past, what the log counted in them, and what rules made of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.records.monitoring import Outcome, RuleState, WindowFigures

MAX_WINDOWS = 2_000
MICROSECOND = timedelta(microseconds=1)
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """Windows of one length by their ends, rising; they may overlap, or leave gaps.

    left_out: how many earlier ones there would be, beyond MAX_WINDOWS.
    """

    ends: tuple[datetime, ...]
    length: timedelta
    left_out: int = 0

    @staticmethod
    def ending(ends: Iterable[datetime], length: timedelta) -> Windows:
        """The latest of them, at most MAX_WINDOWS; raises BadInput if there is none."""
        _check_positive("a window", length)
        latest: deque[datetime] = deque(maxlen=MAX_WINDOWS)
        count = 0
        for end in ends:
            latest.append(end)
            count += 1
        if not count:
            raise BadInput(
                f"no window of {_minutes(length)} minutes fits: choose a longer stretch or shorter "
                "windows"
            )
        return Windows(tuple(latest), length, count - len(latest))

    @staticmethod
    def every(step: timedelta, since: datetime, until: datetime, length: timedelta) -> Windows:
        """One that ends at `until`, and one at every step before, none begun before `since`."""
        _check_positive("a step", step)
        count = max(0, (until - since - length) // step + 1)
        latest = range(min(count, MAX_WINDOWS))
        found = Windows.ending((until - step * k for k in reversed(latest)), length)
        return replace(found, left_out=count - len(latest))

    @property
    def start(self) -> datetime:
        """Where the first one begins."""
        return self.ends[0] - self.length

    @property
    def end(self) -> datetime:
        """Where the last one ends."""
        return self.ends[-1]

    @property
    def grid(self) -> timedelta:
        """The longest step from `start` in which every window begins and ends."""
        found = self.length // MICROSECOND
        for end in self.ends:
            found = gcd(found, (end - self.end) // MICROSECOND)
        return found * MICROSECOND

    def __len__(self) -> int:
        return len(self.ends)

    def places(self) -> Iterator[tuple[int, int]]:
        """(begin, end) of each, in steps of the grid from `start`."""
        grid, whole = self.grid, self.length // self.grid
        for end in self.ends:
            place = (end - self.start) // grid
            yield place - whole, place


@dataclass(frozen=True, eq=False)
class PastCounts:
    """Counts by step of a grid, as far as there are any.

    predictions: (3, n): step, class id, count; unreadable: (2, m): step, count of records that
    could not be read. Steps count from 0.
    """

    predictions: Ints
    unreadable: Ints


@dataclass(frozen=True)
class LookBack:
    """Windows of the past and what each held. endpoint: None for all; at: as of when."""

    windows: Windows
    endpoint: str | None
    figures: tuple[WindowFigures, ...]
    at: datetime

    @property
    def holds_anything(self) -> bool:
        """Whether any window held a record."""
        return any(each.total for each in self.figures)


@dataclass(frozen=True)
class Replayed:
    """The outcomes of one rule, window by window."""

    windows: Windows
    outcomes: tuple[Outcome, ...]

    @property
    def violated(self) -> tuple[int, ...]:
        """The places of the windows that violate it."""
        return tuple(k for k, each in enumerate(self.outcomes) if each.state is RuleState.VIOLATED)

    @property
    def computed(self) -> int:
        """In how many windows there was something to measure."""
        return sum(each.state is not RuleState.NOT_COMPUTED for each in self.outcomes)


@dataclass(frozen=True)
class Preview:
    """Places of the windows with alarms, under the constraints in force and under edited ones."""

    past: LookBack
    before: tuple[int, ...]
    after: tuple[int, ...]


def _check_positive(what: str, length: timedelta) -> None:
    if length <= timedelta():
        raise BadInput(f"{what} must be longer than 0 minutes, got {_minutes(length)}")


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g}"
