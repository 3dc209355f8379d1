"""The network that attacks step on: same weights, same logits and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.model.classifier import Classifier
from core.model.fast import detached, fast_network
from tests.support.attacked import CLASSES, SIDE, make_manifest, random_pixels, small_resnet, state


def test_a_detached_copy_shares_the_weights() -> None:
    classifier = small_resnet()
    pairs = zip(classifier.parameters(), detached(classifier).parameters(), strict=True)
    assert all(own.data_ptr() == copied.data_ptr() for own, copied in pairs)
    pixels = random_pixels(2, 0)
    assert torch.equal(detached(classifier)(pixels), classifier(pixels))


def test_a_detached_copy_of_what_trains_does_not() -> None:
    classifier = small_resnet().train()
    copied = detached(classifier)
    assert not any(module.training for module in copied.modules())
    assert not any(parameter.requires_grad for parameter in copied.parameters())
    assert all(module.training for module in classifier.modules())
    assert all(parameter.requires_grad for parameter in classifier.parameters())


def gradient_of(model: Classifier, pixels: Tensor) -> Tensor:
    leaf = pixels.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf).logsumexp(dim=1).sum(), leaf)
    return gradient


@pytest.mark.parametrize("seed", range(3))
def test_the_fast_network_has_the_same_logits_and_gradients(seed: int) -> None:
    exact, pixels = detached(small_resnet(seed)), random_pixels(4, seed)
    faster = fast_network(exact, pixels[:1])
    assert not any(isinstance(module, nn.BatchNorm2d) for module in faster.modules())
    torch.testing.assert_close(faster(pixels), exact(pixels), rtol=1e-4, atol=1e-4)
    expected = gradient_of(exact, pixels)
    difference = (gradient_of(faster, pixels) - expected).norm() / expected.norm()
    assert difference <= 1e-4
    assert all(not parameter.requires_grad for parameter in faster.parameters())
    assert state(faster)[-1] == [0] * sum(3 for _ in faster.modules())


class Twice(nn.Module):
    """A convolution whose output is normalised and also used as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, CLASSES, 3), nn.BatchNorm2d(CLASSES)

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.conv(pixels)
        return (self.norm(features) + features).mean(dim=(2, 3))


def test_what_folding_would_change_is_not_folded() -> None:
    network = Twice()
    network.norm.running_mean.fill_(2.0)
    exact = detached(Classifier(make_manifest(SIDE, CLASSES), network))
    assert fast_network(exact, random_pixels(1, 0)) is exact
