"""Models that attacks are tested on, of a few numbers each, and calls of every attack."""

from __future__ import annotations

import math
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.attacks import (
    ATTACKS,
    Attack,
    AttackResult,
)
from core.attacks.task import Task, digests
from core.model.classifier import Classifier, to_images, to_tensor
from core.model.manifest import Manifest

CLASSES = 6


SIDE = 12


EPSILON = 8 / 255


every_attack = pytest.mark.parametrize("name", ATTACKS)


# Short enough for tests, strong enough to fool the networks here.
SETTINGS: dict[str, dict[str, Any]] = {
    "cw": {"steps": 10, "searches": 2, "step_size": 0.1, "constant": 10.0},
    "square": {"steps": 60},
    "autoattack": {"steps": 5, "candidates": 1, "queries": 20},
}


class Residual(nn.Module):
    """conv, batch norm, ReLU and an identity around them, as in a ResNet."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(features)) + features)


class InDouble(nn.Module):
    """Computes in double precision: in single, the last bit depends on the batch's size, and the
    sign of a gradient next to zero with it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network(pixels.double()).float()


class Breaking(nn.Module):
    """Answers twice and then breaks."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.answers = network, 0

    def forward(self, pixels: Tensor) -> Tensor:
        self.answers += 1
        if self.answers > 2:
            raise RuntimeError("out of order")
        return self.network(pixels)


class WithoutGradients(nn.Module):
    """Answers, but as from behind a wall."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        with torch.no_grad():
            return self.network(pixels)


def make_manifest(side: int, classes: int) -> Manifest:
    return Manifest(
        architecture="toy",
        input_size=side,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        labels=tuple(str(number) for number in range(classes)),
    )


def linear(weights: Tensor, bias: Tensor, side: int) -> Classifier:
    """logits = weights @ flatten(pixels) + bias; weights (classes, 3 * side * side)."""
    layer = nn.Linear(weights.shape[1], weights.shape[0])
    layer.weight.data, layer.bias.data = weights.clone(), bias.clone()
    return Classifier(make_manifest(side, len(weights)), nn.Sequential(nn.Flatten(), layer))


def small_resnet(seed: int = 0, side: int = SIDE) -> Classifier:
    """Random weights and running statistics; sees images of another size than it is fed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            Residual(8),
            Residual(8),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, CLASSES),
        )
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        network[-1].weight.data *= 6
        network[-1].bias.data.zero_()
    mean, std = (0.4, 0.45, 0.5), (0.25, 0.25, 0.25)
    return Classifier(replace(make_manifest(side, CLASSES), mean=mean, std=std), network)


def random_pixels(batch: int, seed: int, side: int = 10) -> Tensor:
    """8-bit noise, (batch, 3, side, side)."""
    images = np.random.default_rng(seed).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
    return to_tensor(images)


def read(classifier: Classifier, pixels: Tensor) -> Tensor:
    """The classes that the public predict path gives to the 8-bit images."""
    was_training = classifier.training
    classes = classifier.eval().predict_logits(list(to_images(pixels))).argmax(axis=1)
    classifier.train(was_training)
    return torch.from_numpy(classes)


def build(name: str) -> Attack:
    """An attack by name, with few steps where their number is a setting."""
    attack = ATTACKS[name]
    few_steps = {"steps": 10} if "steps" in signature(attack).parameters else {}
    return attack(**SETTINGS.get(name, few_steps))


def call(
    name: str, classifier: Classifier, pixels: Tensor, labels: Tensor, **options: Any
) -> AttackResult:
    """`build` and run, with a budget if it takes one."""
    if ATTACKS[name].info.takes_epsilon:
        options.setdefault("epsilon", EPSILON if ATTACKS[name].info.norm == "linf" else 0.5)
    return build(name)(classifier, pixels, labels, **options)


def state(classifier: Classifier) -> list[object]:
    """Everything about a model that an attack might leave behind."""
    return [
        [(name, module.training) for name, module in classifier.named_modules()],
        [(name, p.requires_grad, p.grad is None) for name, p in classifier.named_parameters()],
        [(name, tensor.sum().item()) for name, tensor in classifier.state_dict().items()],
        [
            len(hooks)
            for module in classifier.modules()
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        ],
    ]


def far_from_every_boundary() -> tuple[Classifier, Tensor, Tensor]:
    """A linear model on grey images; distances about 1, so that rounding undoes nothing."""
    generator = torch.Generator().manual_seed(5)
    weights = torch.randn(4, 192, generator=generator) / math.sqrt(192)
    pixels = torch.full((3, 3, 8, 8), 128 / 255)
    level = 16 / 255 * torch.rand(pixels.shape, generator=generator)
    pixels = to_tensor(to_images(pixels + level))
    bias = torch.tensor([1.6, 0.0, -0.2, 0.1]) - weights @ pixels[0].flatten()
    return linear(weights, bias, side=8), pixels, torch.zeros(3, dtype=torch.int64)


def closed_form(classifier: Classifier, pixels: Tensor) -> Tensor:
    """Distance of each image to the hyperplane between class 0 and every other: (batch, 3)."""
    weights, logits = classifier.network[1].weight.data, classifier(pixels).detach()
    return (logits[:, :1] - logits[:, 1:]) / (weights[0] - weights[1:]).norm(dim=1)


def two_classes(weights: list[float], bias: float) -> Classifier:
    """Logits 0 and w.x + bias for images of one pixel."""
    return linear(torch.tensor([[0.0, 0.0, 0.0], weights]), torch.tensor([0.0, bias]), side=1)


def grey(batch: int = 1) -> Tensor:
    return torch.full((batch, 3, 1, 1), 128 / 255)


def task_of(pixels: Tensor) -> Task:
    """Untargeted, every image of class 0."""
    labels = torch.zeros(len(pixels), dtype=torch.int64)
    return Task(small_resnet(), pixels, labels, None, 1.0, digests(pixels))
