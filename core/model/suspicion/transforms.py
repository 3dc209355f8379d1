"""Transforms that keep the class of a clean image, and often remove a perturbation.

Both are cheap beside a forward pass, on one thread.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def median(pixels: Tensor) -> Tensor:
    """3 x 3 median filter, edges repeated: (batch, 3, height, width) -> the same shape.

    Of each column of three the smallest, middle and largest value; then the middle one of the
    largest smallest, the middle middle and the smallest largest of three neighbouring columns.
    Smith, "Implementing median filters in XC4000E FPGAs", Xcell 23, 1996.
    """
    edged = F.pad(pixels, (1, 1, 1, 1), mode="replicate")
    low, middle, high = _sorted(edged[..., :-2, :], edged[..., 1:-1, :], edged[..., 2:, :])
    largest_low = torch.maximum(torch.maximum(*_columns(low)[:2]), _columns(low)[2])
    smallest_high = torch.minimum(torch.minimum(*_columns(high)[:2]), _columns(high)[2])
    return _sorted(largest_low, _sorted(*_columns(middle))[1], smallest_high)[1]


def resample(pixels: Tensor) -> Tensor:
    """Reduced to a third of the size and enlarged again, bilinear: the same shape as before."""
    height, width = pixels.shape[-2:]
    third = (max(1, height // 3), max(1, width // 3))
    reduced = F.interpolate(pixels, third, mode="bilinear", align_corners=False, antialias=True)
    return F.interpolate(reduced, (height, width), mode="bilinear", align_corners=False)


# Named as in the reasons of a flag. Each costs one more forward pass.
TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "a median filter": median,
    "resampling": resample,
}


def _sorted(one: Tensor, two: Tensor, three: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Element by element: smallest, middle, largest."""
    low, high = torch.minimum(one, two), torch.maximum(one, two)
    middle = torch.maximum(low, torch.minimum(high, three))
    return torch.minimum(low, three), middle, torch.maximum(high, three)


def _columns(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Left neighbour, the value itself, right neighbour: (..., width + 2) -> three (..., width)."""
    return values[..., :-2], values[..., 1:-1], values[..., 2:]
