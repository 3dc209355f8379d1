"""What an image shows, in a few numbers: frames of one physical sign lie close together.

Pooled features of one stage, projected by linear discriminant analysis (Fisher 1936): directions in
which signs of one class differ most, measured by how much two frames differ that a camera made one
after the other. A distance of 1 is what a share RECALL of such pairs stays within.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from core.datasets import Dataset
from core.model.suspicion.features import Outputs
from core.model.suspicion.mahalanobis import SHRINKAGE
from core.records.drift import LOOK

STAGE = "layer2"
RECALL = 0.995  # of pairs of frames, one after the other
LARGEST = 1e4  # of a look's numbers, so that it stays finite

Floats = NDArray[np.float32]
Look = NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Looks:
    """Turns features into looks. projection: ``(channels, LOOK)``, of that feature."""

    feature: str
    projection: Floats

    @staticmethod
    def fit(
        feature: str, shown: Floats, labels: NDArray[np.int64], steps: Floats, unseen: Floats
    ) -> Looks:
        """Fit a projection to training images.

        Parameters
        ----------
        feature
            Its name.
        shown, labels
            ``(n, channels)`` of images, and ``(n,)`` their classes.
        steps
            ``(m, channels)``, m >= 1, from each frame of a sign to the next.
        unseen
            ``(k, channels)``, k >= 1, the same of signs that nothing was fitted to.
        """
        exact = shown.astype(np.float64)
        for class_id in np.unique(labels):
            exact[labels == class_id] -= exact[labels == class_id].mean(axis=0)
        within = _shrunk(steps.astype(np.float64))
        _, directions = eigh(exact.T @ exact / len(exact), within)
        best = directions[:, ::-1][:, :LOOK]
        far = float(np.quantile(np.linalg.norm(unseen @ best, axis=1), RECALL))
        projection = np.zeros((len(best), LOOK), dtype=np.float32)
        projection[:, : best.shape[1]] = best / (far or 1.0)
        return Looks(feature, projection)

    def of(self, outputs: Outputs) -> Look:
        """``(n, LOOK)`` of n images; two of one sign lie within a distance of 1."""
        exact = outputs.features[self.feature] @ self.projection
        looks: Look = np.clip(exact, -LARGEST, LARGEST).astype(np.float16)
        return looks


def steps_of(values: Floats, dataset: Dataset) -> Floats:
    """``(m, channels)``, from each frame of a sign to the next. values: (n, channels), of its n."""
    signs = dataset.signs()
    follows = np.flatnonzero(signs[1:] == signs[:-1])
    found: Floats = values[follows + 1] - values[follows]
    return found


def _shrunk(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance of steps, around none, towards a multiple of the identity."""
    covariance: NDArray[np.float64] = steps.T @ steps / len(steps)
    even = np.trace(covariance) / len(covariance) or 1.0
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * even * np.eye(len(covariance))
