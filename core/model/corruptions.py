"""Corruptions by weather, cameras and files, at five severities.

Kinds and strengths are those of CIFAR-10-C (Hendrycks, Dietterich: Benchmarking Neural Network
Robustness to Common Corruptions and Perturbations, ICLR 2019, https://arxiv.org/abs/1903.12261),
made for images of 32 pixels. A strength that is a length grows with the image, so that a sign
suffers equally at 32 and at 128 pixels.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from core.errors import BadInput
from core.images import to_uint8

SEVERITIES = (1, 2, 3, 4, 5)
SIDE = 32  # of the images that lengths are given for

Pixels = NDArray[np.float64]  # (height, width, 3) in [0, 1]
Apply = Callable[[Pixels, float, np.random.Generator], Pixels]


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption. strengths: one a severity; means: their unit, in words."""

    title: str
    strengths: tuple[float, float, float, float, float]
    means: str
    apply: Apply


def corrupt(
    image: NDArray[np.uint8], kind: str, *, severity: int, seed: int = 0
) -> NDArray[np.uint8]:
    """Corrupt an image.

    Parameters
    ----------
    image
        (height, width, 3) uint8.
    kind
        A name in CORRUPTIONS.
    severity
        1 to 5.
    seed
        Noise and fog depend on image, kind and seed; severity only scales them.

    Returns
    -------
    numpy.ndarray
        (height, width, 3) uint8.

    Raises
    ------
    BadInput
        There is no such kind or severity.

    Examples
    --------
    >>> grey = np.full((32, 32, 3), 100, np.uint8)
    >>> int(corrupt(grey, "brightness", severity=5)[0, 0, 0])  # 100 + 0.3 * 255, rounded
    176
    """
    if kind not in CORRUPTIONS:
        raise BadInput(f"unknown corruption {kind!r}; there are {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise BadInput(f"severity must lie in 1..{len(SEVERITIES)}, got {severity}")
    corruption = CORRUPTIONS[kind]
    key = hashlib.blake2b(np.ascontiguousarray(image).tobytes() + kind.encode(), digest_size=8)
    rng = np.random.default_rng([seed, int.from_bytes(key.digest())])
    strength = corruption.strengths[severity - 1]
    return to_uint8(corruption.apply(image / 255.0, strength, rng))


def _noise(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    return pixels + strength * rng.standard_normal(pixels.shape)


def _blur(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    sigma = strength * min(pixels.shape[:2]) / SIDE
    blurred: Pixels = gaussian_filter(pixels, (sigma, sigma, 0), mode="nearest")
    return blurred


def _brightness(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """Raise the value of HSV, the largest of the three channels; keep hue and saturation."""
    value = pixels.max(axis=2, keepdims=True)
    raised = np.minimum(value + strength, 1.0)
    grey: Pixels = np.broadcast_to(raised, pixels.shape)
    brighter: Pixels = np.where(value > 0, pixels * raised / np.where(value > 0, value, 1.0), grey)
    return brighter


def _contrast(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    mean = pixels.mean(axis=(0, 1), keepdims=True)
    less: Pixels = (pixels - mean) * strength + mean
    return less


def _fog(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """(x + c h) max(x) / (max(x) + c), h a cloudy field in [0, 1]: light added, range kept."""
    highest = pixels.max()
    fogged: Pixels = (pixels + strength * _clouds(pixels.shape[:2], rng)[:, :, None]) * (
        highest / max(highest + strength, 1e-12)
    )
    return fogged


def _jpeg(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(to_uint8(pixels)).save(buffer, "JPEG", quality=int(strength))
    return np.asarray(Image.open(buffer), dtype=np.float64) / 255.0


def _clouds(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Value noise of four octaves, each twice as fine and half as strong: `size`, over [0, 1]."""
    height, width = size
    total = np.zeros(size)
    for octave in range(4):
        side = 2 * 2**octave + 1
        grid = Image.fromarray(rng.random((side, side), dtype=np.float32))
        total += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)) * 0.5**octave
    low, high = total.min(), total.max()
    spread: NDArray[np.float64] = (total - low) / max(high - low, 1e-12)
    return spread


CORRUPTIONS: dict[str, Corruption] = {
    "noise": Corruption(
        "Noise", (0.04, 0.06, 0.08, 0.09, 0.10), "standard deviation, of full light", _noise
    ),
    "blur": Corruption(
        "Blur", (0.4, 0.6, 0.7, 0.8, 1.0), "sigma in 1/32 of the shorter side", _blur
    ),
    "brightness": Corruption(
        "Brightness", (0.05, 0.1, 0.15, 0.2, 0.3), "added to the value, of full light", _brightness
    ),
    "contrast": Corruption(
        "Contrast", (0.75, 0.5, 0.4, 0.3, 0.15), "share of the contrast that is left", _contrast
    ),
    "fog": Corruption("Fog", (0.2, 0.5, 0.75, 1.0, 1.5), "light added at most", _fog),
    "jpeg": Corruption("JPEG", (80, 65, 58, 50, 40), "quality", _jpeg),
}
