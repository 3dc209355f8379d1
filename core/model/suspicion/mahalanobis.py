"""Mahalanobis distance of features to the mean of a class, one covariance for all classes.

Lee, Lee, Lee, Shin: A Simple Unified Framework for Detecting Out-of-Distribution Samples and
Adversarial Attacks, NeurIPS 2018, https://arxiv.org/abs/1807.03888.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.01  # towards a multiple of the identity: directions without variance count little

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Cloud:
    """The distribution of one feature: a Gaussian for each class.

    means: (classes, channels); precision: (channels, channels), the inverse of the shrunk
    covariance that all classes share.
    """

    means: Floats
    precision: Floats

    @staticmethod
    def fit(features: Floats, labels: NDArray[np.int64], classes: int) -> Cloud:
        """Fit features (n, channels) of images with labels (n,) in 0..classes - 1.

        A class without an image gets the mean of all images.
        """
        exact = features.astype(np.float64)
        means = np.repeat(exact.mean(axis=0)[None], classes, axis=0)
        for class_id in np.unique(labels):
            means[class_id] = exact[labels == class_id].mean(axis=0)
        off = exact - means[labels]
        covariance = off.T @ off / len(off)
        even = np.trace(covariance) / len(covariance)
        shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * even * np.eye(len(covariance))
        return Cloud(means.astype(np.float32), np.linalg.inv(shrunk).astype(np.float32))

    def distances(self, features: Floats, class_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Squared distances (n,) of features (n, channels) to the means of class_ids (n,)."""
        off = features.astype(np.float64) - self.means[class_ids]
        squared: NDArray[np.float64] = ((off @ self.precision) * off).sum(axis=1)
        return squared
