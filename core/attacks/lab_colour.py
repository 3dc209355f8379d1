"""CIELAB, colours whose lightness can be changed alone (CIE 15, white D65)."""

from __future__ import annotations

import torch
from torch import Tensor

TO_XYZ = (  # of linear sRGB, IEC 61966-2-1, each row divided by the white's own value
    (0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883),
)
BEND = 6 / 29  # below it the cube root is a line


def scale_lightness(pixels: Tensor, factor: float) -> Tensor:
    """L* times `factor`, a* and b* kept: (batch, 3, height, width) in [0, 1], and so returned.

    L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) - f(Z)). So all three f move by the
    same amount, (factor - 1) (f(Y) - 16/116). Colours that no screen can show are clipped.
    """
    matrix = torch.tensor(TO_XYZ, dtype=torch.float64, device=pixels.device)
    linear = _linear(pixels.double())
    bent = _bend(torch.einsum("xc,bchw->bxhw", matrix, linear))  # (batch, XYZ, height, width)
    moved = bent + (factor - 1) * (bent[:, 1:2] - 16 / 116)
    back = torch.einsum("cx,bxhw->bchw", torch.linalg.inv(matrix), _unbend(moved))
    return _encoded(back.clamp(0, 1)).to(pixels.dtype)


def _linear(levels: Tensor) -> Tensor:
    return torch.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _encoded(light: Tensor) -> Tensor:
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _bend(values: Tensor) -> Tensor:
    line = values / (3 * BEND**2) + 4 / 29
    return torch.where(values > BEND**3, values.clamp_min(0) ** (1 / 3), line)


def _unbend(values: Tensor) -> Tensor:
    return torch.where(values > BEND, values**3, 3 * BEND**2 * (values - 4 / 29))
