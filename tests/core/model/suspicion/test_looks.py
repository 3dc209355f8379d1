"""Looks: what tells signs of one class apart counts, what changes from frame to frame does not."""

import numpy as np
import pytest

from core.datasets import Dataset
from core.model.suspicion.features import Outputs
from core.model.suspicion.looks import LARGEST, RECALL, Looks, steps_of
from core.records.drift import LOOK
from tests.support.images import blocks

RNG = np.random.default_rng(0)


def looks_of(looks: Looks, features: np.ndarray) -> np.ndarray:
    return looks.of(Outputs(np.empty(0), (), {"stage": features.astype(np.float32)}))


@pytest.fixture(scope="module")
def looks() -> Looks:
    """Signs differ in channel 0; frames of one sign in channel 1; classes in channel 2."""
    labels = np.repeat([0, 1], 2_000)
    shown = RNG.normal(size=(4_000, 3)) * [5, 5, 0.1] + np.outer(labels, [0, 0, 100])
    steps = RNG.normal(size=(5_000, 3)) * [0.1, 5, 0.1]
    return Looks.fit("stage", shown, labels, steps[:2_500], steps[2_500:])


def test_a_distance_of_1_is_what_frames_of_one_sign_stay_within(looks: Looks) -> None:
    steps = RNG.normal(size=(20_000, 3)) * [0.1, 5, 0.1]
    near = np.linalg.norm(looks_of(looks, steps).astype(float), axis=1) <= 1
    assert near.mean() == pytest.approx(RECALL, abs=0.003)


def test_channels_count_by_what_they_tell_of_a_sign(looks: Looks) -> None:
    of_signs, of_frames, of_classes = np.linalg.norm(looks.projection, axis=1)
    assert of_signs > 5 * of_frames
    assert of_signs == pytest.approx(of_classes, rel=0.5)  # a class is no reason to lie apart
    assert (looks.projection[:, 3:] == 0).all()  # three channels have no more directions
    assert looks.projection.shape == (3, LOOK)


def test_of_more_channels_those_count_in_which_signs_of_a_class_differ() -> None:
    """Of 18, the first 16 do; one is of the class alone, one of nothing."""
    labels = np.repeat([0, 1], 2_000)
    shown = RNG.normal(size=(4_000, 18)) * [*[5] * 16, 0.1, 0.1]
    shown[:, 16] += 100 * labels
    steps = RNG.normal(size=(4_000, 18)) * 0.1
    projection = Looks.fit("stage", shown, labels, steps, steps).projection
    weights = np.linalg.norm(projection, axis=1)
    assert weights[:16].min() > 5 * weights[16:].max()


def test_by_hand() -> None:
    looks = Looks("stage", np.eye(2, LOOK, dtype=np.float32) * [[2], [3]])
    found = looks_of(looks, np.array([[1, -1], [1e9, 0]]))
    assert found[0].tolist() == [2, -3, *[0] * (LOOK - 2)]
    assert found[1, 0] == np.float16(LARGEST)
    assert found.dtype == np.float16


def test_still_frames_are_no_reason_to_divide_by_0() -> None:
    shown = RNG.normal(size=(50, 2))
    looks = Looks.fit("stage", shown, np.zeros(50, int), np.zeros((9, 2)), np.zeros((9, 2)))
    assert np.isfinite(looks.projection).all()


def test_steps_are_those_within_one_sign() -> None:
    labels, tracks = np.array([1, 1, 1, 2, 2, 1]), np.array([0, 0, 1, 1, 1, 1])
    dataset = Dataset([blocks(n) for n in range(6)], labels, tracks, "six")
    values = np.array([[1], [3], [4], [8], [16], [0]], dtype=np.float32)
    assert steps_of(values, dataset).tolist() == [[2], [8]]
