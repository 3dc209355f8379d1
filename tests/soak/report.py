"""What came of the day: an hour a line, then what was lost, doubled, refused or kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.soak.clients import Sent
from tests.soak.readings import Reading
from tests.soak.traffic import HOURS


@dataclass(frozen=True)
class Hour:
    """An hour of the day.

    Parameters
    ----------
    sent
        Its requests, and what became of them.
    captures
        Inference id -> captures of that request in the log.
    reading
        Of the server, at its end.
    """

    sent: Sequence[Sent]
    captures: Counter[str]
    reading: Reading

    @property
    def lost(self) -> int:
        """Answered requests without a capture."""
        return sum(
            each.status == 200 and each.request.kind.captured and not self._captures(each)
            for each in self.sent
        )

    @property
    def doubled(self) -> int:
        """Requests with more than one capture."""
        return sum(self._captures(each) > 1 for each in self.sent)

    @property
    def made_up(self) -> int:
        """Requests that were refused, or never came whole, and have a capture all the same."""
        return sum(
            self._captures(each) > 0
            for each in self.sent
            if each.request.kind.cut < 1 or each.status not in (None, 0, 200)
        )

    @property
    def failed(self) -> int:
        """Answers of 5xx."""
        return sum((each.status or 0) >= 500 for each in self.sent)

    @property
    def unexpected(self) -> int:
        """Answers that their kind of request may not have, those that never came among them."""
        return sum(
            each.status is not None and each.status not in each.request.kind.statuses
            for each in self.sent
        )

    def milliseconds(self, percentile: float) -> float:
        """A percentile of the time until predictions were answered."""
        times = [each.seconds for each in self.sent if each.request.kind.captured]
        return 1_000 * float(np.percentile(times, percentile)) if times else 0.0

    def _captures(self, sent: Sent) -> int:
        return self.captures[sent.request.inference_id]


@dataclass(frozen=True)
class Day:
    """All of its hours."""

    hours: Sequence[Hour]

    def total(self, figure: str) -> int:
        """The sum over all hours of `lost`, `doubled`, `made_up`, `failed` or `unexpected`."""
        return sum(getattr(hour, figure) for hour in self.hours)

    @property
    def memory_ratio(self) -> float:
        """Memory at the end, by that after the first tenth of the requests."""
        total, seen = sum(len(hour.sent) for hour in self.hours), 0
        for hour in self.hours:
            seen += len(hour.sent)
            if seen * 10 >= total:
                return self.hours[-1].reading.memory / hour.reading.memory
        raise ValueError("a day without requests has no memory to compare")


HEAD = "hour  requests  p50 ms  p99 ms  5xx  lost  doubled  memory MB  descriptors  threads  log MB"


def line(number: int, hour: Hour) -> str:
    """One hour under HEAD."""
    reading = hour.reading
    return (
        f"{number % HOURS:4d}  {len(hour.sent):8,d}  {hour.milliseconds(50):6.1f}  "
        f"{hour.milliseconds(99):6.1f}  {hour.failed:3d}  {hour.lost:4d}  {hour.doubled:7d}  "
        f"{reading.memory / 1e6:9,.0f}  {reading.descriptors:11d}  {reading.threads:7d}  "
        f"{reading.log / 1e6:6.1f}"
    )


def statuses(day: Day) -> list[str]:
    """A line for each kind of request: how it was answered."""
    counted: dict[str, Counter[str]] = {}
    for hour in day.hours:
        for each in hour.sent:
            came = "not waited for" if each.status is None else str(each.status or "no answer")
            counted.setdefault(each.request.kind.name, Counter())[came] += 1
    return [
        f"{kind}: " + ", ".join(f"{n:,} x {came}" for came, n in sorted(counts.items()))
        for kind, counts in sorted(counted.items())
    ]
