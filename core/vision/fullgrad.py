"""FullGrad: the pixels and biases that make up a logit, and the map of where they act.

Srinivas and Fleuret, "Full-Gradient Representation for Neural Network Visualization", NeurIPS
2019 (arXiv:1905.00780). Exact for ReLU networks:

    f_c(x) = <grad_x f_c, x> + sum over biases b_l of <df_c/dz_l, b_l>

with x in pixels and z_l the output of the layer that adds b_l.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.errors import BadInput
from core.vision.bias_gradients import bias_gradients, check_supported
from core.vision.classifier import Classifier
from core.vision.explanation import Explanation, explanations_of, in_chunks
from core.vision.gradient_sum import GradientSum
from core.vision.picture_gradient import picture_gradient

INPUT = "input"


@in_chunks
def explain(classifier: Classifier, pixels: Tensor, class_ids: Tensor | None) -> list[Explanation]:
    """FullGrad of every picture, with one backward pass for the batch."""
    check_supported(classifier.network)
    gradient_sum = GradientSum()
    with bias_gradients(classifier, gradient_sum.add):
        found = picture_gradient(classifier, pixels, class_ids)
    gradient_sum.add(INPUT, found.pixels, found.gradient)
    names, signed = gradient_sum.contributions()
    return explanations_of(
        classifier, found.logits, found.class_ids, gradient_sum.maps(pixels.shape[-2:]),
        [dict(zip(names, column, strict=True)) for column in signed.T.tolist()],
    )  # fmt: skip


def outside_share(
    saliency: NDArray[np.floating], radius: float = 0.4, centre: tuple[float, float] = (0.5, 0.5)
) -> float:
    """Share in [0, 1] of a (height, width) map's mass outside a circle.

    radius: a fraction of the shorter side; centre: (x, y), fractions of width and height from the
    upper left corner. A radius of 0.5 around the middle touches the nearer edges. A map without
    mass has 0.
    """
    if not radius > 0:
        raise BadInput(f"radius must be larger than 0, got {radius:g}")
    height, width = saliency.shape
    y = (np.arange(height) + 0.5 - height * centre[1])[:, None]
    x = np.arange(width) + 0.5 - width * centre[0]
    outside = np.hypot(y, x) > radius * min(height, width)
    mass = saliency.sum(dtype=np.float64)
    return float(saliency[outside].sum(dtype=np.float64) / mass) if mass > 0 else 0.0
