"""What `explain --evaluate` measures, on the random classifier and a few images."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.datasets import Dataset
from core.errors import BadInput
from core.evaluation import explanations, randomisation
from core.evaluation.explanations import measure
from core.evaluation.intervals import mean, share
from core.explain.fullgrad import explain
from core.explain.map_measures import least_salient
from core.model.classifier import Classifier, build_network, to_tensor
from core.records.evaluation.explanations import ExplanationQuality
from core.records.evaluation.report import Estimate
from tests.support.expect import raises
from tests.support.images import blocks, noise

BOX = [0.25, 0.25, 0.75, 0.75]


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(randomisation, "DEPTH", 1)
        patch.setattr(explanations, "RANDOM_MAPS", 2)
        yield


def make_dataset(
    classifier: Classifier, *, tracks: list[int] | None = None, boxes: bool = True
) -> Dataset:
    images = [blocks(seed) for seed in range(4)]
    labels = classifier.predict_logits(images).argmax(axis=1)
    known = None if tracks is None else np.array(tracks, dtype=np.int64)
    return Dataset(images, labels, known, "four", np.array([BOX] * 4) if boxes else None)


def test_what_was_measured_is_recorded(classifier: Classifier) -> None:
    dataset = make_dataset(classifier, tracks=[3, 3, 3, 3])
    reported: list[tuple[int, int, str]] = []
    found = measure(
        classifier, dataset, fold="held-out", seed=4, progress=lambda *each: reported.append(each)
    )
    assert found.measures(classifier.manifest.sha256)
    assert (found.data, found.fold, found.images, found.seed) == ("four", "held-out", 4, 4)
    assert found.tracks == len(np.unique(dataset.labels))  # track 3 of each class is another sign
    assert 0 < found.completeness["float64"] <= 1e-9 < found.completeness["float32"] <= 1e-3
    assert [stage.from_layer for stage in found.randomisation] == [
        "fc",
        "layer4",
        "layer3",
        "layer2",
        "layer1",
        "bn1",
        "conv1",
    ]
    assert [done for done, _, _ in reported] == list(range(len(reported)))
    assert {total for _, total, _ in reported} == {len(reported)}
    again = measure(classifier, replace(dataset, boxes=None), fold="held-out", seed=4)
    assert again == replace(found, localisation=None)


@pytest.fixture(scope="module")
def two_signs(classifier: Classifier) -> Dataset:
    """Four images: two frames of one sign, two of another one of the same number."""
    four = make_dataset(classifier, tracks=[3, 3, 3, 3])
    return replace(four, labels=np.array([1, 1, 2, 2]))


@pytest.fixture(scope="module")
def quality(classifier: Classifier, two_signs: Dataset) -> ExplanationQuality:
    return measure(classifier, two_signs, fold="all", seed=2)


def assert_by_sign(
    found: Estimate, values: NDArray[np.float64], interval: Callable[..., Estimate]
) -> None:
    """The interval over two signs of two frames each."""
    assert found.mean == pytest.approx(values.mean(), abs=1e-4)
    by_sign = interval(values, np.array([0, 0, 1, 1]))
    assert (found.low, found.high) == pytest.approx((by_sign.low, by_sign.high), abs=1e-3)


def test_the_worst_residual_of_each_precision_is_kept(
    classifier: Classifier, two_signs: Dataset, quality: ExplanationQuality
) -> None:
    pixels = to_tensor(np.stack(two_signs.images))
    double = copy.deepcopy(classifier).double()
    for precision, model in (("float32", classifier), ("float64", double)):
        residuals = [each.residual for each in explain(model, pixels)]
        assert len(set(residuals)) > 1
        assert quality.completeness[precision] == sorted(residuals)[-1]


def test_localisation_is_that_of_the_maps(
    classifier: Classifier, two_signs: Dataset, quality: ExplanationQuality
) -> None:
    found = quality.localisation
    assert found is not None
    assert found.box_area == 0.25
    maps = np.stack([e.map for e in explain(classifier, to_tensor(np.stack(two_signs.images)))])
    inside = maps[:, 8:24, 8:24]
    assert_by_sign(found.energy, inside.sum(axis=(1, 2)) / maps.sum(axis=(1, 2)), share)
    hits = (inside.max(axis=(1, 2)) == maps.max(axis=(1, 2))).astype(float)
    assert_by_sign(found.pointing, hits, share)


def test_deletion_is_that_of_the_maps(
    classifier: Classifier, two_signs: Dataset, quality: ExplanationQuality
) -> None:
    pixels = to_tensor(np.stack(two_signs.images))
    explained = explain(classifier, pixels)
    # Which of equal neighbours max pooling takes depends on the layout in memory.
    leaf = pixels.clone(memory_format=torch.channels_last).requires_grad_()
    classifier(leaf).amax(dim=1).sum().backward()
    assert leaf.grad is not None
    draws = np.random.default_rng(2)
    rim = [[-((y - 15.5) ** 2) - (x - 15.5) ** 2 for x in range(32)] for y in range(32)]
    saliencies = {
        "fullgrad": [np.stack([each.map for each in explained])],
        "input_x_gradient": [(leaf.grad * pixels).abs().sum(dim=1).numpy()],
        "random": [draws.random((4, 32, 32)) for _ in range(2)],
        "middle": [np.array([rim] * 4)],
    }

    def moved(saliency: NDArray[np.floating]) -> list[float]:
        deleted = least_salient(saliency, 0.3, seed=2)
        assert deleted.sum(axis=(1, 2)).tolist() == [round(0.3 * 32 * 32)] * 4
        grey = torch.where(torch.from_numpy(deleted)[:, None], classifier.mean, pixels)
        with torch.no_grad():
            after = classifier(grey)
        return [
            abs(each.logit - float(after[row, each.class_id])) / max(1, abs(each.logit))
            for row, each in enumerate(explained)
        ]

    changes = {
        name: np.mean([moved(each) for each in maps], axis=0) for name, maps in saliencies.items()
    }
    found = quality.deletion
    assert found.changes == {
        name: pytest.approx(values.mean(), rel=1e-4) for name, values in changes.items()
    }
    assert_by_sign(found.less_than_random, changes["random"] - changes["fullgrad"], mean)
    assert_by_sign(
        found.less_than_input_x_gradient, changes["input_x_gradient"] - changes["fullgrad"], mean
    )


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        ([blocks(1), blocks(2)], (2, 3, 32, 32)),
        ([noise(20, 24), noise(20, 24)], (2, 3, 20, 24)),
        ([noise(20, 24), noise(24, 20)], (2, 3, 32, 32)),
        ([noise(40, 40), noise(40, 40)], (2, 3, 32, 32)),
    ],
)
def test_images_come_at_one_size(
    classifier: Classifier, images: list[NDArray[np.uint8]], shape: tuple[int, ...]
) -> None:
    dataset = Dataset(images, np.array([0, 0]), None, "two")
    assert explanations._pixels(classifier, dataset).shape == shape


def test_networks_that_are_not_covered_are_refused_first(classifier: Classifier) -> None:
    network = build_network("mobilenet_v3_small", classifier.classes)
    network.register_forward_pre_hook(lambda *_: pytest.fail("time was spent"))
    other = Classifier(replace(classifier.manifest, architecture="mobilenet_v3_small"), network)
    with pytest.raises(BadInput, match=r"^FullGrad cannot explain layer features.0.2 \(Hardswish"):
        measure(other, make_dataset(classifier), fold="all")


def test_a_single_image_has_no_other_to_be_compared_with(classifier: Classifier) -> None:
    with raises(BadInput, "expected at least two images to compare maps of, got 1"):
        measure(classifier, make_dataset(classifier).subset(np.array([0])), fold="all")
