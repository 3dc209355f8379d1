"""The sum that FullGrad is about and the map it draws, wherever the gradients come from."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor


class GradientSum:
    """sum over layers of <gradient, factor>, gathered from the network's output to its input.

    A layer's factor is its bias; that of the input is what enters the network.
    """

    def __init__(self, *, signed: bool = False) -> None:
        """signed: maps of the terms as they are, whose mean is the logit but for what has no place
        in the image; else of psi of them."""
        self._signed = signed
        self._contributions: dict[str, Tensor] = {}
        self._planes: dict[torch.Size, Tensor] = {}

    def add(self, name: str, factor: Tensor, gradient: Tensor) -> None:
        """Count <gradient, factor> under `name`; gradient (batch, ...), factor broadcasts to it.

        A factor with height and width, if only of 1, has a place in the image and in the map.
        """
        terms = gradient * factor
        contribution = terms.sum(dim=tuple(range(1, terms.dim())))  # (batch,)
        self._contributions[name] = self._contributions.get(name, 0) + contribution
        if gradient.dim() == 4 and factor.dim() >= 3:
            # Of terms as they are, a layer weighs by what it contributes, not by how coarse it is.
            places = terms[0, 0].numel()
            plane = terms.sum(1) * places if self._signed else stretched_sum(terms.abs_())
            self._planes[plane.shape] = self._planes.get(plane.shape, 0) + plane

    def contributions(self) -> tuple[list[str], NDArray[np.float64]]:
        """Names in forward order and what they contribute, signed: (names, batch)."""
        names = list(reversed(self._contributions))
        signed = torch.stack([self._contributions[name] for name in names])
        return names, signed.double().cpu().numpy()

    def contributions_by_image(self) -> list[dict[str, float]]:
        """What each image's layers contribute, by name in forward order."""
        names, signed = self.contributions()
        return [dict(zip(names, column, strict=True)) for column in signed.T.tolist()]

    def maps(self, size: torch.Size) -> NDArray[np.float32]:
        """psi(gradient * input) + sum over layers of psi(gradient * bias): (batch, *size).

        psi, as Srinivas and Fleuret have it: absolute value, each layer of each image stretched
        to [0, 1], summed over channels, resized bilinearly to `size`. (Resizing is linear, so
        layers of one size are resized together.)
        """
        resized = [
            F.interpolate(
                plane[:, None], size, mode="bilinear", align_corners=False, antialias=True
            )
            for plane in self._planes.values()
        ]
        return torch.stack(resized).sum(0).squeeze(1).float().cpu().numpy()


def stretched_sum(terms: Tensor) -> Tensor:
    """The terms of each image stretched to [0, 1] (constant ones to 0), summed over channels.

    (batch, channels, height, width) -> (batch, height, width).
    """
    low, high = (
        extreme(terms, dim=(1, 2, 3))[:, None, None] for extreme in (torch.amin, torch.amax)
    )
    channels, spread = terms.shape[1], high - low
    plane = (terms.sum(1) - channels * low) / spread.where(spread > 0, torch.inf)
    return plane.clamp(0, channels)  # rounding may leave it
