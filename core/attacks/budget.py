"""What "within epsilon" means in each norm, before and after rounding to 8 bit."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.model.classifier import to_images
from core.records.attacks import Norm


def project(pixels: Tensor, clean: Tensor, epsilon: float, norm: Norm) -> Tensor:
    """Pixels within epsilon of the clean ones, then within [0, 1]: (batch, 3, height, width).

    linf: each value on its own; l2: the change of an image is shortened to epsilon. Clipping to
    [0, 1] moves towards the clean pixels, which lie there, so it never leaves the budget.
    """
    change = pixels - clean
    if norm == "linf":
        change = change.clamp(-epsilon, epsilon)
    else:
        change = change * shortening(change, epsilon)
    return (clean + change).clamp(0, 1)


def shortening(change: Tensor, epsilon: float) -> Tensor:
    """min(1, epsilon / |change|2) an image: (batch, 1, 1, 1)."""
    return torch.clamp_max(epsilon / norm_of(change), 1)


def to_saved(pixels: Tensor, clean: Tensor, epsilon: float, norm: Norm) -> NDArray[np.uint8]:
    """(batch, height, width, 3) uint8: rounded, and as 8-bit images still within epsilon.

    linf: at most floor(255 epsilon) levels from the clean image. l2: rounding to the nearest
    level lengthens a change by up to sqrt(values) / 510; where that leaves the budget, the values
    that were rounded outwards by most are rounded inwards instead, until it is kept. All of them
    rounded inwards is never longer than the change itself, so this ends inside the budget.
    """
    original = to_images(clean).astype(np.int16)
    if norm == "linf":
        levels = math.floor(255 * epsilon + 1e-6)
        return np.clip(to_images(pixels), original - levels, original + levels).astype(np.uint8)
    exact = pixels.detach().permute(0, 2, 3, 1).cpu().numpy().astype(np.float64) * 255 - original
    changes = [_round_within(change, 255 * epsilon) for change in exact]
    return (original + np.stack(changes)).astype(np.uint8)


def _round_within(change: NDArray[np.float64], budget: float) -> NDArray[np.int16]:
    """Whole levels, of a length of at most `budget`, near `change` (height, width, 3)."""
    change = change * min(1.0, budget / max(float(np.linalg.norm(change)), 1e-12))
    levels = np.rint(change)
    excess = np.sum(levels**2) - budget**2
    if excess > 0:
        outwards = np.abs(levels) - np.abs(change)
        order = np.argsort(-outwards, axis=None, kind="stable")
        order = order[outwards.flat[order] > 0]
        saved = np.cumsum(2 * np.abs(levels.flat[order]) - 1)
        back = order[: int(np.searchsorted(saved, excess)) + 1]
        levels.flat[back] -= np.sign(levels.flat[back])
    return levels.astype(np.int16)


def norm_of(values: Tensor) -> Tensor:
    """The L2 norm of each image, never 0, to divide by: (batch, 1, 1, 1)."""
    return torch.clamp_min(values.flatten(start_dim=1).norm(dim=1), 1e-12)[:, None, None, None]
