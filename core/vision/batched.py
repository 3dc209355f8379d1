"""Predictions for many threads at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.batching import Batcher
from core.types import Prediction
from core.vision.predictor import Predictor
from core.vision.threads import SERVING_WORKERS, compute_on_one_thread

MAX_BATCH = 32  # larger ones are no faster, and keep others waiting


class BatchedPredictor:
    """A predictor whose concurrent callers share forward passes.

    max_waiting: most pictures in the queue; observe: called with the size of each batch; in_flight:
    how many requests are under way.
    """

    def __init__(
        self, predictor: Predictor, *, max_waiting: int, observe: Callable[[int], None],
        in_flight: Callable[[], int],
    ) -> None:  # fmt: skip
        self._predictor = predictor
        self._observe = observe
        self._batcher: Batcher[Tensor, Prediction] = Batcher(
            self._work, max_waiting=max_waiting, max_batch=MAX_BATCH, workers=SERVING_WORKERS,
            started=compute_on_one_thread, in_flight=in_flight,
        )  # fmt: skip

    @property
    def waiting(self) -> int:
        """How many pictures wait for a forward pass."""
        return self._batcher.waiting

    def prepare(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """What pictures (height, width, 3) uint8 are reduced to before they wait."""
        return [self._predictor.prepare(picture) for picture in pictures]

    def submit(self, prepared: Sequence[Tensor]) -> Future[list[Prediction]]:
        """One prediction to be for each prepared picture; raises Unavailable if too many wait."""
        return self._batcher.submit(prepared)

    def close(self) -> None:
        """Answer what waits, then stop."""
        self._batcher.close()

    def _work(self, prepared: Sequence[Tensor]) -> list[Prediction]:
        self._observe(len(prepared))
        return self._predictor.predict_prepared(prepared)
