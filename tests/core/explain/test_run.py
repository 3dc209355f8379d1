"""Images of any sizes explained, for callers without torch."""

import numpy as np
import pytest

from core.errors import BadInput
from core.explain.fullgrad import explain
from core.explain.fullgrad_variants import input_x_gradient
from core.explain.methods import METHODS
from core.explain.run import explain_images
from core.images import LONGEST_SIDE
from core.model.classifier import Classifier, to_tensor
from tests.support.expect import raises
from tests.support.images import blocks, gradient, noise


def labels_of(classifier: Classifier, images: list[np.ndarray]) -> list[int]:
    return [int(k) for k in classifier.predict_logits(images).argmax(axis=1)]


def test_every_image_is_explained_for_its_class(classifier: Classifier) -> None:
    images = [blocks(1), noise(20, 30)]
    own, other = explain_images(classifier, images, [None, 14])
    assert own.class_id == own.predicted_id == labels_of(classifier, [blocks(1)])[0]
    assert (other.class_id, other.map.shape) == (14, (20, 30))
    (direct,) = explain(classifier, to_tensor(blocks(1)[None]))
    assert own.logit == pytest.approx(direct.logit)
    assert np.allclose(own.map, direct.map)


def test_images_keep_their_order_and_their_classes(classifier: Classifier) -> None:
    """Images of one size are explained together, wherever they stand."""
    images = [blocks(1), noise(20, 30), blocks(2), noise(20, 30, seed=7), blocks(3)]
    classes = [None, 3, 14, 8, 2]
    found = explain_images(classifier, images, classes, method="input_x_gradient")
    for image, class_id, own in zip(images, classes, found, strict=True):
        (alone,) = input_x_gradient(classifier, to_tensor(image[None]), class_id)
        assert own.class_id == (alone.predicted_id if class_id is None else class_id)
        assert own.logit == pytest.approx(alone.logit, abs=1e-3)
        np.testing.assert_allclose(own.map, alone.map, atol=1e-2 * alone.map.max())


def test_large_images_are_reduced_before_they_are_explained(classifier: Classifier) -> None:
    (explained,) = explain_images(classifier, [gradient(600, 1200)], [None])
    assert explained.map.shape == (LONGEST_SIDE // 2, LONGEST_SIDE)


def test_progress_counts_the_images_of_all_sizes(classifier: Classifier) -> None:
    reported: list[tuple[int, int, str]] = []
    images = [blocks(1), noise(20, 30), blocks(2)]
    explain_images(classifier, images, [None] * 3, progress=lambda *report: reported.append(report))
    assert reported == [(2, 3, "explained"), (3, 3, "explained")]


def test_an_unknown_method_is_refused_with_the_known_ones(classifier: Classifier) -> None:
    with raises(BadInput, f"unknown method 'magic'; there are {', '.join(METHODS)}"):
        explain_images(classifier, [blocks(1)], [None], method="magic")
