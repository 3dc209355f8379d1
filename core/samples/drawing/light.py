"""Weather on the plate, light on the scene, and the camera that takes the image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.samples.drawing.noise import (
    Colour,
    Field,
    Pixels,
    across,
    as_float32,
    fractal,
    from_pil,
    heights,
    mix,
    shaded,
    step,
    to_pil,
)


@dataclass(frozen=True)
class Light:
    """How bright and in which tint sign and backdrop appear, and what shadow falls on the sign."""

    sign: float
    backdrop: float
    tint: Colour = (1.0, 1.0, 1.0)
    shadow: str = ""  # "", "leaves" or "edge"
    haze: float = 0.0


SUNNY = Light(sign=1.0, backdrop=1.02, tint=(1.03, 1.0, 0.94))
OVERCAST = Light(sign=0.82, backdrop=0.86, tint=(0.97, 1.0, 1.03), haze=0.05)
DAPPLED = Light(sign=0.98, backdrop=0.92, tint=(1.02, 1.0, 0.93), shadow="leaves")
HALF_SHADE = Light(sign=0.98, backdrop=1.0, tint=(1.02, 1.0, 0.95), shadow="edge")
SHADE = Light(sign=0.66, backdrop=0.9, tint=(0.94, 0.99, 1.07))
BACKLIT = Light(sign=0.48, backdrop=1.22, tint=(1.0, 0.99, 0.98), haze=0.04)
EVENING = Light(sign=0.6, backdrop=0.9, tint=(1.06, 0.96, 0.92))
HEADLIGHTS = Light(sign=1.0, backdrop=0.8, tint=(1.04, 1.0, 0.92))
WINTER = Light(sign=0.84, backdrop=0.98, tint=(0.95, 0.99, 1.06), haze=0.06)


def weathered(rng: np.random.Generator, plate: Pixels) -> Pixels:
    """``plate`` as it looks after some years: film a little faded, dust and a few streaks."""
    size = len(plate)
    grey = plate.mean(axis=2, keepdims=True)
    aged = plate + (grey * 0.75 + 0.2 - plate) * rng.uniform(0.0, 0.12)
    dust = step(fractal(rng, size, bumps=4, octaves=4, fade=0.6), 0.45, 1.0)
    streaks = step(fractal(rng, size, bumps=3, octaves=4, stretch=0.12), 0.6, 1.0)
    dirt = dust * rng.uniform(0.06, 0.3) + streaks * heights(size) * rng.uniform(0.04, 0.24)
    return mix(as_float32(aged), (0.36, 0.32, 0.26), dirt)


def lit(rng: np.random.Generator, plate: Pixels, light: Light) -> Pixels:
    """``plate`` under ``light``: brightness falling off to one side, tint, a shadow."""
    size = len(plate)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (across(size) - 0.5) * np.cos(angle) + (heights(size) - 0.5) * np.sin(angle)
    level = light.sign * (1 + 0.16 * slope) * (1 - _shadow(rng, size, light.shadow))
    return shaded(as_float32(plate * np.asarray(light.tint)), level)


def aired(backdrop: Pixels, light: Light) -> Pixels:
    """``backdrop`` under ``light``, distance paling it a little."""
    bright = as_float32(backdrop * light.backdrop * np.asarray(light.tint))
    return mix(bright, (0.80, 0.83, 0.86), light.haze)


def photographed(rng: np.random.Generator, scene: Pixels, size: int) -> NDArray[np.uint8]:
    """``scene`` through a small camera: lens blur, vignette, weak chroma, grain.

    Returns ``(size, size, 3)`` uint8.
    """
    reduced = to_pil(scene).resize((size, size), Image.Resampling.BOX)
    reduced = reduced.filter(ImageFilter.GaussianBlur(rng.uniform(0.35, 0.7) * size / 128))
    image = from_pil(_weak_chroma(reduced))
    radius = np.hypot(across(size) - 0.5, heights(size) - 0.5)
    image = image * (1 - rng.uniform(0.1, 0.3) * radius[..., None] ** 2)
    grain = rng.normal(0, rng.uniform(0.001, 0.0025), (size, size, 1))
    final = np.clip(image * rng.uniform(0.94, 1.06) + grain, 0, 1)
    return np.asarray(final * 255 + 0.5, dtype=np.uint8)


def _shadow(rng: np.random.Generator, size: int, kind: str) -> Field:
    """How much of the light is kept away, 0..1."""
    if kind == "leaves":
        leaves = fractal(rng, size, bumps=5, octaves=2, fade=0.35)
        return step(leaves, 0.38, 0.66) * rng.uniform(0.28, 0.42)
    if kind == "edge":
        angle = rng.uniform(-0.9, 0.9)
        line = (heights(size) - 0.5) * np.cos(angle) + (across(size) - 0.5) * np.sin(angle)
        wobble = (fractal(rng, size, bumps=2, octaves=3) - 0.5) * 0.06
        return step(line + wobble, 0.0, 0.03) * rng.uniform(0.38, 0.5)
    return np.zeros((size, size), dtype=np.float32)


def _weak_chroma(image: Image.Image) -> Image.Image:
    """Colour at half resolution, as in JPEG: Y stays, Cb and Cr are halved and enlarged again."""
    luma, *chroma = image.convert("YCbCr").split()
    width, height = image.size
    soft = [
        band.resize((max(width // 2, 1), max(height // 2, 1)), Image.Resampling.BOX).resize(
            image.size, Image.Resampling.BILINEAR
        )
        for band in chroma
    ]
    return Image.merge("YCbCr", (luma, *soft)).convert("RGB")
