"""Runs of the monitor: settings, figures, rules and their outcomes. Shares lie in [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.errors import BadInput
from core.records.window import Window


def check_threshold(threshold: float) -> None:
    """Raise BadInput unless a class share can be compared with it."""
    if not 0 < threshold <= 1:
        raise BadInput(f"threshold must lie in (0, 1], got {threshold}")


@dataclass(frozen=True)
class MonitorSettings:
    """What scheduled runs use. threshold: share in (0, 1]; window_minutes: at least 1."""

    threshold: float
    window_minutes: int

    def __post_init__(self) -> None:
        check_threshold(self.threshold)
        if self.window_minutes < 1:
            raise BadInput(f"window must be at least 1 minute, got {self.window_minutes}")


@dataclass(frozen=True)
class WindowFigures:
    """What a window holds. None means "not computed": no capture in it carries the figure.

    total: readable predictions and unreadable records; counts: class id -> predictions;
    low_confidence, flagged: how many of the predictions are unsure, and suspicious.
    """

    total: int
    counts: Mapping[int, int]
    mean_confidence: float | None
    low_confidence: int | None
    flagged: int | None
    unreadable: int = 0

    def ordered(self) -> dict[int, int]:
        """class id -> predictions, largest first."""
        return dict(sorted(self.counts.items(), key=lambda item: (-item[1], item[0])))

    def shares(self) -> dict[int, float]:
        """class id -> share of all readable predictions, largest first."""
        readable = sum(self.counts.values())
        return {class_id: count / readable for class_id, count in self.ordered().items()}

    def to_json(self) -> dict[str, Any]:
        """What programs read of a window; counts and shares the largest first."""
        return {
            "total": self.total,
            "counts": {str(k): count for k, count in self.ordered().items()},
            "shares": {str(k): share for k, share in self.shares().items()},
            "mean_confidence": self.mean_confidence,
            "low_confidence": self.low_confidence,
            "flagged": self.flagged,
            "unreadable": self.unreadable,
        }


# What programs read where no figure was computed.
NOT_COMPUTED = dict.fromkeys(WindowFigures(0, {}, None, None, None).to_json())


@dataclass(frozen=True)
class ClassShift:
    """A class's share of a window, and its share of the baseline; both in [0, 1]."""

    class_id: int
    share: float
    expected: float


@dataclass(frozen=True)
class ConfidenceAt:
    """How sure the model was in a stretch of time from `start` on.

    count: predictions that tell their confidence, at least 1; mean: of their confidences;
    unsure: how many of them are below what counts as low.
    """

    start: datetime
    count: int
    mean: float
    unsure: int


@dataclass(frozen=True)
class Violation:
    """One entry of constraint_violations.json."""

    feature_name: str
    constraint_check_type: str
    description: str


@dataclass(frozen=True)
class RuleDescription:
    """parameter: what the threshold of an outcome means; explanation: when the rule alarms."""

    parameter: str
    explanation: str


VOLUME = "volume"  # the name of the rule that counts requests


class RuleState(StrEnum):
    """How a rule of the monitor came out."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_COMPUTED = "not computed"


@dataclass(frozen=True)
class Outcome:
    """How a rule came out on a window: it holds, is violated, or could not be computed.

    figure: what was measured, None where it was not; threshold: what it was compared with.
    sentence: the outcome in words; for `not computed` it says why. violations: for
    constraint_violations.json, at least one where the state is `violated`, none otherwise.
    decides: whether its violations count in the run's status; others are for comparison.
    class_ids: of alarms that name a class; none in runs of earlier versions.
    """

    rule: str
    state: RuleState
    figure: float | None
    threshold: float
    sentence: str
    violations: tuple[Violation, ...] = ()
    decides: bool = True
    class_ids: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What programs read of one rule."""
        return vars(self) | {
            "violations": [vars(each) for each in self.violations],
            "class_ids": list(self.class_ids),
        }


class ExecutionStatus(StrEnum):
    """Those of Model Monitor's `MonitoringExecutionStatus` that a run here can have."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    COMPLETED_WITH_VIOLATIONS = "CompletedWithViolations"
    FAILED = "Failed"


class Trigger(StrEnum):
    """What started a run; `alarm`: of the drift detector."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    ALARM = "alarm"


@dataclass(frozen=True)
class Execution:
    """One run of the monitor over one window. schedule: the name it was asked for under.

    ended_at: of one under way, when it began; figures: None while it is under way, and where it
    failed before; violations: of the rules that decide; outcomes: of all rules, none in runs of
    earlier versions; baseline_id: the baseline that was in force, None where there was none;
    due_at: when its schedule had it due, None where no schedule did.
    """

    execution_id: str
    trigger: Trigger
    schedule: str | None
    status: ExecutionStatus
    message: str
    window: Window
    threshold: float
    started_at: datetime
    ended_at: datetime
    figures: WindowFigures | None
    violations: tuple[Violation, ...]
    outcomes: tuple[Outcome, ...] = ()
    baseline_id: str | None = None
    due_at: datetime | None = None

    def constraint_violations(self) -> dict[str, Any]:
        """The content of constraint_violations.json."""
        return {"violations": [vars(violation) for violation in self.violations]}

    def to_json(self) -> dict[str, Any]:
        """What programs read: `monitor run --json` and the HTTP interface."""
        return {
            "execution_id": self.execution_id,
            "trigger": self.trigger.value,
            "schedule": self.schedule,
            "due_at": self.due_at.isoformat() if self.due_at else None,
            "status": self.status.value,
            "message": self.message,
            "window": {
                "start": self.window.start.isoformat(),
                "end": self.window.end.isoformat(),
                "endpoint": self.window.endpoint,
            },
            "threshold": self.threshold,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            **(self.figures.to_json() if self.figures else NOT_COMPUTED),
            "violations": [vars(violation) for violation in self.violations],
            "baseline_id": self.baseline_id,
            "rules": [outcome.to_json() for outcome in self.outcomes],
        }
