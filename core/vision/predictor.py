"""Pictures -> predictions: classifier, calibrated confidence and suspicion in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.types import Prediction
from core.vision import classifier as classifiers
from core.vision.classifier import BATCH, Classifier
from core.vision.compiled import Forward, compile_forward
from core.vision.suspicion import MarginCalibration, judge


class Predictor:
    """What serving uses. alpha: the share of clean predictions that may be flagged."""

    def __init__(
        self, classifier: Classifier, calibration: MarginCalibration | None, *, alpha: float
    ) -> None:
        self.classifier = classifier
        self.calibration = calibration
        self.alpha = alpha
        self._compiled: Forward | None = None

    @staticmethod
    def load(directory: Path, *, alpha: float) -> Predictor:
        """Model and calibration from `directory`; raises NotFound or BadInput."""
        calibration = MarginCalibration.read(directory)
        return Predictor(classifiers.load(directory), calibration, alpha=alpha)

    def compile(self, folder: Path) -> None:
        """Compile the forward pass; what was compiled once is kept in `folder`."""
        if self._compiled is None:
            self._compiled = compile_forward(self.classifier, folder)

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """One prediction for each picture (height, width, 3) uint8; sizes may differ."""
        return self.predict_prepared([self.prepare(picture) for picture in pictures])

    def prepare(self, picture: NDArray[np.uint8]) -> Tensor:
        """What a picture (height, width, 3) uint8 is reduced to before it waits for a batch."""
        return self.classifier.prepare(picture)

    def predict_prepared(self, prepared: Sequence[Tensor]) -> list[Prediction]:
        """One prediction for each prepared picture."""
        if self._compiled is None:
            logits = self.classifier.logits_of(prepared)
        else:
            batches = torch.split(torch.cat(list(prepared)), BATCH)
            logits = np.concatenate([self._compiled(batch) for batch in batches])
        probabilities = self.classifier.tempered(logits)
        return [self._prediction(*pair) for pair in zip(logits, probabilities, strict=True)]

    def _prediction(
        self, logits: NDArray[np.float32], probabilities: NDArray[np.float32]
    ) -> Prediction:
        class_id = int(probabilities.argmax())
        suspicion = judge(logits, probabilities, self.calibration, self.alpha)
        return Prediction(class_id, float(probabilities[class_id]), probabilities, suspicion)
