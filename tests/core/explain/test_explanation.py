"""What every method refuses, and how it takes batches apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from core.errors import BadInput
from core.explain import explanation
from core.explain.fullgrad import explain
from core.explain.methods import METHODS
from core.model.classifier import Classifier, build_network
from tests.support.explained import CLASSES, randomise, small_network, wrap

ONE_CLASS = "classes must be one class id, or (2,) of them"


SHAPE = "pixels must be (batch, 3, height, width), none of them 0"


@pytest.fixture(scope="module")
def resnet() -> Classifier:
    torch.manual_seed(0)
    return wrap(randomise(build_network("resnet18", CLASSES)))


def test_the_predicted_classes_are_the_default(resnet: Classifier) -> None:
    pixels = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        logits = resnet(pixels)
    explanations = explain(resnet, pixels)
    assert [e.class_id for e in explanations] == logits.argmax(1).tolist()
    assert [e.predicted_id for e in explanations] == logits.argmax(1).tolist()
    assert [e.logit for e in explanations] == pytest.approx(logits.max(1).values.tolist(), rel=1e-5)


def test_the_residual_is_a_share_of_logits_above_1() -> None:
    logits = torch.tensor([[8.0, 0.0], [0.5, 4.0]])
    large, small = explanation.explanations_of(
        logits,
        logits.softmax(dim=1),
        torch.tensor([0, 0]),
        np.zeros((2, 1, 1), np.float32),
        [{"input": 7.0, "fc": -1.0}, {"input": 0.75}],
    )
    assert (large.residual, small.residual) == (2 / 8, 0.25)
    assert (large.predicted_id, small.predicted_id) == (0, 1)
    assert (large.logit, small.logit) == (8.0, 0.5)
    assert small.probability == pytest.approx(1 / (1 + np.exp(3.5)))


@pytest.mark.parametrize(
    ("classes", "complaint"),
    [
        (5, "class must lie in 0..4, got 5"),
        (-1, "class must lie in 0..4, got -1"),
        (torch.tensor([0, 43]), "class must lie in 0..4, got 43"),
        (torch.tensor([0, 1, 2]), f"{ONE_CLASS}, got (3,) torch.int64"),
        (torch.tensor([0.0, 1.0]), f"{ONE_CLASS}, got (2,) torch.float32"),
    ],
)
def test_classes_that_do_not_exist(classes: int | Tensor, complaint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        explain(wrap(small_network()), torch.rand(2, 3, 16, 16), classes)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("pixels", "complaint"),
    [
        (torch.rand(3, 8, 8), f"{SHAPE}, got (3, 8, 8)"),
        (torch.rand(1, 1, 8, 8), f"{SHAPE}, got (1, 1, 8, 8)"),
        (torch.rand(0, 3, 8, 8), f"{SHAPE}, got (0, 3, 8, 8)"),
        (torch.ones(1, 3, 8, 8).byte(), "pixels must be floats in [0, 1], got torch.uint8"),
        (255 * torch.ones(1, 3, 8, 8), "pixels must lie in [0, 1], got 255 to 255"),
        (torch.full((1, 3, 8, 8), torch.nan), "pixels must lie in [0, 1], got nan to nan"),
    ],
)
def test_pixels_that_are_none(pixels: Tensor, complaint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        explain(wrap(small_network()), pixels)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize("name", METHODS)
def test_large_batches_are_taken_apart_and_counted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier, pixels = wrap(small_network(), input_size=8), torch.rand(5, 3, 8, 8)
    whole = METHODS[name].explain(classifier, pixels, torch.arange(5))
    seen: list[int] = []
    classifier.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    monkeypatch.setattr(explanation, "PIXELS_AT_ONCE", 2 * 64)
    reported: list[tuple[int, int, str]] = []
    parts = METHODS[name].explain(
        classifier, pixels, torch.arange(5), progress=lambda *each: reported.append(each)
    )
    assert max(seen) == 2
    assert reported == [(done, 5, "explained") for done in (2, 4, 5)]
    for left, right in zip(whole, parts, strict=True):
        np.testing.assert_allclose(left.map, right.map, rtol=1e-4)
        assert left.class_id == right.class_id
