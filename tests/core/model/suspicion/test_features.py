"""Logits and features of one pass, for networks of several architectures."""

import numpy as np
import pytest

from core.model.classifier import Classifier, build_network
from core.model.suspicion.features import FeatureExtractor, extract
from tests.support.images import blocks


@pytest.mark.parametrize(
    ("architecture", "names"),
    [(name, ("logits", "penultimate")) for name in ("squeezenet1_1", "mobilenet_v3_small")],
)
def test_other_networks_are_seen_by_what_enters_their_last_layer(
    classifier: Classifier, architecture: str, names: tuple[str, ...]
) -> None:
    own = Classifier(classifier.manifest, build_network(architecture, 43))
    extractor = FeatureExtractor(own, features=True)
    assert extractor.names == names
    prepared = [own.prepare(blocks(0)), own.prepare(blocks(1))]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    assert np.allclose(outputs.logits, own.logits_of(prepared), atol=1e-5)
    assert outputs.features["penultimate"].ndim == 2
    assert [each.shape for each in outputs.transformed] == [(2, 43), (2, 43)]


def test_without_features_only_logits_are_given(classifier: Classifier) -> None:
    extractor = FeatureExtractor(classifier, features=False)
    prepared = [classifier.prepare(blocks(0))]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=False)
    assert np.array_equal(outputs.logits, classifier.logits_of(prepared))
    assert (outputs.transformed, outputs.features) == ((), {})
