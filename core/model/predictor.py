"""Images -> predictions: classifier, calibrated confidence and suspicion in one call."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.errors import BadInput
from core.model import classifier as classifiers
from core.model.classifier import Classifier
from core.model.onnx import compile_forward
from core.model.suspicion.calibration import ANEW, CALIBRATION_FILE, Calibration
from core.model.suspicion.features import Forward, Observer, observe
from core.model.suspicion.scores import judge
from core.records.captures import Prediction, Suspicion

logger = logging.getLogger(__name__)


class Predictor:
    """What serving uses. alpha: the share of clean predictions that may be flagged.

    calibration None: only the trust rule flags, and there are no p-values; uncalibrated: why, in a
    sentence.
    """

    def __init__(
        self,
        classifier: Classifier,
        calibration: Calibration | None,
        *,
        alpha: float,
        uncalibrated: str = "",
    ) -> None:
        """Raises BadInput where a calibration needs features that the network does not give."""
        self.classifier = classifier
        self.calibration = calibration
        self.alpha = alpha
        self.uncalibrated = uncalibrated
        self._observer = Observer(classifier, features=calibration is not None)
        self._forward: Forward | None = None

    @staticmethod
    def load(directory: Path, *, alpha: float) -> Predictor:
        """Model and calibration from `directory`; raises NotFound or BadInput.

        A calibration that is damaged or of other weights is refused: the trust rule alone flags
        then.
        """
        classifier = classifiers.load(directory)
        try:
            calibration = Calibration.read(directory, classifier.manifest.sha256)
            why = "" if calibration else f"{directory} holds no {CALIBRATION_FILE}; {ANEW}"
            return Predictor(classifier, calibration, alpha=alpha, uncalibrated=why)
        except BadInput as error:
            logger.warning("Only the trust rule flags: %s", error)
            return Predictor(classifier, None, alpha=alpha, uncalibrated=str(error))

    def compile(self, folder: Path) -> None:
        """Compile the forward pass; what was compiled once is kept in `folder`."""
        if self._forward is None:
            self._forward = compile_forward(self._observer, folder)

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """One prediction for each image (height, width, 3) uint8; sizes may differ."""
        return self.predict_prepared([self.prepare(image) for image in images])

    def prepare(self, image: NDArray[np.uint8]) -> Tensor:
        """What an image (height, width, 3) uint8 is reduced to before it waits for a batch."""
        return self.classifier.prepare(image)

    def predict_prepared(self, prepared: Sequence[Tensor]) -> list[Prediction]:
        """One prediction for each prepared image, from one common batch with altered copies."""
        seen = observe(
            self._observer.names,
            self._forward or self._observer.compute,
            prepared,
            altered=self.calibration is not None,
        )
        probabilities = self.classifier.tempered(seen.logits)
        suspicions = judge(seen, probabilities, self.calibration, self.alpha)
        return [_prediction(*pair) for pair in zip(probabilities, suspicions, strict=True)]


def _prediction(probabilities: NDArray[np.float32], suspicion: Suspicion) -> Prediction:
    class_id = int(probabilities.argmax())
    return Prediction(class_id, float(probabilities[class_id]), probabilities, suspicion)
