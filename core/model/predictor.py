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
from core.model.suspicion.features import FeatureExtractor, Forward, extract
from core.model.suspicion.scores import judge
from core.records.captures import Prediction, Suspicion

logger = logging.getLogger(__name__)


class Predictor:
    """Predicts as serving does: classifier, calibrated confidence, suspicion.

    Parameters
    ----------
    classifier
        It is not changed.
    calibration
        None: only the trust rule flags, and there are no p-values.
    alpha
        In [0, 1], the share of clean predictions that may be flagged.
    uncalibrated
        Why there is no calibration, in a sentence.

    Raises
    ------
    BadInput
        The calibration needs features that the network does not give.

    Examples
    --------
    >>> from core import samples
    >>> from core.settings import Settings
    >>> predictor = Predictor.load(Settings().model, alpha=0.01)
    >>> (stop,) = predictor.predict([samples.of_class(14)[0].image().pixels])
    >>> stop.class_id, stop.suspicion.flagged
    (14, False)
    """

    def __init__(
        self,
        classifier: Classifier,
        calibration: Calibration | None,
        *,
        alpha: float,
        uncalibrated: str = "",
    ) -> None:
        self.classifier = classifier
        self.calibration = calibration
        self.alpha = alpha
        self.uncalibrated = uncalibrated
        self._extractor = FeatureExtractor(classifier, features=calibration is not None)
        self._forward: Forward | None = None

    @staticmethod
    def load(directory: Path, *, alpha: float) -> Predictor:
        """Load model and calibration from `directory`.

        A damaged calibration, or one of other weights, is refused with a warning in the log; only
        the trust rule flags then.

        Raises
        ------
        NotFound
            The folder holds no model.
        BadInput
            The model is damaged.
        """
        classifier = classifiers.load(directory)
        try:
            known = classifier.manifest
            calibration = Calibration.read(directory, known.sha256, known.calibration_sha256)
            why = "" if calibration else f"{directory} holds no {CALIBRATION_FILE}; {ANEW}"
            return Predictor(classifier, calibration, alpha=alpha, uncalibrated=why)
        except BadInput as error:
            logger.warning("Only the trust rule flags: %s", error)
            return Predictor(classifier, None, alpha=alpha, uncalibrated=str(error))

    def compile(self, folder: Path) -> None:
        """Compile the forward pass, once; the result is kept in `folder`."""
        if self._forward is None:
            self._forward = compile_forward(self._extractor, folder)

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """One prediction for each image (height, width, 3) uint8; sizes may differ."""
        return self.predict_prepared([self.prepare(image) for image in images])

    def prepare(self, image: NDArray[np.uint8]) -> Tensor:
        """Resize an image (height, width, 3) uint8 to (1, 3, side, side), for a later batch."""
        return self.classifier.prepare(image)

    def predict_prepared(self, prepared: Sequence[Tensor]) -> list[Prediction]:
        """One prediction for each prepared image, from one batch with their transforms."""
        outputs = extract(
            self._extractor.names,
            self._forward or self._extractor.compute,
            prepared,
            transformed=self.calibration is not None,
        )
        probabilities = self.classifier.tempered(outputs.logits)
        suspicions = judge(outputs, probabilities, self.calibration, self.alpha)
        fitted = self.calibration and self.calibration.looks
        looks = fitted.of(outputs) if fitted else [None] * len(suspicions)
        return list(map(_prediction, probabilities, suspicions, looks))


def _prediction(
    probabilities: NDArray[np.float32], suspicion: Suspicion, look: NDArray[np.float16] | None
) -> Prediction:
    class_id = int(probabilities.argmax())
    return Prediction(class_id, float(probabilities[class_id]), probabilities, suspicion, look)
