"""Smooth random fields and small image helpers that the backdrops and the light share."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Field = NDArray[np.float32]  # (size, size), values in [0, 1]
Pixels = NDArray[np.float32]  # (size, size, 3), RGB in [0, 1]
Colour = tuple[float, float, float]  # RGB in [0, 1]


def fractal(
    rng: np.random.Generator,
    size: int,
    *,
    bumps: float = 3,
    octaves: int = 4,
    fade: float = 0.5,
    stretch: float = 1.0,
) -> Field:
    """Value noise summed over ``octaves``, each twice as fine and ``fade`` times as strong.

    ``bumps`` is the number of bumps down the coarsest octave; ``stretch`` > 1 makes bumps wider
    than high. Returns ``(size, size)`` spread over exactly [0, 1].
    """
    total = np.zeros((size, size), dtype=np.float32)
    for octave in range(octaves):
        rows = max(2, round(bumps * 2**octave)) + 2
        columns = max(2, round(bumps * 2**octave / stretch)) + 2
        grid = Image.fromarray(rng.random((rows, columns), dtype=np.float32))
        # Leave out the outermost half bumps, where interpolation is flat.
        box = (0.5, 0.5, columns - 0.5, rows - 0.5)
        smooth = grid.resize((size, size), Image.Resampling.BICUBIC, box=box)
        total += np.asarray(smooth) * fade**octave
    low, high = total.min(), total.max()
    return as_float32((total - low) / max(high - low, 1e-6))


def as_float32(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """``values`` in the type that every field and image has."""
    return np.asarray(values, dtype=np.float32)


def step(field: Field, low: float, high: float) -> Field:
    """0 below ``low``, 1 above ``high``, a smooth ramp between."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return as_float32(t * t * (3 - 2 * t))


def mix(under: Pixels, over: Pixels | Colour, share: Field | float) -> Pixels:
    """``over`` laid on ``under`` where ``share`` says so, 0..1."""
    weight = np.asarray(share, dtype=np.float32)
    weight = weight[..., None] if weight.ndim == 2 else weight
    colour = np.asarray(over, dtype=np.float32)
    return as_float32(under * (1 - weight) + colour * weight)


def shaded(base: Pixels | Colour, level: Field) -> Pixels:
    """``base``, an image or one colour, brightened or darkened pixel by pixel by ``level``."""
    return as_float32(np.asarray(base, dtype=np.float32) * level[..., None])


def gradient(size: int, top: Colour, bottom: Colour, *, bend: float = 1.0) -> Pixels:
    """A vertical run from ``top`` to ``bottom``; ``bend`` > 1 keeps the top colour longer."""
    share = np.linspace(0, 1, size, dtype=np.float32) ** bend
    column = np.outer(1 - share, top) + np.outer(share, bottom)
    return as_float32(np.repeat(column[:, None, :], size, axis=1))


def heights(size: int) -> Field:
    """Each pixel's height coordinate: 0 in the top row, 1 in the bottom row."""
    column = np.linspace(0, 1, size, dtype=np.float32)
    return np.repeat(column[:, None], size, axis=1)


def across(size: int) -> Field:
    """Each pixel's coordinate from left, 0, to right, 1."""
    return heights(size).T.copy()


def to_pil(image: Pixels) -> Image.Image:
    """``image`` as an 8-bit RGB image."""
    return Image.fromarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8))


def from_pil(image: Image.Image) -> Pixels:
    """An RGB image as ``(size, size, 3)`` in [0, 1]."""
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def blurred(image: Pixels, radius: float) -> Pixels:
    """``image`` out of focus; ``radius`` in pixels."""
    return from_pil(to_pil(image).filter(ImageFilter.GaussianBlur(radius)))
