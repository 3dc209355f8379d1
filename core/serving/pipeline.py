"""The way of a request: body -> images -> predictions -> captures -> answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from core.capture.provenance import RequestFacts
from core.capture.rules import CaptureRules
from core.capture.writer import (
    Capturer,
    Known,
    begin_captures,
    to_stored_image,
    with_prediction,
)
from core.errors import Unavailable
from core.images import ImageFile
from core.invocations import Opened
from core.metrics import Metrics
from core.model.predictor import Predictor
from core.model.threads import SERVING_WORKERS, compute_on_one_thread
from core.records.captures import Capture, Prediction, StoredImage
from core.records.inference import Answer
from core.serving.batching import Batcher
from core.serving.decoding import Decoders
from core.tensors.recorder import Answered

MAX_BATCH = 32  # larger ones are no faster, and delay other requests
CHECK_SECONDS = 10


@dataclass
class _Waiting:
    """One image of a batch; capture: None if it is not sampled.

    before: of a retry, the capture that was stored before.
    """

    prepared: Any
    capture: Capture | None
    image: StoredImage
    before: Capture | None = None

    def answer(self, prediction: Prediction) -> tuple[Prediction, str | None]:
        """What the client is answered: on a retry, what it was answered before."""
        counting = self.before or self.capture
        first = self.before.prediction if self.before else None
        return first or prediction, counting.capture_id if counting else None


class Serving:
    """Answers requests from many threads; captures are durable before their answer leaves.

    The images of one batch are written in one transaction.

    Parameters
    ----------
    max_waiting
        The most images that wait for a batch.
    in_flight
        How many requests are in progress; batches linger for them.
    answered
        Called with the captured images of a request once its answer has left; it must not fail.
    """

    def __init__(
        self,
        predictor: Predictor,
        capturer: Capturer,
        rules: CaptureRules,
        metrics: Metrics,
        *,
        max_waiting: int,
        in_flight: Callable[[], int],
        answered: Callable[[Sequence[Answered]], None] = lambda images: None,
    ) -> None:
        self._answered = answered
        self._predictor = predictor
        self._capturer = capturer
        self._rules = rules
        self._metrics = metrics
        self._decoders = Decoders()
        self._batcher: Batcher[_Waiting, Prediction] = Batcher(
            self._predict,
            self._write,
            max_waiting=max_waiting,
            max_batch=MAX_BATCH,
            workers=SERVING_WORKERS,
            started=compute_on_one_thread,
            in_flight=in_flight,
        )

    @property
    def waiting(self) -> int:
        """How many images wait for a forward pass."""
        return self._batcher.waiting

    def submit(self, opened: Callable[[], Sequence[Opened]], facts: RequestFacts) -> Future[Answer]:
        """Answer the images that `opened` returns.

        Returns
        -------
        Future[Answer]
            Done once everything that is sampled is durable. Its exception is what `opened` or
            decoding raises, or Unavailable if too many images wait.

        Raises
        ------
        Unavailable
            Serving is closed.
        """
        answered: Future[Answer] = Future()
        decoded = self._decoders.submit(opened, self._prepared)
        decoded.add_done_callback(partial(self._begin, facts, answered))
        return answered

    def store(self, opened: Callable[[], Sequence[Opened]]) -> Future[list[StoredImage]]:
        """The form in which the log keeps the images that `opened` returns, once decoded."""
        return self._decoders.submit(opened, to_stored_image)

    def check(self) -> None:
        """Raise Unavailable unless the classifier answers."""
        blank = ImageFile.from_pixels(np.zeros((32, 32, 3), np.uint8))
        waiting = _Waiting(self._predictor.prepare(blank.pixels), None, to_stored_image(blank))
        try:
            self._batcher.submit([waiting]).result(CHECK_SECONDS)
        except TimeoutError:
            raise Unavailable(f"the classifier has not answered within {CHECK_SECONDS} s") from None

    def close(self) -> None:
        """Answer and write what waits, then stop."""
        self._decoders.close()
        self._batcher.close()
        self._capturer.close()

    def _prepared(self, image: ImageFile) -> tuple[Any, StoredImage]:
        """An image resized for the classifier, and as the log keeps it."""
        return self._predictor.prepare(image.pixels), to_stored_image(image)

    def _begin(
        self,
        facts: RequestFacts,
        answered: Future[Answer],
        decoded: Future[list[tuple[Any, StoredImage]]],
    ) -> None:
        try:
            waiting = self._waiting(decoded.result(), facts)
            predicted = self._batcher.submit(waiting)
        except Exception as error:  # noqa: BLE001
            answered.set_exception(error)  # the caller learns of it
        else:
            predicted.add_done_callback(partial(self._finish, waiting, facts, answered))

    def _waiting(
        self, decoded: Sequence[tuple[Any, StoredImage]], facts: RequestFacts
    ) -> list[_Waiting]:
        """The images of one request with their captures."""
        stored = [image for _, image in decoded]
        captures: Sequence[Capture | None] = [None] * len(stored)
        rule = self._rules.of(facts.endpoint)
        if self._capturer.sampled(rule):
            model_sha256 = self._predictor.classifier.manifest.sha256
            captures = begin_captures(facts, stored, model_sha256, rule.mode)
        return list(map(_Waiting, (prepared for prepared, _ in decoded), captures, stored))

    def _finish(
        self,
        waiting: Sequence[_Waiting],
        facts: RequestFacts,
        answered: Future[Answer],
        predicted: Future[list[Prediction]],
    ) -> None:
        if error := predicted.exception():
            answered.set_exception(error)
            return
        answers = list(map(_Waiting.answer, waiting, predicted.result()))
        predictions = tuple(prediction for prediction, _ in answers)
        captured = [
            Answered(each.capture, each.image, prediction)
            for each, prediction in zip(waiting, predictions, strict=True)
            if each.capture is not None and each.before is None
        ]
        self._metrics.predicted(facts.endpoint, predictions, len(captured))
        answered.set_result(Answer(predictions, tuple(name for _, name in answers)))
        self._answered(captured)

    def _predict(self, batch: Sequence[_Waiting]) -> list[Prediction]:
        self._metrics.batch_size.observe(len(batch))
        return self._predictor.predict_prepared([each.prepared for each in batch])

    def _write(self, batch: Sequence[_Waiting], predictions: Sequence[Prediction]) -> Future[Known]:
        captures, images, looks = [], [], {}
        for waiting, prediction in zip(batch, predictions, strict=True):
            if waiting.capture is not None:
                captures.append(with_prediction(waiting.capture, prediction))
                if captures[-1].class_id is not None and prediction.look is not None:
                    looks[captures[-1].capture_id] = prediction.look
                if waiting.capture.image_sha256 is not None:
                    images.append(waiting.image)
        written = self._capturer.submit(captures, images, looks)
        written.add_done_callback(partial(_mark_retries, batch))  # before the batch is answered
        return written


def _mark_retries(batch: Sequence[_Waiting], written: Future[Known]) -> None:
    if written.exception() is None:
        for waiting in batch:
            if waiting.capture is not None:
                waiting.before = written.result().get(waiting.capture.capture_id)
