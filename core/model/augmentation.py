"""Training augmentation of batches: pose, light, haze, noise, sharpness, occlusion.

Every function maps (batch, 3, height, width) in [0, 1] to the same range; `warp` also resizes.
Signs are never mirrored: left and right are different classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(pixels: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Random pose, light, haze, sharpness and occlusion: (batch, 3, size, size) in [0, 1]."""
    lit = haze(light(rescale(pixels, generator), generator), generator)
    hidden = occlude(occlude(noise(lit, generator), generator), generator, share=0.25)
    return focus(warp(hidden, size, generator), generator)


def augment_in_focus(pixels: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """`augment` without loss of detail: no rescaling, noise or blur."""
    lit = haze(light(pixels, generator), generator)
    return warp(occlude(occlude(lit, generator), generator, share=0.25), size, generator)


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """`count` draws from U(low, high)."""
    return torch.rand(count, generator=generator) * (high - low) + low


def warp(pixels: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Rotation +-15 deg, zoom and shift +-15 %, aspect, shear, slight perspective; bilinear."""
    count = len(pixels)
    angle = uniform(count, -15, 15, generator).deg2rad()
    zoom = uniform(count, 0.85, 1.18, generator)
    aspect = uniform(count, 0.92, 1.08, generator)
    shear = uniform(count, -0.12, 0.12, generator)
    shift = uniform(2 * count, -0.15, 0.15, generator).view(count, 2)
    tilt = uniform(2 * count, -0.15, 0.15, generator).view(count, 1, 1, 2)
    cos, sin = angle.cos(), angle.sin()
    rows = torch.stack(
        [
            zoom * aspect * cos,
            zoom * (shear * cos - sin),
            shift[:, 0],
            zoom * sin,
            zoom / aspect * (shear * sin + cos),
            shift[:, 1],
        ],
        dim=1,
    )
    grid = F.affine_grid(rows.view(count, 2, 3), [count, 3, size, size], align_corners=False)
    grid = grid / (1 + (grid * tilt).sum(dim=3, keepdim=True))
    return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def rescale(pixels: Tensor, generator: torch.Generator, share: float = 0.2) -> Tensor:
    """Some images lose detail: reduced to 14..28 pixels and enlarged again."""
    chosen = torch.rand(len(pixels), generator=generator) < share
    if not chosen.any():
        return pixels
    side = int(torch.randint(14, 29, (1,), generator=generator))
    reduced = F.interpolate(pixels[chosen], (side, side), mode="bilinear", antialias=True)
    result = pixels.clone()
    result[chosen] = F.interpolate(reduced, pixels.shape[-2:], mode="bilinear")
    return result


def focus(pixels: Tensor, generator: torch.Generator, share: float = 0.25) -> Tensor:
    """Blur (amount < 0) or unsharp masking (amount > 0): uploads are sharper than GTSRB."""
    chosen = torch.rand(len(pixels), generator=generator) < share
    if not chosen.any():
        return pixels
    original = pixels[chosen]
    amount = uniform(len(original), -1.0, 3.0, generator).view(-1, 1, 1, 1)
    weights = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    across = F.conv2d(original.flatten(0, 1)[:, None], weights.view(1, 1, 1, 5), padding=(0, 2))
    blurred = F.conv2d(across, weights.view(1, 1, 5, 1), padding=(2, 0)).view_as(original)
    inside = torch.zeros_like(original[:1, :1])
    inside[..., 2:-2, 2:-2] = 1  # zero padding darkens the rim: leave it as it was
    result = pixels.clone()
    result[chosen] = (original + inside * amount * (original - blurred)).clamp(0, 1)
    return result


def light(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure, contrast, gamma, colour cast and saturation."""
    count = len(pixels)

    def factor(low: float, high: float, channels: int = 1) -> Tensor:
        return uniform(count * channels, low, high, generator).view(count, channels, 1, 1)

    exposed = pixels * factor(-0.7, 0.7).exp() * factor(-0.15, 0.15, 3).exp()
    mean = exposed.mean(dim=(1, 2, 3), keepdim=True)
    contrasted = mean + (exposed - mean) * factor(-0.5, 0.5).exp() + factor(-0.05, 0.05)
    grey = contrasted.mean(dim=1, keepdim=True)
    coloured = grey + (contrasted - grey) * factor(0.3, 1.6)
    return coloured.clamp(1e-4, 1).pow(factor(-0.4, 0.4).exp())


def haze(pixels: Tensor, generator: torch.Generator, share: float = 0.4) -> Tensor:
    """Fog, glare and dusk: up to 85 % of the contrast gives way to one grey, dark or bright."""
    count = len(pixels)
    chosen = torch.rand((count, 1, 1, 1), generator=generator) < share
    veil = uniform(count, 0, 0.85, generator).view(-1, 1, 1, 1) * chosen
    grey = uniform(count, 0, 1, generator).view(-1, 1, 1, 1)
    return pixels * (1 - veil) + grey * veil


def noise(pixels: Tensor, generator: torch.Generator, share: float = 0.25) -> Tensor:
    """Sensor noise of up to 0.025 standard deviation."""
    level = uniform(len(pixels), 0, 0.025, generator)
    level = level * (torch.rand(len(pixels), generator=generator) < share)
    grain = torch.randn(pixels.shape, generator=generator)
    return (pixels + grain * level.view(-1, 1, 1, 1)).clamp(0, 1)


def occlude(pixels: Tensor, generator: torch.Generator, share: float = 0.6) -> Tensor:
    """A rectangle of one colour, up to half of each side, somewhere on the image."""
    count, _, height, width = pixels.shape
    rows = torch.arange(height).view(1, 1, -1, 1) / height
    columns = torch.arange(width).view(1, 1, 1, -1) / width

    def draw(low: float, high: float) -> Tensor:
        return uniform(count, low, high, generator).view(-1, 1, 1, 1)

    hidden = ((rows - draw(0, 1)).abs() < draw(0.05, 0.25)) & (
        (columns - draw(0, 1)).abs() < draw(0.05, 0.25)
    )
    hidden = hidden & (torch.rand((count, 1, 1, 1), generator=generator) < share)
    colour = torch.rand((count, 3, 1, 1), generator=generator)
    return torch.where(hidden, colour, pixels)
