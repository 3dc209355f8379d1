"""What `explain --evaluate` measures, on the random classifier and a few images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.datasets import Dataset
from core.errors import BadInput
from core.evaluation import explanations, randomisation
from core.evaluation.explanations import measure
from core.explain.fullgrad import explain
from core.explain.map_measures import inside_boxes, least_salient, pointing_hits
from core.model.classifier import Classifier, build_network
from tests.support.expect import raises
from tests.support.images import blocks, noise

BOX = [0.25, 0.25, 0.75, 0.75]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(randomisation, "DEPTH", 1)
    monkeypatch.setattr(explanations, "RANDOM_MAPS", 2)


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
    assert found == measure(classifier, dataset, fold="held-out", seed=4)


def test_localisation_is_that_of_the_maps(classifier: Classifier) -> None:
    dataset = make_dataset(classifier)
    found = measure(classifier, dataset, fold="all").localisation
    pixels = explanations._pixels(classifier, dataset)
    maps = np.stack([each.map for each in explain(classifier, pixels)])
    inside = inside_boxes(np.array([BOX] * 4), 32, 32)
    assert found is not None
    assert found.box_area == 0.25
    assert found.pointing.mean == pointing_hits(maps, inside).mean()
    share = (maps * inside).sum((1, 2)) / maps.sum((1, 2))
    assert found.energy.mean == pytest.approx(share.mean(), rel=1e-5)


def test_deletion_is_that_of_the_maps(classifier: Classifier) -> None:
    dataset = make_dataset(classifier, boxes=False)
    found = measure(classifier, dataset, fold="all", seed=2)
    assert found.localisation is None
    pixels = explanations._pixels(classifier, dataset)
    explained = explain(classifier, pixels)
    deleted = least_salient(np.stack([each.map for each in explained]), 0.3, seed=2)
    grey = torch.where(torch.from_numpy(deleted)[:, None], classifier.mean, pixels)
    with torch.no_grad():
        after = classifier(grey)
    moved: list[float] = [
        abs(each.logit - float(after[row, each.class_id])) / max(1, abs(each.logit))
        for row, each in enumerate(explained)
    ]
    changes = found.deletion.changes
    assert list(changes) == ["fullgrad", "input_x_gradient", "random", "middle"]
    assert changes["fullgrad"] == pytest.approx(np.mean(moved), rel=1e-4)
    for other, less in (
        ("random", found.deletion.less_than_random),
        ("input_x_gradient", found.deletion.less_than_input_x_gradient),
    ):
        assert less.mean == pytest.approx(changes[other] - changes["fullgrad"])
        assert less.low <= less.mean <= less.high


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
