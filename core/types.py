"""Frozen records that travel between rooms. Times are aware and in UTC; shares lie in [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

DEFAULT_ENDPOINT = "signwatch"
DEFAULT_VARIANT = "AllTraffic"


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Suspicion:
    """How unlike clean traffic a prediction looks.

    p_value: share of clean calibration images that look at least as odd, None where there is no
    calibration; flagged: at or below the level in force, or caught by the trust rule; reasons:
    why, in words.
    """

    p_value: float | None
    flagged: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """One answer of the classifier; probabilities: (classes,) float32, calibrated, sum 1."""

    class_id: int
    confidence: float
    probabilities: NDArray[np.float32]
    suspicion: Suspicion

    def top(self, count: int = 3) -> list[tuple[int, float]]:
        """The `count` most likely classes with their probabilities, best first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(int(k), float(self.probabilities[k])) for k in order]


@dataclass(frozen=True)
class Provenance:
    """Where a picture came from, as far as its sender says (custom attributes).

    label: the true class; attack, target: how it was made; clean_sha256: the picture it was
    made of, kept in the log; source: who sent it.
    """

    source: str | None = None
    label: int | None = None
    attack: str | None = None
    target: int | None = None
    clean_sha256: str | None = None


@dataclass(frozen=True)
class StoredImage:
    """A picture as it is kept: an encoded file, named by the SHA-256 of its bytes."""

    sha256: str
    media_type: str
    content: bytes
    width: int
    height: int


class CaptureMode(StrEnum):
    """Which side of a request is kept, in SageMaker's words."""

    INPUT = "Input"
    OUTPUT = "Output"
    INPUT_AND_OUTPUT = "InputAndOutput"

    @property
    def keeps_input(self) -> bool:
        """Whether the picture is kept."""
        return self is not CaptureMode.OUTPUT

    @property
    def keeps_output(self) -> bool:
        """Whether the prediction is kept."""
        return self is not CaptureMode.INPUT


@dataclass(frozen=True)
class CaptureSettings:
    """What of an endpoint's traffic is kept. sampling: percentage of its requests, 0 to 100."""

    enabled: bool = True
    sampling: float = 100.0
    mode: CaptureMode = CaptureMode.INPUT_AND_OUTPUT

    def __post_init__(self) -> None:
        if not 0 <= self.sampling <= 100:
            raise BadInput(f"sampling percentage must lie in 0..100, got {self.sampling}")


@dataclass(frozen=True)
class Payload:
    """One side of a request, word for word as a capture file has it.

    encoding: CSV, JSON or BASE64.
    """

    data: str
    encoding: str


@dataclass(frozen=True)
class Capture:
    """One image of one request, and what was answered. None: not captured, or not known.

    position: which image of its request it is, from 0; all of one request share the event id.
    input, output: what a capture file said, where it cannot be written anew from the other fields.
    envelope: the rest of its line, where that is not the usual one. An imported request has these
    three at position 0.
    """

    capture_id: str
    event_id: str
    position: int
    endpoint: str
    variant: str
    inferred_at: datetime
    input_content_type: str | None = None
    output_content_type: str | None = None
    inference_id: str | None = None
    custom_attributes: tuple[str, ...] = ()
    image_sha256: str | None = None
    class_id: int | None = None
    confidence: float | None = None
    probabilities: NDArray[np.float32] | None = None
    suspicion: Suspicion | None = None
    model_sha256: str | None = None
    provenance: Provenance = field(default_factory=Provenance)
    input: Payload | None = None
    output: Payload | None = None
    envelope: str | None = None

    @property
    def prediction(self) -> Prediction | None:
        """The whole prediction, where this program made it and its answer was captured."""
        if (
            self.class_id is None
            or self.confidence is None
            or self.probabilities is None
            or self.suspicion is None
        ):
            return None
        return Prediction(self.class_id, self.confidence, self.probabilities, self.suspicion)

    @property
    def flagged(self) -> bool:
        """Whether the prediction was flagged; False where nothing is known of it."""
        return self.suspicion is not None and self.suspicion.flagged


@dataclass(frozen=True)
class Window:
    """A stretch of time, start included, end excluded; one endpoint, or all of them (None)."""

    start: datetime
    end: datetime
    endpoint: str | None = None


def check_threshold(threshold: float) -> None:
    """Raise BadInput unless a class share can be compared with it."""
    if not 0 < threshold <= 1:
        raise BadInput(f"threshold must lie in (0, 1], got {threshold}")


@dataclass(frozen=True)
class MonitorSettings:
    """What scheduled executions use. threshold: share in (0, 1]; window_minutes: at least 1."""

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


class RuleState(StrEnum):
    """How a rule of the monitor came out."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_COMPUTED = "not computed"


@dataclass(frozen=True)
class Outcome:
    """What a rule says of a window: it holds, it is violated, or it could not be computed.

    figure: what was measured, None where it was not; threshold: what it was compared with.
    sentence: the outcome in words; for `not computed` it says why. violations: for
    constraint_violations.json, at least one where the state is `violated`, none otherwise.
    decides: whether its violations count in the execution's status; others are for comparison.
    """

    rule: str
    state: RuleState
    figure: float | None
    threshold: float
    sentence: str
    violations: tuple[Violation, ...] = ()
    decides: bool = True

    def to_json(self) -> dict[str, Any]:
        """What programs read of one rule."""
        return vars(self) | {"violations": [vars(each) for each in self.violations]}


class ExecutionStatus(StrEnum):
    """Model Monitor's execution states that an execution here can be in."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    COMPLETED_WITH_VIOLATIONS = "CompletedWithViolations"
    FAILED = "Failed"


class Trigger(StrEnum):
    """What started an execution; `alarm`: of the stream detector."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    ALARM = "alarm"


@dataclass(frozen=True)
class Execution:
    """One run of the monitor over one window. schedule: the name it was asked for under.

    ended_at: of one under way, when it began; figures: None where nothing was computed: it is under
    way, or failed before; violations: of the rules that decide; outcomes: of all rules, none in
    executions of before; baseline_id: the baseline that was in force, None where there was none;
    due_at: when its schedule had it due, None where nobody had planned it.
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


@dataclass(frozen=True, eq=False)
class Predictions:
    """Columns of n predictions, as a baseline is made of them.

    class_ids: (n,); flagged: (n,), None unless all of them tell; confidences, p_values: at most
    (n,), of those that tell.
    """

    class_ids: NDArray[np.int64]
    flagged: NDArray[np.bool_] | None
    confidences: NDArray[np.float64]
    p_values: NDArray[np.float64]

    @staticmethod
    def of(predictions: Sequence[Prediction]) -> Predictions:
        """The columns of predictions that this program made."""
        p_values = [each.suspicion.p_value for each in predictions]
        return Predictions(
            np.array([each.class_id for each in predictions], dtype=np.int64),
            np.array([each.suspicion.flagged for each in predictions], dtype=bool),
            np.array([each.confidence for each in predictions], dtype=np.float64),
            np.array([each for each in p_values if each is not None], dtype=np.float64),
        )


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


class Verdict(StrEnum):
    """What an analyst can say of a flagged prediction."""

    ADVERSARIAL = "adversarial"
    MODEL_WRONG = "model wrong"
    RIGHT_AFTER_ALL = "right after all"
    NOT_A_SIGN = "not a sign"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Decision:
    """One verdict on one capture; later decisions stand beside earlier ones, the last counts."""

    capture_id: str
    verdict: Verdict
    right_class: int | None
    note: str
    analyst: str
    decided_at: datetime


@dataclass(frozen=True)
class TriageItem:
    """A capture in the queue, with the decision that counts, if there is one."""

    capture: Capture
    decision: Decision | None


@dataclass(frozen=True)
class CaptureFilter:
    """Which captures: every field that is set narrows the choice.

    analyst: whose verdict counts; suspect: an attack made the picture, says its sender, or it was
    flagged; pictured: the picture was captured; text: found in the id (its beginning), the source,
    the name of the predicted class, or a note.
    """

    window: Window | None = None
    class_id: int | None = None
    flagged: bool | None = None
    decided: bool | None = None
    verdict: Verdict | None = None
    analyst: str | None = None
    source: str | None = None
    endpoint: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    capture_ids: tuple[str, ...] | None = None
    suspect: bool | None = None
    pictured: bool | None = None
    text: str | None = None

    def without_verdict(self) -> CaptureFilter:
        """The same choice, whatever was decided."""
        return replace(self, decided=None, verdict=None, analyst=None)


class Direction(StrEnum):
    """Which way a list of captures is read."""

    OLDER = "older"
    NEWER = "newer"

    @property
    def opposite(self) -> Direction:
        """The way back."""
        return Direction.NEWER if self is Direction.OLDER else Direction.OLDER


@dataclass(frozen=True)
class Cursor:
    """A place in the list of captures (newest first, of one moment by id), and a direction.

    inferred_at, capture_id: the capture next to the place, itself excluded; without an id, a
    direction of `older` includes the moment. inferred_at None: the end that `direction` leaves.
    """

    direction: Direction = Direction.OLDER
    inferred_at: datetime | None = None
    capture_id: str = "00000000-0000-0000-0000-000000000000"


NEWEST = Cursor(Direction.OLDER)
OLDEST = Cursor(Direction.NEWER)


@dataclass(frozen=True)
class Page:
    """Some captures, newest first. newer, older: where the list goes on; None where it ends."""

    items: tuple[TriageItem, ...]
    newer: Cursor | None
    older: Cursor | None
