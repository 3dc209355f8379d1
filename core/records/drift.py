"""What passes between the watch over the stream of predictions and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

MOST = 1e12  # predictions; more than anybody waits for


@dataclass(frozen=True)
class StreamSettings:
    """false_alarm_every: A, the number of predictions with at most one false alarm on average."""

    false_alarm_every: float

    def __post_init__(self) -> None:
        if not 1 <= self.false_alarm_every <= MOST:
            raise BadInput(
                "the number of predictions with at most one false alarm must lie in "
                f"1..{MOST:.0f}, got {self.false_alarm_every}"
            )


@dataclass(frozen=True, eq=False)
class Observed:
    """Columns of n predictions of one's own, in order of time.

    at: (n,) datetime64[us] in UTC; class_ids, flagged, confidences: (n,); sources: who sent each,
    None where nobody knows.
    """

    at: NDArray[np.datetime64]
    class_ids: NDArray[np.int64]
    flagged: NDArray[np.bool_]
    confidences: NDArray[np.float64]
    sources: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.at)

    def part(self, rows: slice) -> Observed:
        """Some of them."""
        return Observed(
            self.at[rows],
            self.class_ids[rows],
            self.flagged[rows],
            self.confidences[rows],
            self.sources[rows],
        )

    def joined(self, after: Observed) -> Observed:
        """These, and those that came after them."""
        return Observed(
            np.concatenate([self.at, after.at]),
            np.concatenate([self.class_ids, after.class_ids]),
            np.concatenate([self.flagged, after.flagged]),
            np.concatenate([self.confidences, after.confidences]),
            [*self.sources, *after.sources],
        )

    def moment(self, row: int) -> datetime:
        """When a prediction was made."""
        found: datetime = self.at[row].item()
        return found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class SavedState:
    """The watch's state as the log keeps it. revision: counts its changes."""

    revision: int
    state: str


@dataclass(frozen=True)
class EvidencePoint:
    """The highest evidence of a channel in some stretch, and when that was."""

    channel: str
    at: datetime
    evidence: float
