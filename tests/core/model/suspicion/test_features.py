"""Logits and features of one pass, for networks of several architectures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.model.classifier import Classifier, build_network
from core.model.suspicion import features
from core.model.suspicion.features import FeatureExtractor, extract
from core.model.suspicion.transforms import median, resample
from tests.support.images import blocks


def test_a_resnet_is_seen_by_two_stages_and_what_enters_its_last_layer(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "BATCH", 2)
    extractor = FeatureExtractor(classifier, features=True)
    prepared = [classifier.prepare(blocks(seed)) for seed in range(3)]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    pixels, own = torch.cat(prepared), classifier.network
    with torch.no_grad():
        begun = own.relu(own.bn1(own.conv1(classifier.normalise(pixels))))
        second = own.layer2(own.layer1(own.maxpool(begun)))
        third = own.layer3(second)
        last = own.layer4(third)
        expected = {"layer2": second, "layer3": third, "penultimate": last}
        copies = [classifier(median(pixels)), classifier(resample(pixels))]
    assert list(outputs.features) == list(expected)
    for name, maps in expected.items():
        assert outputs.features[name] == pytest.approx(maps.numpy().mean(axis=(2, 3)), abs=1e-4)
    for found, copy in zip(outputs.transformed, copies, strict=True):
        assert found == pytest.approx(copy.numpy(), abs=1e-3)


SEEN: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "squeezenet1_1": lambda network, pixels: network.features(pixels).mean(dim=(2, 3)),
    "mobilenet_v3_small": lambda network, pixels: network.classifier[:-1](
        network.features(pixels).mean(dim=(2, 3))
    ),
}


@pytest.mark.parametrize("architecture", SEEN)
def test_other_networks_are_seen_by_what_enters_their_last_layer(
    classifier: Classifier, architecture: str
) -> None:
    own = Classifier(classifier.manifest, build_network(architecture, 43))
    extractor = FeatureExtractor(own, features=True)
    assert extractor.names == ("logits", "penultimate")
    prepared = [own.prepare(blocks(0)), own.prepare(blocks(1))]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    assert np.allclose(outputs.logits, own.logits_of(prepared), atol=1e-5)
    with torch.no_grad():
        expected = SEEN[architecture](own.network, own.normalise(torch.cat(prepared))).numpy()
    assert outputs.features["penultimate"] == pytest.approx(expected, abs=1e-5)
    assert [each.shape for each in outputs.transformed] == [(2, 43), (2, 43)]


def test_without_features_only_logits_are_given(classifier: Classifier) -> None:
    extractor = FeatureExtractor(classifier, features=False)
    prepared = [classifier.prepare(blocks(0))]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=False)
    assert np.array_equal(outputs.logits, classifier.logits_of(prepared))
    assert (outputs.transformed, outputs.features) == ((), {})
