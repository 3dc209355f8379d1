"""Which requests get their tensors recorded, and when: after the answer, out of everybody's way."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.images import ImageFile, ImageLimits
from core.metrics import Metrics
from core.model.classifier import Classifier
from core.model.threads import compute_on_one_thread
from core.records.captures import Capture, Prediction, StoredImage
from core.records.tensors import ModeKeys, SaveConfig, TensorRecord
from core.records.window import now
from core.store import TensorsTable
from core.tensors.hooks import Hook

logger = logging.getLogger(__name__)

MAX_WAITING = 32  # requests; what comes while as many wait is not recorded
NICENESS = 15  # more than serving's: whatever answers goes first
PATIENCE = 2.0  # seconds that one recording waits at most for a moment without requests
LOOK = 0.02  # seconds between two looks for such a moment
ON_DEMAND = "asked for"


@dataclass(frozen=True)
class Answered:
    """One image of a request that has been answered."""

    capture: Capture
    image: StoredImage
    prediction: Prediction


@dataclass(frozen=True)
class _Waiting:
    answered: Answered
    why: str


class Recorder:
    """Records tensors of requests on one thread of low priority, and of captures on demand.

    save_config, flagged: which images are recorded by themselves; keep: how many records the
    log holds at most; in_work: how many requests are under way.
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
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def automatic(self) -> bool:
        """Whether any request is recorded by itself."""
        return self._flagged or bool(self._save_config.mode_save_configs)

    def offer(self, answered: Sequence[Answered]) -> None:
        """Images of an answered request: those that are chosen wait, if there is room.

        Takes no time and raises nothing. An image that the log does not keep is never recorded.
        """
        if not self.automatic or self._closed.is_set():
            return
        for each in answered:
            with self._counting:
                number, self._seen = self._seen, self._seen + 1
            why = self._why(number, each)
            if why is None or each.capture.image_sha256 is None:
                continue
            try:
                self._waiting.put_nowait(_Waiting(each, why))
            except queue.Full:
                self._metrics.tensors("dropped")
            else:
                self._start()

    def record(
        self, capture: Capture, image: NDArray[np.uint8], class_id: int | None
    ) -> TensorRecord:
        """Record a capture now, for a class (None: the predicted one); raises BadInput."""
        return self._record(capture, image, class_id, ModeKeys.EVAL, ON_DEMAND)

    def flush(self) -> None:
        """Return once everything that waits has been recorded, or dropped by `close`."""
        self._waiting.join()

    def close(self) -> None:
        """Stop; what still waits is dropped."""
        self._closed.set()
        with suppress(queue.Full):
            self._waiting.put_nowait(None)  # else it is not waiting, and looks before the next one
        if self._thread is not None:
            self._thread.join()
        with suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
                self._waiting.task_done()

    def _why(self, number: int, answered: Answered) -> str | None:
        if self._flagged and answered.prediction.suspicion.flagged:
            return "flagged"
        if self._save_config.should_save_step(ModeKeys.PREDICT, number):
            return f"image {number} since the start"
        return None

    def _start(self) -> None:
        with self._counting:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._work, name="tensors", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        compute_on_one_thread(niceness=NICENESS)
        while not self._closed.is_set():
            waiting = self._waiting.get()
            try:
                if waiting is None or self._closed.is_set():
                    return
                self._wait_for_quiet()
                self._record_waiting(waiting)
            except Exception:
                # Nobody waits for it; the next one may succeed.
                logger.exception("Tensors of a request could not be recorded")
                self._metrics.tensors("failed")
            finally:
                self._waiting.task_done()

    def _wait_for_quiet(self) -> None:
        for _ in range(round(PATIENCE / LOOK)):
            if self._in_work() == 0 or self._closed.wait(LOOK):
                return

    def _record_waiting(self, waiting: _Waiting) -> None:
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
