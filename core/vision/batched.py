"""Predictions for many threads at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.batching import Batcher
from core.errors import Unavailable
from core.types import Prediction
from core.vision.predictor import Predictor
from core.vision.threads import SERVING_WORKERS, compute_on_one_thread

MAX_BATCH = 32  # larger ones are no faster, and keep others waiting


class BatchedPredictor:
    """A predictor whose concurrent callers share forward passes.

    max_waiting: most pictures in the queue; observe: called with the size of each batch.
    """

    def __init__(
        self, predictor: Predictor, *, max_waiting: int, observe: Callable[[int], None]
    ) -> None:
        self._predictor = predictor
        self._observe = observe
        self._batcher: Batcher[Tensor, Prediction] = Batcher(
            self._work, max_waiting=max_waiting, max_batch=MAX_BATCH, workers=SERVING_WORKERS,
            started=compute_on_one_thread,
        )  # fmt: skip

    @property
    def waiting(self) -> int:
        """How many pictures wait for a forward pass."""
        return self._batcher.waiting

    def prepare(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """What pictures (height, width, 3) uint8 are reduced to before they wait."""
        return [self._predictor.prepare(picture) for picture in pictures]

    def predict(
        self, prepared: Sequence[Tensor], *, timeout: float | None = None
    ) -> list[Prediction]:
        """One prediction for each prepared picture, within `timeout` seconds.

        Raises Unavailable if too many wait already, or if it takes longer.
        """
        try:
            return self._batcher.submit(prepared).result(timeout)
        except TimeoutError:
            raise Unavailable(f"the classifier has not answered within {timeout} s") from None

    def close(self) -> None:
        """Answer what waits, then stop."""
        self._batcher.close()

    def _work(self, prepared: Sequence[Tensor]) -> list[Prediction]:
        self._observe(len(prepared))
        return self._predictor.predict_prepared(prepared)
