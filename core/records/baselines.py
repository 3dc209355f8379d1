"""Baselines as the log keeps them, and the part of their constraints that people edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class StoredBaseline:
    """A baseline in the log. origin: what it was made from; predictions: how many it holds."""

    baseline_id: str
    origin: str
    created_at: datetime
    predictions: int

    def to_json(self) -> dict[str, Any]:
        """What programs read: `baseline create --json` and the HTTP interface."""
        return vars(self) | {"created_at": self.created_at.isoformat()}


@dataclass(frozen=True)
class BaselineFiles:
    """The texts of statistics.json and constraints.json."""

    statistics: str
    constraints: str


@dataclass(frozen=True)
class BaselineDraft:
    """A baseline that is made and not kept yet.

    Parameters
    ----------
    files, origin
        What is kept of it, and what it was made from.
    classes
        Size of the label set.
    counts
        Class id -> predictions.
    flagged
        How many are flagged; None where they carry no flags.
    left_out
        Captures of the stretch whose figures cannot be.
    alarms
        How often the drift detector would have alarmed in the baseline's own predictions; None
        where they have no order in time.
    """

    files: BaselineFiles
    origin: str
    classes: int
    counts: Mapping[int, int]
    flagged: int | None
    left_out: int = 0
    alarms: int | None = None

    @property
    def predictions(self) -> int:
        """How many it holds."""
        return sum(self.counts.values())

    @property
    def unseen(self) -> list[int]:
        """The classes of the label set of which it holds none."""
        return [class_id for class_id in range(self.classes) if not self.counts.get(class_id)]

    def fewer_than(self, count: int) -> list[int]:
        """The classes of which it holds some, but fewer than that."""
        return [k for k in range(self.classes) if 0 < self.counts.get(k, 0) < count]


@dataclass(frozen=True)
class ConstraintSettings:
    """What of constraints.json decides on the predicted class.

    evaluate: whether constraints are evaluated at all. method: how windows are compared with the
    baseline, one of `COMPARISON_METHODS`. comparison: the method's parameter, in [0, 1].
    completeness, known: smallest share of readable records, and of predictions of known classes,
    in [0, 1]; 0: not checked.
    """

    evaluate: bool
    method: str
    comparison: float
    completeness: float
    known: float


NO_COMPARISON = "none"
# Names of rules; the last one compares nothing.
COMPARISON_METHODS = (
    "baseline_drift_check, LInfinity Robust",
    "baseline_drift_check, LInfinity Simple",
    "baseline_drift_check, ChiSquared",
    NO_COMPARISON,
)
