"""Baselines as the log keeps them, and the part of their constraints that people edit."""

from __future__ import annotations

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
