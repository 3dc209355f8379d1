"""Networks whose explanations are known, and what is left behind in them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import VGG

from core.explain.bias_gradients import BIASED
from core.model.classifier import Classifier, build_network
from core.model.manifest import Manifest
from core.records.explanations import Explanation

CLASSES = 5


# With the hand-made normalisation, the pixel (0.75, 0.5, 0.25) becomes (0.5, 1, 0.25).
PIXEL = torch.tensor([0.75, 0.5, 0.25]).view(1, 3, 1, 1)


def wrap(network: nn.Module, *, input_size: int = 32, classes: int = CLASSES) -> Classifier:
    labels = tuple(f"class {k}" for k in range(classes))
    return Classifier(
        Manifest("", input_size, (0.34, 0.31, 0.32), (0.27, 0.26, 0.27), labels), network
    )


def wrap_by_hand(network: nn.Module, *, input_size: int = 1) -> Classifier:
    manifest = Manifest(
        "", input_size, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0), ("a", "b"), temperature=2.0
    )
    return Classifier(manifest, network)


def randomise(network: nn.Module) -> nn.Module:
    """Batch norm as after a training: statistics, scales and shifts all different from 0 and 1."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            layer.running_mean.normal_(0, 0.5)
            layer.running_var.uniform_(0.5, 2)
            if layer.affine:
                nn.init.uniform_(layer.weight, 0.5, 1.5)
                nn.init.normal_(layer.bias, 0, 0.3)
    return network


class Residual(nn.Module):
    """In-place ReLU and in-place addition, where stored activations are easily overwritten."""

    def __init__(self, channels: int, *, inplace: bool = True, normed: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels) if normed else nn.Identity()
        self.relu = nn.ReLU(inplace=inplace)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels) if normed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.relu.inplace:
            out += x
        else:
            out = out + x
        activated: Tensor = self.relu(out)
        return activated


def small_network(*, inplace: bool = True) -> nn.Sequential:
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace),
        nn.MaxPool2d(2),
        Residual(6, inplace=inplace),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, CLASSES),
    )
    randomise(network)
    return network


def linear_network() -> nn.Sequential:
    """logits (2 a - b + 4 c + 0.5, b) of the normalised pixel (a, b, c)."""
    linear = nn.Linear(3, 2)
    linear.weight.data = torch.tensor([[2.0, -1.0, 4.0], [0.0, 1.0, 0.0]])
    linear.bias.data = torch.tensor([0.5, 0.0])
    return nn.Sequential(nn.Flatten(), linear)


def convolution_network() -> nn.Sequential:
    """One channel alive, one that the batch norm switches off."""
    conv, norm, linear = nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2, eps=1.0), nn.Linear(2, 2)
    conv.weight.data = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).view(2, 3, 1, 1)
    conv.bias = nn.Parameter(torch.tensor([1.0, 0.5]))
    norm.running_mean, norm.running_var = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 3.0])
    norm.weight.data, norm.bias.data = torch.tensor([2.0, 2.0]), torch.tensor([3.0, -5.0])
    linear.weight.data = torch.tensor([[2.0, 7.0], [0.0, 0.0]])
    linear.bias.data = torch.tensor([-1.0, 0.0])
    return nn.Sequential(conv, norm, nn.ReLU(inplace=True), nn.Flatten(), linear)


def random_network(architecture: str) -> nn.Module:
    """The torchvision network with random weights; VGG without its 120 million in linear layers."""
    with torch.device("meta"):
        network = build_network(architecture, CLASSES)
    if isinstance(network, VGG):
        network.avgpool = nn.AdaptiveAvgPool2d(1)
        network.classifier = nn.Sequential(
            nn.Linear(512, 64), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(64, CLASSES)
        )
    network.to_empty(device="cpu")
    for layer in network.modules():
        if isinstance(layer, BIASED):
            layer.reset_parameters()
    return randomise(network)


def assert_same(left: Explanation, right: Explanation, tolerance: float) -> None:
    np.testing.assert_allclose(left.map, right.map, rtol=0, atol=tolerance * float(right.map.max()))
    assert left.contributions == pytest.approx(
        dict(right.contributions), rel=tolerance, abs=tolerance
    )
    assert (left.class_id, left.predicted_id) == (right.class_id, right.predicted_id)
    assert left.logit == pytest.approx(right.logit, rel=tolerance, abs=tolerance)


def state_of(classifier: Classifier) -> list[object]:
    """All that an explanation could disturb."""
    hooks = [
        len(hooks)
        for module in classifier.modules()
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
    ]
    training = [module.training for module in classifier.modules()]
    parameters = [
        (p.requires_grad, None if p.grad is None else p.grad.sum().item(), p.sum().item())
        for p in classifier.parameters()
    ]
    return [hooks, training, parameters, [b.sum().item() for b in classifier.buffers()]]


def partly_training(third: nn.Module | None = None) -> Classifier:
    """A mixed state: some parts training, some parameters frozen, some with a gradient already."""
    network = small_network()
    network[3] = third or network[3]
    classifier = wrap(network)
    network[4].train()
    network[0].requires_grad_(False)
    for parameter in network[-1].parameters():
        parameter.grad = torch.ones_like(parameter)
    return classifier


class FailsForward(nn.Identity):
    def forward(self, input: Tensor) -> Tensor:
        raise RuntimeError("in the middle")


class FailsBackward(nn.Identity):
    def forward(self, input: Tensor) -> Tensor:
        def fail(_: Tensor) -> None:
            raise RuntimeError("in the middle")

        input.register_hook(fail)
        return input


def plain(network: nn.Module, *, side: int = 1) -> Classifier:
    """Without normalisation, so that pixels are what the network sees."""
    classifier = wrap(network, input_size=side, classes=2)
    classifier.mean.zero_()
    classifier.std.fill_(1)
    return classifier


def one_layer() -> nn.Sequential:
    """Features (4 r + 1, g - 2) of the pixel (r, g, b) before ReLU; logits (3 A + 5 B, 0)."""
    conv, linear = nn.Conv2d(3, 2, 1), nn.Linear(2, 2, bias=False)
    conv.weight.data = torch.tensor([[4.0, 0, 0], [0, 1.0, 0]]).view(2, 3, 1, 1)
    conv.bias = nn.Parameter(torch.tensor([1.0, -2.0]))
    linear.weight.data = torch.tensor([[3.0, 5.0], [0.0, 0.0]])
    return nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)
