"""The path of a request: body -> pictures -> predictions -> captures -> answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.batching import Batcher
from core.capture import (
    Capturer,
    CaptureRules,
    RequestFacts,
    begin_captures,
    to_stored_image,
    with_prediction,
)
from core.errors import Unavailable
from core.images import Picture
from core.metrics import Metrics
from core.types import Capture, Prediction, StoredImage
from core.vision.predictor import Predictor
from core.vision.threads import SERVING_WORKERS, compute_on_one_thread

MAX_BATCH = 32  # larger ones are no faster, and keep others waiting
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


@dataclass(frozen=True)
class _Waiting:
    """One picture on its way through a batch; capture: None if it is not sampled."""

    prepared: Any
    capture: Capture | None
    image: StoredImage


class Serving:
    """Answers requests from many threads; each is durable in the log before its answer leaves.

    Whatever is predicted in one batch is written in one transaction.
    """

    def __init__(
        self, predictor: Predictor, capturer: Capturer, rules: CaptureRules, metrics: Metrics, *,
        max_waiting: int, in_flight: Callable[[], int],
    ) -> None:  # fmt: skip
        self._predictor = predictor
        self._capturer = capturer
        self._rules = rules
        self._metrics = metrics
        # Decoded pictures are large; no more of them at a time than can be worked on.
        self._decoding = threading.Semaphore(os.cpu_count() or 1)
        self._batcher: Batcher[_Waiting, Prediction] = Batcher(
            self._predict, self._write, max_waiting=max_waiting, max_batch=MAX_BATCH,
            workers=SERVING_WORKERS, started=compute_on_one_thread, in_flight=in_flight,
        )  # fmt: skip

    @property
    def waiting(self) -> int:
        """How many pictures wait for a forward pass."""
        return self._batcher.waiting

    def receive(self, read: Callable[[], Sequence[Picture]]) -> Received:
        """Decode pictures with `read` and let go of their pixels; what `read` raises passes."""
        with self._decoding:
            pictures = read()
            prepared = [self._predictor.prepare(picture.pixels) for picture in pictures]
            return Received(tuple(to_stored_image(picture) for picture in pictures), prepared)

    def submit(self, received: Received, facts: RequestFacts) -> Future[Answer]:
        """The answer, once all that is sampled is durable; raises Unavailable if too many wait."""
        captures = self._begin_captures(received, facts)
        waiting = map(_Waiting, received.prepared, captures, received.images)
        predicted = self._batcher.submit(list(waiting))
        answered: Future[Answer] = Future()

        def answer(predicted: Future[list[Prediction]]) -> None:
            if error := predicted.exception():
                answered.set_exception(error)
                return
            ids = tuple(capture.capture_id if capture else None for capture in captures)
            done = Answer(tuple(predicted.result()), ids)
            self._metrics.predicted(facts.endpoint, done.predictions, len(ids) - ids.count(None))
            answered.set_result(done)

        predicted.add_done_callback(answer)
        return answered

    def check(self) -> None:
        """Raise Unavailable unless the classifier answers."""
        blank = Picture.from_pixels(np.zeros((32, 32, 3), np.uint8))
        waiting = _Waiting(self._predictor.prepare(blank.pixels), None, to_stored_image(blank))
        try:
            self._batcher.submit([waiting]).result(CHECK_SECONDS)
        except TimeoutError:
            raise Unavailable(f"the classifier has not answered within {CHECK_SECONDS} s") from None

    def close(self) -> None:
        """Answer and write what waits, then stop."""
        self._batcher.close()
        self._capturer.close()

    def _begin_captures(self, received: Received, facts: RequestFacts) -> Sequence[Capture | None]:
        rule = self._rules.of(facts.endpoint)
        if not self._capturer.sampled(rule):
            return [None] * len(received.images)
        model_sha256 = self._predictor.classifier.manifest.sha256
        return begin_captures(facts, received.images, model_sha256, rule.mode)

    def _predict(self, batch: Sequence[_Waiting]) -> list[Prediction]:
        self._metrics.batch_size.observe(len(batch))
        return self._predictor.predict_prepared([each.prepared for each in batch])

    def _write(self, batch: Sequence[_Waiting], predictions: Sequence[Prediction]) -> Future[None]:
        captures, images = [], []
        for waiting, prediction in zip(batch, predictions, strict=True):
            if waiting.capture is not None:
                captures.append(with_prediction(waiting.capture, prediction))
                if waiting.capture.image_sha256 is not None:
                    images.append(waiting.image)
        return self._capturer.submit(captures, images)
