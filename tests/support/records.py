"""Records to put into a log, and the strategies that draw them."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from core.capture.provenance import RequestFacts
from core.capture.writer import begin_captures, capture_id, with_prediction
from core.images import ImageFile
from core.records.captures import (
    Capture,
    CaptureMode,
    Payload,
    Prediction,
    Provenance,
    StoredImage,
    Suspicion,
)
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    Outcome,
    RuleState,
    Trigger,
    Violation,
    WindowFigures,
)
from core.records.verdicts import Decision, Verdict
from core.records.window import Window
from tests.support.images import blocks

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
CLASSES = 43
NO_PREDICTION = dict.fromkeys(["class_id", "confidence", "probabilities", "suspicion"])


def make_prediction(
    class_id: int = 14,
    confidence: float = 0.75,
    *,
    p_value: float | None = 0.5,
    flagged: bool = False,
    reasons: tuple[str, ...] = (),
) -> Prediction:
    """`confidence` for the class, the rest of 1 shared evenly by the other 42."""
    probabilities = np.full(CLASSES, (1 - confidence) / (CLASSES - 1), dtype=np.float32)
    probabilities[class_id] = confidence
    suspicion = Suspicion(p_value, flagged, reasons)
    return Prediction(class_id, float(probabilities[class_id]), probabilities, suspicion)


def answered(prediction: Prediction) -> dict[str, Any]:
    """What a capture keeps of it; its look stands beside captures."""
    return {name: value for name, value in vars(prediction).items() if name != "look"}


def make_image(seed: int = 0) -> StoredImage:
    """A 32 x 32 image as the log keeps it; other seeds, other images."""
    image = ImageFile.from_pixels(blocks(seed))
    return StoredImage(image.sha256, image.media_type, image.content, 32, 32)


def make_capture(
    image: StoredImage | None = None, *, prediction: Prediction | None = None, **changes: Any
) -> Capture:
    """A capture at noon, of `prediction` (None: a Stop sign); every field can be set."""
    values: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "position": 0,
        "endpoint": "signwatch",
        "variant": "AllTraffic",
        "inferred_at": NOON,
        "input_content_type": "image/png",
        "output_content_type": "application/json",
        "image_sha256": image.sha256 if image else "0" * 64,
        "model_sha256": "ab" * 32,
    }
    values |= answered(prediction or make_prediction()) | changes
    return with_own_id(Capture(**{"capture_id": ""} | values))


def make_unanswered(image: StoredImage | None = None, **changes: Any) -> Capture:
    """A capture of mode Input: an image, and no prediction."""
    return make_capture(
        image, **NO_PREDICTION | {"output_content_type": None, "model_sha256": None} | changes
    )


def with_own_id(capture: Capture) -> Capture:
    """The capture with the id that its event and its time give it, unless it has one."""
    if capture.capture_id:
        return capture
    own = capture_id(
        capture.endpoint, capture.variant, capture.event_id, capture.position, capture.inferred_at
    )
    return replace(capture, capture_id=own)


def make_execution(started_at: datetime = NOON, **changes: Any) -> Execution:
    """A run over the hour before `started_at`, with one violation."""
    values = {
        "execution_id": str(uuid.uuid4()),
        "trigger": Trigger.MANUAL,
        "status": ExecutionStatus.COMPLETED_WITH_VIOLATIONS,
        "schedule": "hourly",
        "message": "CompletedWithViolations: something",
        "window": Window(started_at - timedelta(hours=1), started_at),
        "threshold": 0.5,
        "started_at": started_at,
        "ended_at": started_at + timedelta(milliseconds=7),
        "figures": WindowFigures(4, {14: 3, 2: 1}, 0.75, 1, 2),
        "violations": (Violation("PredictedClass", "baseline_drift_check", "something"),),
    }
    return Execution(**values | changes)


def to_captures(
    facts: RequestFacts,
    images: Sequence[StoredImage],
    predictions: Sequence[Prediction],
    model_sha256: str,
    mode: CaptureMode = CaptureMode.INPUT_AND_OUTPUT,
) -> list[Capture]:
    """The captures of one request that has been answered."""
    captures = begin_captures(facts, images, model_sha256, mode)
    return list(map(with_prediction, captures, predictions))


def comparable(record: Any) -> Any:
    """A record as plain data: arrays become lists, so that == compares everything."""
    if isinstance(record, list | tuple):
        return [comparable(each) for each in record]
    if isinstance(record, dict):
        return {name: comparable(value) for name, value in record.items()}
    if isinstance(record, np.ndarray):
        return record.tolist()
    if hasattr(record, "__dataclass_fields__"):
        return comparable(asdict(record))
    return record


moments = st.datetimes(
    min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)
)
class_ids = st.integers(0, CLASSES - 1)
probabilities = st.floats(0, 1, width=32)
suspicions = st.builds(
    Suspicion, st.none() | st.floats(0, 1), st.booleans(), st.lists(st.text(max_size=20)).map(tuple)
)
provenances = st.builds(
    Provenance,
    source=st.none() | st.text(max_size=10),
    label=st.none() | class_ids,
    attack=st.none() | st.sampled_from(["fgsm", "pgd", "deepfool"]),
    target=st.none() | class_ids,
    clean_sha256=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
)
predictions = st.builds(
    Prediction,
    class_ids,
    probabilities,
    st.lists(probabilities, min_size=CLASSES, max_size=CLASSES).map(
        lambda values: np.array(values, dtype=np.float32)
    ),
    suspicions,
)
payloads = st.builds(Payload, st.text(max_size=50), st.sampled_from(["CSV", "JSON", "BASE64"]))
sha256s = st.text("0123456789abcdef", min_size=64, max_size=64)
words = st.text(max_size=20)


@st.composite
def draw_capture(draw: st.DrawFn) -> Capture:
    """Any capture; whole, without its image, without its prediction, or with a class alone."""
    prediction = draw(predictions)
    of_answer: dict[str, Any] = draw(
        st.sampled_from(
            [
                answered(prediction),
                NO_PREDICTION,
                NO_PREDICTION | {"class_id": prediction.class_id},
            ]
        )
    )
    return with_own_id(
        Capture(
            capture_id="",
            event_id=draw(st.uuids().map(str)),
            position=draw(st.integers(0, 255)),
            endpoint=draw(words),
            variant=draw(words),
            inferred_at=draw(moments),
            input_content_type=draw(st.none() | words),
            output_content_type=draw(st.none() | words),
            inference_id=draw(st.none() | words),
            custom_attributes=draw(st.lists(words, max_size=3).map(tuple)),
            image_sha256=draw(st.none() | sha256s),
            **of_answer,
            model_sha256=draw(st.none() | words),
            provenance=draw(provenances),
            input=draw(st.none() | payloads),
            output=draw(st.none() | payloads),
            envelope=draw(st.none() | words),
        )
    )


captures = draw_capture()
decisions = st.builds(
    Decision,
    capture_id=st.uuids().map(str),
    verdict=st.sampled_from(Verdict),
    true_class=st.none() | class_ids,
    note=st.text(max_size=50),
    analyst=st.text(max_size=20),
    decided_at=moments,
)
windows = st.tuples(moments, moments, st.none() | st.text(max_size=10)).map(
    lambda drawn: Window(min(drawn[:2]), max(drawn[:2]), drawn[2])
)
counts = st.dictionaries(class_ids, st.integers(1, 10**6))
violations = st.builds(Violation, st.text(max_size=10), st.text(max_size=10), st.text(max_size=50))
executions = st.builds(
    Execution,
    execution_id=st.uuids().map(str),
    trigger=st.sampled_from(Trigger),
    status=st.sampled_from(ExecutionStatus),
    message=st.text(max_size=50),
    window=windows,
    threshold=st.floats(0, 1),
    started_at=moments,
    ended_at=moments,
    figures=st.none()
    | st.builds(
        WindowFigures,
        total=st.integers(0, 10**9),
        counts=counts,
        mean_confidence=st.none() | st.floats(0, 1),
        low_confidence=st.none() | st.integers(0, 10**9),
        flagged=st.none() | st.integers(0, 10**9),
        unreadable=st.integers(0, 10**9),
    ),
    violations=st.lists(violations, max_size=3).map(tuple),
    outcomes=st.lists(
        st.builds(
            Outcome,
            rule=st.text(max_size=20),
            state=st.sampled_from(RuleState),
            figure=st.none() | st.floats(0, 1),
            threshold=st.floats(0, 1),
            sentence=st.text(max_size=50),
            violations=st.lists(violations, max_size=2).map(tuple),
            decides=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    baseline_id=st.none() | st.uuids().map(str),
    due_at=st.none() | moments,
)
