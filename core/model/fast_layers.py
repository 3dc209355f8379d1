"""Convolutions in forms that processors are quicker at: the same sums, backwards above all."""

from __future__ import annotations

from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEW_CHANNELS = 4  # input channels; vector instructions take eight or more at once
FEW_PLACES = 64  # height x width of an output map; smaller ones are computed in plain layout


class Unshuffled(nn.Module):
    """A convolution of stride 2 as one of stride 1 over blocks of 2 x 2 pixels.

    Its input gradient is of four times as many channels at half the side: the three of an image
    would leave most of a vector instruction idle.
    w'[o, 4c + 2i + j, a, b] = w[o, c, 2a + i, 2b + j], kernels of an odd side extended by zeros
    (pixel unshuffle: Shi et al., CVPR 2016, https://arxiv.org/abs/1609.05158).
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        weight = convolution.weight.detach()
        outputs, inputs, rows, columns = weight.shape
        self.kernel, self.padding = (rows, columns), _both(convolution.padding)
        even = F.pad(weight, (0, columns % 2, 0, rows % 2))
        blocks = even.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # o, c, a, i, b, j
        merged = blocks.permute(0, 1, 3, 5, 2, 4).reshape(outputs, 4 * inputs, *blocks.shape[2:5:2])
        last = merged.contiguous(memory_format=torch.channels_last)
        self.weight = nn.Parameter(last, requires_grad=False)
        self.bias = convolution.bias

    @staticmethod
    def serves(module: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Whether `module` is a convolution that this form is for."""
        return (
            isinstance(module, nn.Conv2d)
            and module.in_channels <= FEW_CHANNELS
            and (module.stride, module.dilation, module.groups) == ((2, 2), (1, 1), 1)
            and module.padding_mode == "zeros"
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, outputs, height', width')."""
        (top, bottom), (left, right) = map(_borders, pixels.shape[-2:], self.kernel, self.padding)
        framed = F.pad(pixels, (left, right, top, bottom))
        return F.conv2d(F.pixel_unshuffle(framed, 2), self.weight, self.bias)


class Plain(nn.Module):
    """A convolution that sees its input, and keeps its weights, in plain layout."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, features: Tensor) -> Tensor:
        """(batch, channels, height, width) in any layout."""
        output: Tensor = self.convolution(features.contiguous())
        return output


def _both(padding: str | tuple[int, ...]) -> tuple[int, int]:
    """Zeros above and to the left; torch allows "same" with stride 1 only, so "valid" is left."""
    return (0, 0) if isinstance(padding, str) else (padding[0], padding[1])


def _borders(length: int, kernel: int, padding: int) -> tuple[int, int]:
    """Zeros before and after, negative where pixels at the end are not looked at."""
    outputs = (length + 2 * padding - kernel) // 2 + 1
    needed = 2 * (outputs - 1) + kernel + kernel % 2
    return padding, needed - length - padding
