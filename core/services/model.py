"""The model that serves: its predictions, what is known of it, what was measured on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.evaluation import intervals
from core.model.manifest import Manifest
from core.model.predictor import Predictor
from core.model.suspicion import drift
from core.records.captures import Prediction
from core.records.evaluation.report import AnyReport, Estimate
from core.store import PValuesTable


class Model:
    """Answers questions about the model that serves; images are (height, width, 3) uint8."""

    def __init__(self, predictor: Predictor, folder: Path, p_values: PValuesTable) -> None:
        self._predictor = predictor
        self._folder = folder
        self._p_values = p_values

    @property
    def manifest(self) -> Manifest:
        """Architecture, input size, labels, recipe, measured figures."""
        return self._predictor.classifier.manifest

    @property
    def sha256(self) -> str:
        """The checksum of its weights, in hexadecimal digits."""
        return self.manifest.sha256

    @property
    def alpha(self) -> float:
        """The p-value, in [0, 1], at which a prediction is flagged."""
        return self._predictor.alpha

    @property
    def uncalibrated(self) -> str | None:
        """Why there are no p-values, in a sentence; None where there are."""
        return None if self._predictor.calibration else self._predictor.uncalibrated

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """One prediction for each image, as serving makes it; nothing is captured."""
        return self._predictor.predict(images)

    def report(self, kind: type[AnyReport]) -> AnyReport | None:
        """The report of that kind beside the weights, possibly of other weights.

        Returns
        -------
        AnyReport or None
            None where nothing was measured; `Report.measures` tells whose it is.

        Raises
        ------
        BadInput
            The file is damaged.
        """
        return kind.read(self._folder)

    def clean_flagged(self) -> tuple[int, int, Estimate] | None:
        """What the calibration promises; None where there is none.

        Returns
        -------
        tuple or None
            Clean images and physical signs that it ranks, and the share of clean images that is
            flagged by its p-value, with the interval in which the share of as many new signs lies.
        """
        calibration = self._predictor.calibration
        if calibration is None:
            return None
        flagged = calibration.flagged(self.alpha).astype(float)
        share = intervals.share(flagged, calibration.tracks, predicted=True)
        return len(flagged), calibration.signs, share

    def calibration_drift(self) -> str | None:
        """How the latest traffic contradicts the calibration, in a sentence; None if it fits."""
        calibration = self._predictor.calibration
        if calibration is None:
            return None
        latest = self._p_values.unflagged(self.sha256, drift.LATEST)
        signs = self._p_values.unflagged_signs(self.sha256, drift.LATEST)
        return drift.drift(latest, self.alpha, calibrated=calibration.signs, signs=signs)
