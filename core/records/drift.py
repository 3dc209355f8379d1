"""What passes between the drift detector, the log and the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.records.monitoring import Outcome
from core.records.window import Window

MOST = 1e12  # predictions; more than anybody waits for
LOOK = 16  # numbers that say what an image shows; frames of one sign lie within a distance of 1
DRIFT_RULE = "drift detector"
RULE_IN_OLD_LOGS = "stream detector"  # what older versions called it in the log


@dataclass(frozen=True)
class DriftSettings:
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

    Parameters
    ----------
    at
        ``(n,)`` datetime64[us], in UTC.
    class_ids, flagged
        ``(n,)`` predicted classes, and which predictions are flagged.
    confidences
        ``(n,)`` in [0, 1].
    sources
        Who sent each; None where nobody knows.
    looks
        ``(n, LOOK)`` what each image shows, NaN where that is not known; None: of none.
    """

    at: NDArray[np.datetime64]
    class_ids: NDArray[np.int64]
    flagged: NDArray[np.bool_]
    confidences: NDArray[np.float64]
    sources: Sequence[str | None]
    looks: NDArray[np.float16] | None = None

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
            None if self.looks is None else self.looks[rows],
        )

    def joined(self, after: Observed) -> Observed:
        """These, and those that came after them."""
        return Observed(
            np.concatenate([self.at, after.at]),
            np.concatenate([self.class_ids, after.class_ids]),
            np.concatenate([self.flagged, after.flagged]),
            np.concatenate([self.confidences, after.confidences]),
            [*self.sources, *after.sources],
            None
            if self.looks is None or after.looks is None
            else np.concatenate([self.looks, after.looks]),
        )

    def moment(self, row: int) -> datetime:
        """When a prediction was made."""
        found: datetime = self.at[row].item()
        return found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class SavedState:
    """The detector's state as the log keeps it. revision: counts its changes."""

    revision: int
    state: str


@dataclass(frozen=True)
class EValuePoint:
    """The highest e-value of a channel in some stretch, and when that was."""

    channel: str
    at: datetime
    e_value: float


@dataclass(frozen=True)
class DriftAlarm:
    """An alarm of one channel.

    Parameters
    ----------
    position
        Of the prediction that raised it, in its channel, from 1, repeats left out.
    class_id
        The class that it names; None where it names none.
    e_value
        At that prediction, in the unit of A.
    description
        What changed, in a sentence.
    at, raised_at
        When that prediction was made, and when the alarm was noticed.
    reported
        Whether a run of the monitor has it among its violations.
    """

    position: int
    class_id: int | None
    e_value: float
    description: str
    at: datetime
    raised_at: datetime
    reported: bool = False


@dataclass(frozen=True)
class DriftStatus:
    """What the pages show of the detector.

    Parameters
    ----------
    threshold
        A, the alarm threshold of every channel.
    problem
        Why nothing is checked, in a sentence; empty where all is well.
    outcomes
        One for each channel, those that decide first.
    summary
        How many predictions were checked since when, and what was missed.
    as_of
        Captures of before that moment were checked.
    """

    threshold: float
    problem: str
    outcomes: tuple[Outcome, ...]
    summary: str = ""
    as_of: datetime | None = None

    @property
    def channels(self) -> dict[str, bool]:
        """Channel -> whether it decides, or is for comparison."""
        return {channel_of(each.rule): each.decides for each in self.outcomes}


@dataclass(frozen=True)
class DriftBacktest:
    """What every channel would have reported in a window of the past.

    Parameters
    ----------
    threshold
        A, as it was tried.
    predictions
        How many went through the detector.
    channels
        Channel -> whether it decides, or is for comparison.
    alarms
        Those of channels that decide, each once, in order of time.
    points
        E-values for the chart, thinned to the highest of each stretch.
    """

    window: Window
    threshold: float
    predictions: int
    channels: Mapping[str, bool]
    alarms: tuple[DriftAlarm, ...]
    points: tuple[EValuePoint, ...]


def rule_of(channel: str) -> str:
    """The rule under which a channel's outcome stands beside the others.

    >>> rule_of("confidence")
    'drift detector, confidence'
    """
    return f"{DRIFT_RULE}, {channel}"


def channel_of(rule: str) -> str:
    """The channel whose outcome stands under that rule."""
    return rule.removeprefix(f"{DRIFT_RULE}, ")


def current_rule(rule: str) -> str:
    """The name of a rule that an older version may have written to the log.

    >>> current_rule("stream detector, class"), current_rule("class share")
    ('drift detector, class', 'class share')
    """
    if rule == RULE_IN_OLD_LOGS or rule.startswith(f"{RULE_IN_OLD_LOGS}, "):
        return DRIFT_RULE + rule.removeprefix(RULE_IN_OLD_LOGS)
    return rule
