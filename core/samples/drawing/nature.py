"""Backdrops outside town: sky, leaves, trees, fields, snow."""

from collections.abc import Sequence

import numpy as np
from PIL import ImageDraw

from core.samples.drawing.noise import (
    Colour,
    Field,
    Pixels,
    across,
    as_float32,
    blurred,
    fractal,
    from_pil,
    gradient,
    heights,
    mix,
    shaded,
    step,
    to_pil,
)

_GREENS: tuple[Colour, ...] = (
    (0.10, 0.20, 0.07),
    (0.18, 0.32, 0.10),
    (0.27, 0.43, 0.14),
    (0.42, 0.56, 0.22),
    (0.58, 0.68, 0.34),
)
_AUTUMN: tuple[Colour, ...] = (
    (0.22, 0.13, 0.06),
    (0.45, 0.22, 0.07),
    (0.68, 0.36, 0.10),
    (0.82, 0.55, 0.18),
    (0.55, 0.48, 0.16),
)


def clear_sky(rng: np.random.Generator, size: int) -> Pixels:
    """Blue sky with fair-weather clouds over a distant wood."""
    sky = gradient(size, (0.22, 0.46, 0.78), (0.72, 0.84, 0.94), bend=0.9)
    clouds = step(fractal(rng, size, bumps=2, octaves=6, stretch=2.2), 0.48, 0.82)
    sky = mix(sky, (0.97, 0.97, 0.98), clouds * 0.9)
    return wood(rng, sky, level=rng.uniform(0.72, 0.9), colour=(0.16, 0.25, 0.13))


def overcast_sky(rng: np.random.Generator, size: int) -> Pixels:
    """Layered grey cloud over a bare wood."""
    sky = gradient(size, (0.58, 0.61, 0.65), (0.80, 0.81, 0.81))
    clouds = 0.84 + 0.3 * fractal(rng, size, bumps=3, octaves=5, stretch=2.5)
    return wood(rng, shaded(sky, clouds), level=rng.uniform(0.66, 0.86), colour=(0.24, 0.24, 0.20))


def wood(rng: np.random.Generator, sky: Pixels, *, level: float, colour: Colour) -> Pixels:
    """``sky`` above the ragged top of a wood that reaches up to ``level`` (0 top, 1 bottom)."""
    size = len(sky)
    crown = level + 0.12 * (_profile(rng, size, bumps=4, octaves=4) - 0.5)
    trees = shaded(colour, 0.65 + 0.6 * fractal(rng, size, bumps=9, octaves=3))
    inside = step(heights(size) - crown[None, :], -0.008, 0.012)
    return blurred(mix(sky, trees, inside), size * 0.008)


def foliage(rng: np.random.Generator, size: int) -> Pixels:
    """A hedge of summer leaves, out of focus."""
    return _leaves(rng, size, _GREENS, (0.09, 0.15, 0.06))


def autumn(rng: np.random.Generator, size: int) -> Pixels:
    """Turning leaves, out of focus."""
    return _leaves(rng, size, _AUTUMN, (0.16, 0.11, 0.06))


def forest(rng: np.random.Generator, size: int) -> Pixels:
    """Tree trunks with light between them."""
    light = fractal(rng, size, bumps=5, octaves=4)
    base = mix(gradient(size, (0.44, 0.54, 0.34), (0.15, 0.21, 0.09)), (0.80, 0.86, 0.62), light**3)
    image = to_pil(base)
    pen = ImageDraw.Draw(image)
    for depth in np.linspace(0.15, 1, 11).tolist():
        x, width = rng.uniform(-0.05, 1.05) * size, (0.02 + 0.07 * depth) * size
        lean, tone = rng.normal(0, 0.03) * size, int(105 - 62 * depth)
        trunk = [(x, 0), (x + width * 0.85, 0), (x + width + lean, size), (x + lean, size)]
        pen.polygon(trunk, fill=(tone, int(tone * 0.86), int(tone * 0.66)))
    bark = 0.85 + 0.3 * fractal(rng, size, bumps=24, octaves=2, stretch=0.25)
    return blurred(shaded(from_pil(image), bark), size * 0.02)


def fields(rng: np.random.Generator, size: int) -> Pixels:
    """Rolling fields, one of them in yellow flower, under a wide sky."""
    scene = gradient(size, (0.36, 0.58, 0.84), (0.82, 0.89, 0.92), bend=0.7)
    clouds = step(fractal(rng, size, bumps=2, octaves=5, stretch=3), 0.52, 0.9)
    scene = mix(scene, (0.98, 0.97, 0.95), clouds * 0.8)
    scene = wood(rng, scene, level=0.6, colour=(0.24, 0.34, 0.26))
    crops: tuple[Colour, ...] = ((0.46, 0.56, 0.24), (0.84, 0.74, 0.16), (0.30, 0.44, 0.15))
    for level, crop in zip((0.64, 0.74, 0.87), crops, strict=True):
        ridge = level + 0.1 * (_profile(rng, size, bumps=1, octaves=2) - 0.5)
        land = shaded(crop, 0.82 + 0.36 * fractal(rng, size, bumps=12, octaves=3, stretch=4))
        scene = mix(scene, land, step(heights(size) - ridge[None, :], 0.0, 0.01))
    return blurred(scene, size * 0.012)


def snow(rng: np.random.Generator, size: int) -> Pixels:
    """Snow-laden firs on white ground, flakes in the air."""
    scene = gradient(size, (0.60, 0.68, 0.78), (0.82, 0.85, 0.89))
    for level, tone in ((0.28, 0.46), (0.46, 0.26)):
        scene = mix(scene, _snowy(rng, size, tone), _firs(rng, size, level))
    drift = 0.82 + 0.07 * (_profile(rng, size, bumps=2, octaves=2) - 0.5)
    white = shaded((0.92, 0.95, 1.0), 0.9 + 0.1 * fractal(rng, size, bumps=5, stretch=3))
    scene = mix(scene, white, step(heights(size) - drift[None, :], 0, 0.02))
    return blurred(scene, size * 0.015)


def _profile(rng: np.random.Generator, size: int, *, bumps: float, octaves: int) -> Field:
    """One row of noise, ``(size,)``: the outline of a hill or of treetops."""
    return as_float32(fractal(rng, size, bumps=bumps, octaves=octaves)[size // 2])


def _firs(rng: np.random.Generator, size: int, level: float) -> Field:
    """Where a row of firs with tops around ``level`` covers the image."""
    x, y = across(size), heights(size)
    ragged = (fractal(rng, size, bumps=16, octaves=3) - 0.5) * 0.05
    cover = np.zeros((size, size), dtype=np.float32)
    for centre in np.arange(-0.05, 1.1, 0.17).tolist():
        centre, top = centre + rng.normal(0, 0.03), level + rng.normal(0, 0.08)
        half = 0.24 * (y - top) + ragged
        cover = np.maximum(cover, step(half - np.abs(x - centre), 0, 0.012))
    return cover


def _snowy(rng: np.random.Generator, size: int, tone: float) -> Pixels:
    """Dark needles with snow on the boughs; ``tone`` lightens the distant ones."""
    boughs = step(fractal(rng, size, bumps=12, octaves=3, stretch=2), 0.55, 0.8)
    needles = (tone * 0.75, tone * 0.9, tone * 0.85)
    return mix(gradient(size, needles, needles), (0.90, 0.93, 0.97), boughs * 0.7)


def _leaves(
    rng: np.random.Generator, size: int, palette: Sequence[Colour], depth: Colour
) -> Pixels:
    """Several layers of leaves, bright ones where light comes through, the far ones blurred."""
    light = fractal(rng, size, bumps=2, octaves=3)
    scene = mix(gradient(size, depth, depth), palette[1], light * 0.7)
    for leaf, count, blur in ((0.075, 160, 0.03), (0.05, 260, 0.014), (0.034, 260, 0.007)):
        image = to_pil(blurred(scene, size * blur))
        pen = ImageDraw.Draw(image)
        spots = rng.random((count, 4))
        for x, y, stretch, pick in spots.tolist():
            glow = float(light[int(y * (size - 1)), int(x * (size - 1))])
            tint = palette[min(int((0.35 * pick + 0.75 * glow) * len(palette)), len(palette) - 1)]
            wide, high = leaf * (0.6 + stretch) * size / 2, leaf * (1.6 - stretch) * size / 2
            box = (x * size - wide, y * size - high, x * size + wide, y * size + high)
            pen.ellipse(box, fill=tuple(int(255 * value) for value in tint))
        scene = from_pil(image)
    return blurred(scene, size * 0.015)
