"""What tests follow an attack with, step by step: a network, gradients and views, all in numpy.

Nothing here is computed by torch or by the code under test: gradients are differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.special import logsumexp
from torch import Tensor, nn

from core.model.classifier import Classifier
from tests.support.attacked import InDouble, make_manifest

Array = NDArray[np.float64]
Function = Callable[[Array], Array]  # (points, values) -> (points,)


class _Squared(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.square()


class _OfAnyShape(Classifier):
    def resize(self, pixels: Tensor) -> Tensor:
        return pixels


@dataclass(frozen=True)
class Curved:
    """Logits V (W x + b)^2 + c: boundaries bend, and gradients turn from step to step.

    inner W (hidden, values), shift b (hidden,), outer V (classes, hidden), bias c (classes,); it
    sees images of any shape with as many values, and reduces none.
    """

    inner: Array
    shift: Array
    outer: Array
    bias: Array

    @staticmethod
    def drawn(
        seed: int, *, classes: int = 4, values: int = 12, hidden: int = 8, steep: float = 1.0
    ) -> Curved:
        """A random one; steep: how large its logits are."""
        rng = np.random.default_rng(seed)
        inner = rng.normal(0, 3 / np.sqrt(values), (hidden, values))
        outer = rng.normal(0, steep / np.sqrt(hidden), (classes, hidden))
        centred = inner @ np.full(values, 0.5) + rng.normal(0, 0.5, hidden)
        return Curved(inner, -centred, outer, rng.normal(0, 0.1, classes))

    def logits(self, pixels: Array) -> Array:
        """(..., values) -> (..., classes)."""
        return np.square(pixels @ self.inner.T + self.shift) @ self.outer.T + self.bias

    def predicted(self, pixels: Array) -> NDArray[np.int64]:
        """(..., values) -> (...)."""
        return self.logits(pixels).argmax(axis=-1)

    def reached(self, pixels: Array, label: int, target: int | None) -> bool:
        """Whether pixels (values,) are misclassified, or predicted as the target."""
        predicted = self.predicted(pixels)
        return bool(predicted != label if target is None else predicted == target)

    def solved(self, pixels: Array, label: int, target: int | None) -> bool:
        """`reached`, for the pixels and for their 8-bit image."""
        return all(self.reached(each, label, target) for each in (pixels, rounded(pixels)))

    def settled(
        self, clean: Array, pixels: Array, label: int, target: int | None, overshoot: float = 0.0
    ) -> Array | None:
        """Misclassified pixels (values,), stretched until their 8-bit image is so, too; or None."""
        if not self.reached(pixels, label, target):
            return None
        each = overshoot
        while each <= 20.48:
            x = (clean + (1 + each) / (1 + overshoot) * (pixels - clean)).clip(0, 1)
            if self.solved(x, label, target):
                return x
            each = max(2 * each, 0.02)
        return None

    def entropy(self, label: int) -> Function:
        """-log softmax(logits) of one class."""
        return lambda pixels: entropy(self.logits(pixels), label)

    def classifier(self) -> Classifier:
        """The same as a network, in double precision."""
        first = nn.Linear(self.inner.shape[1], self.inner.shape[0])
        second = nn.Linear(self.outer.shape[1], self.outer.shape[0])
        network = nn.Sequential(nn.Flatten(), first, _Squared(), second).double()
        for layer, weights, bias in (
            (first, self.inner, self.shift),
            (second, self.outer, self.bias),
        ):
            layer.weight.data = torch.from_numpy(weights)
            layer.bias.data = torch.from_numpy(bias)
        return _OfAnyShape(make_manifest(1, len(self.bias)), InDouble(network))


def entropy(logits: Array, label: int) -> Array:
    """-log softmax(logits) of one class, (..., classes) -> (...); exact where it is tiny."""
    others = logsumexp(np.delete(logits, label, axis=-1), axis=-1)
    return np.logaddexp(0, others - logits[..., label])


def lead(logits: Array, label: int) -> Array:
    """By how much the logit of one class exceeds the largest other one: (..., classes) -> (...)."""
    return logits[..., label] - np.delete(logits, label, axis=-1).max(axis=-1)


def slope(function: Function, pixels: Array, width: float = 1e-5) -> Array:
    """The gradient at pixels (values,), by differences."""
    steps = width * np.eye(len(pixels))
    return (function(pixels + steps) - function(pixels - steps)) / (2 * width)


def rounded(pixels: Array) -> Array:
    """Pixels as an 8-bit image holds them."""
    return np.rint(pixels.clip(0, 1) * 255) / 255


def flat(pixels: Tensor) -> Array:
    """(batch, 3, height, width) -> (batch, values)."""
    return pixels.detach().flatten(start_dim=1).double().numpy()


def moved(image: Array, degrees: float, right: float, down: float) -> Array:
    """(3, height, width), turned clockwise, then shifted by shares of the sides; edges repeat."""
    height, width = image.shape[1:]
    y, x = np.indices((height, width)) + 0.5
    x, y = x - (0.5 + right) * width, y - (0.5 + down) * height
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    came_from = [cos * y - sin * x + height / 2 - 0.5, cos * x + sin * y + width / 2 - 0.5]
    return np.stack([map_coordinates(each, came_from, order=1, mode="nearest") for each in image])
