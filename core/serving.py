"""The path of a request: body -> pictures -> predictions -> captures -> answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.capture import Capturer, CaptureRules, RequestFacts, to_captures, to_stored_image
from core.errors import Unavailable
from core.images import Picture
from core.metrics import Metrics
from core.types import Prediction, StoredImage
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
        metrics: Metrics, *, model_sha256: str,
    ) -> None:  # fmt: skip
        self._predictor = predictor
        self._capturer = capturer
        self._rules = rules
        self._metrics = metrics
        self._model_sha256 = model_sha256
        # Decoded pictures are large; no more of them at a time than can be worked on.
        self._decoding = threading.Semaphore(os.cpu_count() or 1)

    def receive(self, read: Callable[[], Sequence[Picture]]) -> Received:
        """Decode pictures with `read` and let go of their pixels; what `read` raises passes."""
        with self._decoding:
            pictures = read()
            prepared = self._predictor.prepare([picture.pixels for picture in pictures])
            return Received(tuple(to_stored_image(picture) for picture in pictures), prepared)

    def predict(self, received: Received) -> Future[list[Prediction]]:
        """The predictions to be; raises Unavailable if too many pictures wait."""
        return self._predictor.submit(received.prepared)

    def capture(
        self, received: Received, facts: RequestFacts, predictions: Sequence[Prediction]
    ) -> Future[Answer]:
        """The answer, as soon as what is sampled of the request is durable; raises Unavailable."""
        rule = self._rules.of(facts.endpoint)
        if not self._capturer.sampled(rule):
            return self._answered(facts, Answer(tuple(predictions), (None,) * len(predictions)))
        captures = to_captures(facts, received.images, predictions, self._model_sha256, rule.mode)
        answer = Answer(tuple(predictions), tuple(capture.capture_id for capture in captures))
        images = received.images if rule.mode.keeps_input else ()
        return self._answered(facts, answer, self._capturer.submit(captures, images))

    def answer(self, received: Received, facts: RequestFacts) -> Answer:
        """Predict, capture if sampled, and only then return; raises Unavailable."""
        return self.capture(received, facts, self.predict(received).result()).result()

    def check(self) -> None:
        """Raise Unavailable unless the classifier answers."""
        blank = np.zeros((32, 32, 3), np.uint8)
        try:
            self._predictor.submit(self._predictor.prepare([blank])).result(CHECK_SECONDS)
        except TimeoutError:
            raise Unavailable(f"the classifier has not answered within {CHECK_SECONDS} s") from None

    def close(self) -> None:
        """Answer and write what waits, then stop."""
        self._predictor.close()
        self._capturer.close()

    def _answered(
        self, facts: RequestFacts, answer: Answer, durable: Future[None] | None = None
    ) -> Future[Answer]:
        """`answer`, counted once `durable` is done; its failure otherwise."""
        done: Future[Answer] = Future()

        def finish(durable: Future[None] | None) -> None:
            if durable is not None and (error := durable.exception()):
                done.set_exception(error)
                return
            captured = 0 if durable is None else len(answer.predictions)
            self._metrics.predicted(facts.endpoint, answer.predictions, captured)
            done.set_result(answer)

        if durable is None:
            finish(None)
        else:
            durable.add_done_callback(finish)
        return done
