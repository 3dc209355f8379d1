"""Records tensors of requests after their answer, when no other request is in progress."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.images import ImageFile, ImageLimits
from core.jobs import Worker
from core.metrics import Metrics
from core.model.classifier import Classifier
from core.model.threads import compute_on_one_thread
from core.records.captures import Capture, Prediction, StoredImage
from core.records.tensors import ModeKeys, SaveConfig, TensorRecord
from core.records.window import now
from core.store import TensorsTable
from core.tensors.hooks import Hook

logger = logging.getLogger(__name__)

MAX_WAITING = 32  # requests; further ones are not recorded
NICENESS = 15  # more than serving's, which goes first
PATIENCE = 2.0  # seconds that a recording waits at most for a moment without requests
POLL = 0.02  # seconds between two checks for such a moment
ON_DEMAND = "asked for"


@dataclass(frozen=True)
class Answered:
    """One captured image of an answered request."""

    capture: Capture
    image: StoredImage
    prediction: Prediction


@dataclass(frozen=True)
class _Waiting:
    answered: Answered
    why: str


class Recorder:
    """Records tensors of requests on a thread of low priority, and of captures on demand.

    Parameters
    ----------
    classifier
        It is never touched: hooks are on a copy.
    limits
        On untrusted image files.
    include_regex
        The tensors to record, found anywhere in their names.
    save_config, flagged
        Which images are recorded automatically.
    keep
        The most records in the log; the oldest go.
    in_work
        How many requests are in progress.
    """

    def __init__(
        self,
        classifier: Classifier,
        table: TensorsTable,
        metrics: Metrics,
        limits: ImageLimits,
        *,
        include_regex: str,
        save_config: SaveConfig,
        flagged: bool,
        keep: int,
        in_work: Callable[[], int],
    ) -> None:
        self._classifier = classifier
        self._hook = Hook(classifier, include_regex)
        self._table = table
        self._metrics = metrics
        self._limits = limits
        self._save_config = save_config
        self._flagged = flagged
        self._keep = keep
        self._in_work = in_work
        self._seen = 0
        self._counting = threading.Lock()
        self._closed = threading.Event()
        self._worker: Worker[_Waiting] = Worker(
            "tensors",
            self._record_when_quiet,
            failed=self._failed,
            most=MAX_WAITING,
            started=lambda: compute_on_one_thread(niceness=NICENESS),
        )

    @property
    def automatic(self) -> bool:
        """Whether any request is recorded automatically."""
        return self._flagged or bool(self._save_config.mode_save_configs)

    def offer(self, answered: Sequence[Answered]) -> None:
        """Queue those images of an answered request that are to be recorded, if there is room.

        Returns at once and raises nothing. An image that the log does not keep is never recorded.
        """
        if not self.automatic or self._closed.is_set():
            return
        for each in answered:
            with self._counting:
                number, self._seen = self._seen, self._seen + 1
            why = self._why(number, each)
            if why is None or each.capture.image_sha256 is None:
                continue
            if not self._worker.offer(_Waiting(each, why)):
                self._metrics.tensors("dropped")

    def record(
        self, capture: Capture, image: NDArray[np.uint8], class_id: int | None
    ) -> TensorRecord:
        """Record a capture now, for a class (None: the predicted one); raises BadInput."""
        return self._record(capture, image, class_id, ModeKeys.EVAL, ON_DEMAND)

    def flush(self) -> None:
        """Return once everything that waits has been recorded, or dropped by `close`."""
        self._worker.flush()

    def close(self) -> None:
        """Stop; what still waits is dropped."""
        self._closed.set()
        self._worker.close()

    def _why(self, number: int, answered: Answered) -> str | None:
        if self._flagged and answered.prediction.suspicion.flagged:
            return "flagged"
        if self._save_config.should_save_step(ModeKeys.PREDICT, number):
            return f"image {number} since the start"
        return None

    def _failed(self, waiting: _Waiting, error: Exception) -> None:
        logger.error("Tensors of a request could not be recorded", exc_info=error)
        self._metrics.tensors("failed")

    def _wait_for_quiet(self) -> None:
        for _ in range(round(PATIENCE / POLL)):
            if self._in_work() == 0 or self._closed.wait(POLL):
                return

    def _record_when_quiet(self, waiting: _Waiting) -> None:
        self._wait_for_quiet()
        answered = waiting.answered
        image = ImageFile.from_file(answered.image.content, self._limits)
        self._record(
            answered.capture,
            image.pixels,
            answered.prediction.class_id,
            ModeKeys.PREDICT,
            waiting.why,
        )

    def _record(
        self,
        capture: Capture,
        image: NDArray[np.uint8],
        class_id: int | None,
        mode: ModeKeys,
        why: str,
    ) -> TensorRecord:
        recording = self._hook.record(image, class_id)
        record = self._table.add(
            recording,
            capture_id=capture.capture_id,
            captured_at=capture.inferred_at,
            recorded_at=now(),
            mode=mode,
            why=why,
            model_sha256=self._classifier.manifest.sha256,
            keep=self._keep,
        )
        self._metrics.tensors("recorded")
        return record
