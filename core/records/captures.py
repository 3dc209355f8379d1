"""Requests, predictions, and what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.images import suffix_of


@dataclass(frozen=True)
class Suspicion:
    """How unlike clean traffic a prediction is.

    p_value: share of clean calibration images that are at least as unlike, None without a
    calibration; flagged: at or below the level in force, or caught by the trust rule; reasons:
    why, in words.
    """

    p_value: float | None
    flagged: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """One answer of the classifier.

    probabilities: (classes,) float32, calibrated, sum 1; look: (LOOK,), what the image shows, None
    where that is not known.
    """

    class_id: int
    confidence: float
    probabilities: NDArray[np.float32]
    suspicion: Suspicion
    look: NDArray[np.float16] | None = field(default=None, compare=False)

    def top(self, count: int = 3) -> list[tuple[int, float]]:
        """The `count` most likely classes with their probabilities, best first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(int(k), float(self.probabilities[k])) for k in order]


@dataclass(frozen=True)
class Provenance:
    """Where an image came from, as far as its sender names it (custom attributes).

    label: the true class; attack, target: how it was made; clean_sha256: the image it was
    made of, kept in the log; source: who sent it.
    """

    source: str | None = None
    label: int | None = None
    attack: str | None = None
    target: int | None = None
    clean_sha256: str | None = None


@dataclass(frozen=True)
class StoredImage:
    """An image as it is kept: an encoded file, named by the SHA-256 of its bytes."""

    sha256: str
    media_type: str
    content: bytes
    width: int
    height: int

    @property
    def suffix(self) -> str:
        """Of its file's name: png, jpg, ...; an array counts as png."""
        return suffix_of(self.media_type)


class CaptureMode(StrEnum):
    """Which side of a request is kept, in SageMaker's words."""

    INPUT = "Input"
    OUTPUT = "Output"
    INPUT_AND_OUTPUT = "InputAndOutput"

    @property
    def keeps_input(self) -> bool:
        """Whether the image is kept."""
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
    input, output: the payloads of a capture file that cannot be rebuilt from the other fields.
    envelope: the rest of its line, where that is not the standard one. An imported request has
    these three at position 0.
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


@dataclass(frozen=True, eq=False)
class Predictions:
    """Columns of n predictions, as a baseline is made of them.

    class_ids: (n,); flagged: (n,), None unless all of them tell; confidences, p_values: at most
    (n,), of those that tell; at: (n,) datetime64[us] in UTC, rising; sources: of n, who sent each,
    None where nobody knows; looks: (n, LOOK), what each image shows, NaN where that is not known.
    """

    class_ids: NDArray[np.int64]
    flagged: NDArray[np.bool_] | None
    confidences: NDArray[np.float64]
    p_values: NDArray[np.float64]
    at: NDArray[np.datetime64]
    sources: Sequence[str | None]
    looks: NDArray[np.float16] | None = None

    @staticmethod
    def of(predictions: Sequence[Prediction], signs: Sequence[object] | None = None) -> Predictions:
        """The columns of predictions that this program made, at no time.

        signs: which one each shows; each another if None.
        """
        p_values = [each.suspicion.p_value for each in predictions]
        return Predictions(
            np.array([each.class_id for each in predictions], dtype=np.int64),
            np.array([each.suspicion.flagged for each in predictions], dtype=bool),
            np.array([each.confidence for each in predictions], dtype=np.float64),
            np.array([each for each in p_values if each is not None], dtype=np.float64),
            np.zeros(len(predictions), dtype="datetime64[us]"),
            list(map(str, range(len(predictions)) if signs is None else signs)),
        )
