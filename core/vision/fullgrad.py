"""FullGrad: the pixels and biases that make up a logit, and the map of where they act.

Srinivas and Fleuret, "Full-Gradient Representation for Neural Network Visualization", NeurIPS
2019 (arXiv:1905.00780). Exact for ReLU networks:

    f_c(x) = <grad_x f_c, x> + sum over biases b_l of <df_c/dz_l, b_l>

with x in pixels and z_l the output of the layer that adds b_l.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import BadInput
from core.vision.bias_gradients import bias_gradients, check_supported
from core.vision.classifier import Classifier
from core.vision.gradient_sum import GradientSum

INPUT = "input"
# Resampling may leave [0, 1] by rounding; pictures in 0..255 leave it by more.
OVERSHOOT = 1e-3


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why one picture got the logit of one class.

    map: (height, width) of the picture, >= 0, in logits: but for interpolation, its mean is the
    sum of |gradient * bias| and |gradient * pixel| over everything that has a place in the
    picture. Nothing is scaled by picture, so maps share one colour scale;
    class_id: the class explained; logit: f_c, not tempered; probability: calibrated, of that
    class; predicted_id: the class with the largest logit;
    contributions: by layer in forward order, signed, in logits; `input` is <grad_x f_c, x>,
    `normalisation` the bias of the classifier's own normalisation, the rest are module paths;
    residual: |f_c - sum of contributions| / max(1, |f_c|), zero but for rounding.
    """

    map: NDArray[np.float32]
    class_id: int
    logit: float
    probability: float
    predicted_id: int
    contributions: Mapping[str, float]
    residual: float


def explain(
    classifier: Classifier, pixels: Tensor, classes: int | Tensor | None = None
) -> list[Explanation]:
    """FullGrad of every picture, with one backward pass for the batch.

    pixels: (batch, 3, height, width) in [0, 1], of any size, taken to the classifier's precision
    and device; classes: a class id for all, (batch,) class ids, or None for the predicted ones.
    The classifier is explained in eval mode and left as found.

    Raises BadInput for other shapes and ranges, classes that do not exist, and networks with
    layers that FullGrad does not cover.
    """
    check_supported(classifier.network)
    _check_pixels(pixels)
    gradient_sum = GradientSum()
    with torch.inference_mode(False), bias_gradients(classifier, gradient_sum.add):
        leaf = pixels.detach().to(classifier.mean, copy=True).requires_grad_()
        logits = classifier(leaf)
        class_ids = _class_ids(classes, logits)
        explained = logits.gather(1, class_ids[:, None]).squeeze(1)
        # Pictures do not mix in eval mode, so the gradient of the sum is each one's own.
        (gradient,) = torch.autograd.grad(explained.sum(), leaf)
    gradient_sum.add(INPUT, leaf.detach(), gradient)
    return _explanations(classifier, logits.detach(), class_ids, gradient_sum, leaf.shape[-2:])


def outside_share(saliency: NDArray[np.floating], radius: float = 0.4) -> float:
    """Share in [0, 1] of a (height, width) map's mass outside a centred circle.

    radius: a fraction of the shorter side; 0.5 touches it. A map without mass has 0.
    """
    if not radius > 0:
        raise BadInput(f"radius must be larger than 0, got {radius:g}")
    height, width = saliency.shape
    y = (np.arange(height) + 0.5 - height / 2)[:, None]
    x = np.arange(width) + 0.5 - width / 2
    outside = np.hypot(y, x) > radius * min(height, width)
    mass = saliency.sum(dtype=np.float64)
    return float(saliency[outside].sum(dtype=np.float64) / mass) if mass > 0 else 0.0


def _explanations(
    classifier: Classifier,
    logits: Tensor,
    class_ids: Tensor,
    gradient_sum: GradientSum,
    size: torch.Size,
) -> list[Explanation]:
    names, contributions = gradient_sum.contributions()
    maps = gradient_sum.maps(size)
    probabilities = classifier.probabilities(logits)
    explanations = []
    for row, class_id in enumerate(class_ids.tolist()):
        logit = float(logits[row, class_id])
        explanations.append(
            Explanation(
                map=maps[row],
                class_id=class_id,
                logit=logit,
                probability=float(probabilities[row, class_id]),
                predicted_id=int(logits[row].argmax()),
                contributions=dict(zip(names, contributions[:, row].tolist(), strict=True)),
                residual=float(abs(logit - contributions[:, row].sum()) / max(1.0, abs(logit))),
            )
        )
    return explanations


def _check_pixels(pixels: Tensor) -> None:
    if pixels.dim() != 4 or pixels.shape[1] != 3 or 0 in pixels.shape:
        raise BadInput(
            f"pixels must be (batch, 3, height, width), none of them 0, got {tuple(pixels.shape)}"
        )
    if not pixels.is_floating_point():
        raise BadInput(f"pixels must be floats in [0, 1], got {pixels.dtype}")
    low, high = (float(end) for end in pixels.detach().aminmax())
    if not (low >= -OVERSHOOT and high <= 1 + OVERSHOOT):
        raise BadInput(f"pixels must lie in [0, 1], got {low:g} to {high:g}")


def _class_ids(classes: int | Tensor | None, logits: Tensor) -> Tensor:
    """(batch,) int64."""
    batch, known = logits.shape
    if classes is None:
        return logits.argmax(1)
    class_ids = torch.as_tensor(classes, device=logits.device)
    if class_ids.is_floating_point() or class_ids.shape not in ((), (batch,)):
        raise BadInput(
            f"classes must be one class id, or ({batch},) of them, "
            f"got {tuple(class_ids.shape)} {class_ids.dtype}"
        )
    for class_id in class_ids.flatten().tolist():
        if not 0 <= class_id < known:
            raise BadInput(f"class must lie in 0..{known - 1}, got {class_id}")
    return class_ids.long().expand(batch)
