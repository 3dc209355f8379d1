"""The path of a request: body -> pictures -> predictions -> captures -> answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.capture import Capturer, CaptureRules, RequestFacts, to_captures, to_stored_image
from core.errors import Unavailable
from core.images import Picture
from core.metrics import Metrics
from core.types import CaptureSettings, Prediction, StoredImage
from core.vision.batched import BatchedPredictor

CHECK_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """What became of one request; capture ids are None where it was not sampled."""

    predictions: tuple[Prediction, ...]
    capture_ids: tuple[str | None, ...]


@dataclass(frozen=True)
class Received:
    """The pictures of one request, reduced to what the classifier and the log take."""

    images: tuple[StoredImage, ...]
    prepared: Sequence[Any]


class Serving:
    """Answers requests from many threads; each is durable in the log before its answer leaves."""

    def __init__(
        self, predictor: BatchedPredictor, capturer: Capturer, rules: CaptureRules,
        metrics: Metrics, *, model_sha256: str, max_concurrent: int,
    ) -> None:  # fmt: skip
        self._predictor = predictor
        self._capturer = capturer
        self._rules = rules
        self._metrics = metrics
        self._model_sha256 = model_sha256
        self.max_concurrent = max_concurrent
        self._slots = threading.Semaphore(max_concurrent)
        # Decoded pictures are large; no more of them at a time than can be worked on.
        self._decoding = threading.Semaphore(os.cpu_count() or 1)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """A place among the requests in work; raises Unavailable if there is none."""
        if not self._slots.acquire(blocking=False):
            raise Unavailable(
                f"{self.max_concurrent} requests are in work, at most that many may be "
                "(SIGNWATCH_MAX_CONCURRENT); send this one again later"
            )
        try:
            yield
        finally:
            self._slots.release()

    def receive(self, read: Callable[[], Sequence[Picture]]) -> Received:
        """Decode pictures with `read` and let go of their pixels; what `read` raises passes."""
        with self._decoding:
            pictures = read()
            prepared = self._predictor.prepare([picture.pixels for picture in pictures])
            return Received(tuple(to_stored_image(picture) for picture in pictures), prepared)

    def answer(self, received: Received, facts: RequestFacts) -> Answer:
        """Predict, capture if sampled, and only then answer; raises Unavailable."""
        predictions = tuple(self._predictor.predict(received.prepared))
        rule = self._rules.of(facts.endpoint)
        captured = self._capturer.sampled(rule)
        ids: tuple[str | None, ...] = (None,) * len(predictions)
        if captured:
            ids = self._capture(received, facts, predictions, rule)
        self._metrics.predicted(facts.endpoint, predictions, len(predictions) if captured else 0)
        return Answer(predictions, ids)

    def check(self) -> None:
        """Raise Unavailable unless the classifier answers."""
        blank = np.zeros((32, 32, 3), np.uint8)
        self._predictor.predict(self._predictor.prepare([blank]), timeout=CHECK_SECONDS)

    def close(self) -> None:
        """Answer and write what waits, then stop."""
        self._predictor.close()
        self._capturer.close()

    def _capture(
        self, received: Received, facts: RequestFacts, predictions: tuple[Prediction, ...],
        rule: CaptureSettings,
    ) -> tuple[str, ...]:  # fmt: skip
        captures = to_captures(facts, received.images, predictions, self._model_sha256, rule.mode)
        self._capturer.store(captures, received.images if rule.mode.keeps_input else ())
        return tuple(capture.capture_id for capture in captures)
