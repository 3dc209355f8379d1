"""Grad-CAM: the last feature maps, each weighed by its mean gradient.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017 (arXiv:1610.02391):

    map = relu(sum over channels k of A_k * mean over places of df_c/dA_k)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import BadInput
from core.explain.explanation import explanations_of, in_chunks
from core.explain.image_gradient import image_gradient
from core.model.classifier import Classifier
from core.records.explanations import Explanation

# What comes after the last feature maps, or passes them on.
NO_FEATURES = (
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveAvgPool2d,
    nn.Dropout,
    nn.Identity,
)


@in_chunks
def grad_cam(classifier: Classifier, pixels: Tensor, class_ids: Tensor | None) -> list[Explanation]:
    """Of the last feature maps before pooling (ResNet: layer4), resized bilinearly."""
    with _last_features(classifier.network) as features:
        found = image_gradient(classifier, pixels, class_ids)
    if features.values is None or features.gradient is None:
        raise BadInput(
            f"Grad-CAM needs feature maps (batch, channels, height, width), and the model "
            f"({type(classifier.network).__name__}) makes none outside its pooling"
        )
    weights = features.gradient.mean((2, 3), keepdim=True)
    cam = (weights * features.values).sum(1, keepdim=True).relu_()
    maps = F.interpolate(cam, pixels.shape[-2:], mode="bilinear", antialias=True)
    return explanations_of(
        found.logits, found.probabilities, found.class_ids, maps.squeeze(1).float().cpu().numpy()
    )


@dataclass(eq=False)
class _Features:
    """values, gradient: (batch, channels, height, width) of the last feature maps seen."""

    values: Tensor | None = None
    gradient: Tensor | None = None


@contextmanager
def _last_features(network: nn.Module) -> Iterator[_Features]:
    """Filled by a forward and a backward pass of this thread inside."""
    owner = threading.get_ident()
    features = _Features()
    passed_on: list[Tensor] = []  # kept alive, so that no other tensor gets their identity

    def look(module: nn.Module, _: object, output: object) -> None:
        if threading.get_ident() != owner or not isinstance(output, Tensor) or output.dim() != 4:
            return
        if isinstance(module, NO_FEATURES):
            passed_on.append(output)
        elif output.requires_grad and not any(output is other for other in passed_on):
            values = features.values = output.detach().clone()
            output.register_hook(lambda gradient: keep(values, gradient))

    def keep(values: Tensor, gradient: Tensor) -> None:
        # In-place layers make one tensor the output of several modules: the last one's counts.
        if values is features.values:
            features.gradient = gradient

    with ExitStack() as stack:
        for layer in network.modules():
            stack.callback(layer.register_forward_hook(look).remove)
        yield features
        passed_on.clear()
