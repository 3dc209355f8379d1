"""Images as a camera that moved would see them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def moved(pixels: Tensor, degrees: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Each image turned clockwise about its middle, then shifted; bilinear, edges repeat.

    pixels: (batch, 3, height, width); degrees, and right and down in sides of the image: (batch,)
    each. Returns what `pixels` was. A turn keeps the shape of things also where images are wide.
    """
    height, width = pixels.shape[-2:]
    radians = degrees * (math.pi / 180)
    cos, sin = radians.cos(), radians.sin()
    # grid_sample asks where each pixel comes from, so everything is undone: first the shift.
    x, y = [cos, sin * height / width], [-sin * width / height, cos]
    back = [-2 * (row[0] * right + row[1] * down) for row in (x, y)]
    matrices = torch.stack([*x, back[0], *y, back[1]], dim=1).view(-1, 2, 3)
    where = F.affine_grid(matrices, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, where, mode="bilinear", padding_mode="border", align_corners=False)
