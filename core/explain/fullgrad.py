"""FullGrad: the pixels and biases that make up a logit, and the map of where they act.

Srinivas and Fleuret, "Full-Gradient Representation for Neural Network Visualization", NeurIPS
2019 (arXiv:1905.00780). Exact for ReLU networks:

    f_c(x) = <grad_x f_c, x> + sum over biases b_l of <df_c/dz_l, b_l>

with x as it enters the network, resized and normalised, and z_l the output of the layer that adds
b_l.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import BadInput
from core.explain.bias_gradients import bias_gradients, check_supported
from core.explain.explanation import check_pixels, explanations_of, in_chunks
from core.explain.gradient_sum import GradientSum
from core.explain.image_gradient import image_gradient
from core.model.classifier import Classifier
from core.records.explanations import Explanation

Array = NDArray[np.floating]


@in_chunks
def explain(classifier: Classifier, pixels: Tensor, class_ids: Tensor | None) -> list[Explanation]:
    """FullGrad of every image, with one backward pass for the batch."""
    check_supported(classifier.network)
    gradient_sum = GradientSum()
    with bias_gradients(classifier, gradient_sum.add):
        found = image_gradient(classifier, pixels, class_ids)
    return explanations_of(
        found.logits,
        found.probabilities,
        found.class_ids,
        gradient_sum.maps(pixels.shape[-2:]),
        gradient_sum.contributions_by_image(),
    )


def explain_recorded(
    pixels: Array,
    logits: Array,
    class_id: int,
    *,
    temperature: float,
    recorded: Iterable[tuple[str, Array, Array]],
    needed: Collection[str],
) -> Explanation:
    """FullGrad of one image from what was recorded of it, without the model.

    Parameters
    ----------
    pixels
        ``(3, height, width)`` in [0, 1], the image that the map is laid over.
    logits
        ``(classes,)``, not tempered.
    class_id
        The class to explain.
    temperature
        The classifier's.
    recorded
        What `bias_gradients` gave its sink, in that order, without the batch's dimension.
    needed
        `biased_layers` of the model, each of which has to be in the record.

    Raises
    ------
    BadInput
        Naming the tensors, for a record that misses some or whose shapes do not fit.
    """
    image = _row(pixels)
    check_pixels(image)
    if not 0 <= class_id < len(logits):
        raise BadInput(f"class must lie in 0..{len(logits) - 1}, got {class_id}")
    gradient_sum, seen = GradientSum(), set()
    for name, factor, gradient in recorded:
        _add(gradient_sum, name, _row(factor)[0], _row(gradient))
        seen.add(name)
    missing = [name for name in needed if name not in seen]
    if missing:
        raise BadInput(
            f"the record misses the gradients of {', '.join(missing)}; FullGrad needs those of all "
            f"{len(needed)} layers with a bias, so record with an expression that matches them"
        )
    known = _row(logits)
    (explanation,) = explanations_of(
        known,
        torch.softmax(known / temperature, dim=1),
        torch.tensor([class_id]),
        gradient_sum.maps(image.shape[-2:]),
        gradient_sum.contributions_by_image(),
    )
    return explanation


def _row(values: Array) -> Tensor:
    """As a batch of one; a copy, as stored arrays may be read-only."""
    return torch.tensor(np.asarray(values))[None]


def _add(gradient_sum: GradientSum, name: str, factor: Tensor, gradient: Tensor) -> None:
    try:
        fits = torch.broadcast_shapes(factor.shape, gradient.shape) == gradient.shape
    except RuntimeError:
        fits = False
    if not fits:
        raise BadInput(
            f"the record's bias of {name}, {tuple(factor.shape)}, does not fit its gradient, "
            f"{tuple(gradient.shape[1:])}; both have to come from one request"
        )
    gradient_sum.add(name, factor, gradient)


def outside_share(
    saliency: NDArray[np.floating], radius: float = 0.4, centre: tuple[float, float] = (0.5, 0.5)
) -> float:
    """Share of a map's mass outside a circle.

    Parameters
    ----------
    saliency
        ``(height, width)``, >= 0.
    radius
        A fraction of the shorter side, above 0; 0.5 around the middle touches the nearer edges.
    centre
        (x, y), fractions of width and height from the upper left corner.

    Returns
    -------
    float
        In [0, 1]; 0 for a map without mass.
    """
    if not radius > 0:
        raise BadInput(f"radius must be larger than 0, got {radius:g}")
    height, width = saliency.shape
    y = (np.arange(height) + 0.5 - height * centre[1])[:, None]
    x = np.arange(width) + 0.5 - width * centre[0]
    outside = np.hypot(y, x) > radius * min(height, width)
    mass = saliency.sum(dtype=np.float64)
    return float(saliency[outside].sum(dtype=np.float64) / mass) if mass > 0 else 0.0
