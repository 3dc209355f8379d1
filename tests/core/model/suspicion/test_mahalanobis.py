"""Distances to the means of classes, worked by hand."""

import numpy as np
import pytest

from core.model.suspicion.mahalanobis import Cloud


def test_distances_worked_by_hand() -> None:
    features = np.array([[0.0], [2.0], [10.0], [12.0]], dtype=np.float32)
    cloud = Cloud.fit(features, np.array([0, 0, 1, 1]), 3)
    assert cloud.means.tolist() == [[1.0], [11.0], [6.0]]  # no image of 2: the middle of all
    assert cloud.precision == pytest.approx(np.array([[1.0]]))  # variance 1, which shrinking keeps
    where = np.array([[4.0], [4.0], [4.0]], dtype=np.float32)
    assert cloud.distances(where, np.array([0, 1, 2])) == pytest.approx([9.0, 49.0, 4.0])


def test_the_covariance_is_shared_and_shrunk() -> None:
    features = np.array([[1, 0], [-1, 0], [5, 2], [5, -2]], dtype=np.float32)
    cloud = Cloud.fit(features, np.array([0, 0, 1, 1]), 2)
    shrunk = 0.99 * np.diag([0.5, 2.0]) + 0.01 * 1.25 * np.eye(2)
    assert cloud.precision == pytest.approx(np.linalg.inv(shrunk), rel=1e-6)
