"""The gradient of one logit with respect to the pixels, and what a pass for it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.errors import BadInput
from core.model.classifier import Classifier


@dataclass(frozen=True, eq=False)
class ImageGradient:
    """pixels, gradient: (batch, 3, height, width); logits: (batch, classes), not tempered;
    probabilities: (batch, classes), calibrated; class_ids: (batch,), those whose logits were
    differentiated."""

    pixels: Tensor
    gradient: Tensor
    logits: Tensor
    probabilities: Tensor
    class_ids: Tensor


def image_gradient(
    classifier: Classifier, pixels: Tensor, class_ids: Tensor | None
) -> ImageGradient:
    """One forward and one backward pass for the batch, in eval mode; parameters gather no gradient.

    class_ids: (batch,), None for the predicted ones. Raises BadInput for a model that gives no
    gradient.
    """
    with torch.inference_mode(False), torch.enable_grad(), evaluating(classifier):
        leaf = laid_out(pixels.to(classifier.mean)).requires_grad_()
        logits = classifier(leaf)
        chosen = logits.argmax(1) if class_ids is None else class_ids.to(logits.device)
        # Images do not mix in eval mode, so the gradient of the sum is each one's own.
        explained = logits.gather(1, chosen[:, None]).sum()
        gradient = None
        if explained.requires_grad:
            (gradient,) = torch.autograd.grad(explained, leaf, allow_unused=True)
    if gradient is None:
        raise BadInput(
            f"the model ({type(classifier.network).__name__}) gives no gradient of its logits with "
            "respect to the image, so it cannot be explained; expected a network of "
            "differentiable layers, neither detached nor quantised nor compiled for serving"
        )
    logits = logits.detach()
    return ImageGradient(leaf.detach(), gradient, logits, classifier.probabilities(logits), chosen)


def laid_out(pixels: Tensor) -> Tensor:
    """A copy with the channels of a pixel side by side, which convolutions take sooner."""
    return pixels.detach().clone(memory_format=torch.channels_last)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """`module` in eval mode; the parts that were training train again afterwards."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
