"""Backdrops in town: walls, a road, evening and night."""

import numpy as np
from PIL import ImageDraw

from core.samples.drawing.nature import wood
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

_PLASTERS: tuple[Colour, ...] = (
    (0.84, 0.78, 0.64),
    (0.78, 0.70, 0.62),
    (0.74, 0.76, 0.76),
    (0.86, 0.82, 0.76),
)
_LAMPS: tuple[Colour, ...] = (
    (1.0, 0.78, 0.42),
    (1.0, 0.62, 0.28),
    (0.9, 0.2, 0.14),
    (0.8, 0.9, 1.0),
)


def facade(rng: np.random.Generator, size: int) -> Pixels:
    """A plastered house front with windows, slightly out of focus."""
    plaster = _PLASTERS[int(rng.integers(len(_PLASTERS)))]
    image = to_pil(shaded(plaster, 0.86 + 0.2 * _stains(rng, size)))
    pen = ImageDraw.Draw(image)
    pitch, width, height = size * 0.56, size * 0.27, size * 0.42
    left, top = -rng.uniform(0.05, 0.4) * size, -rng.uniform(0.0, 0.3) * size
    for row in range(3):
        for column in range(3):
            _window(pen, left + column * pitch, top + row * pitch * 1.25, width, height)
    return blurred(from_pil(image), size * 0.014)


def bricks(rng: np.random.Generator, size: int) -> Pixels:
    """A brick wall, each brick fired a little differently."""
    courses = 15
    y, x = heights(size) * courses, across(size) * courses / 2.4
    x = x + (np.floor(y) % 2) * 0.5
    tones = rng.random((courses + 2, courses + 2), dtype=np.float32)
    tone = tones[y.astype(int), x.astype(int)]
    clay = mix(
        gradient(size, (0.48, 0.24, 0.17), (0.44, 0.22, 0.16)), (0.66, 0.38, 0.26), as_float32(tone)
    )
    joint = np.maximum(step(np.abs(y % 1 - 0.5), 0.40, 0.45), step(np.abs(x % 1 - 0.5), 0.44, 0.47))
    wall = mix(clay, (0.66, 0.62, 0.57), as_float32(joint * 0.8))
    return blurred(shaded(wall, 0.8 + 0.3 * _stains(rng, size)), size * 0.012)


def road(rng: np.random.Generator, size: int) -> Pixels:
    """A country road that runs to the horizon."""
    sky = gradient(size, (0.50, 0.66, 0.84), (0.88, 0.91, 0.93), bend=0.7)
    clouds = step(fractal(rng, size, bumps=2, octaves=5, stretch=2.5), 0.45, 0.9)
    horizon = rng.uniform(0.56, 0.66)
    sky = mix(sky, (0.97, 0.97, 0.97), clouds * 0.8)
    scene = wood(rng, sky, level=horizon - 0.06, colour=(0.2, 0.3, 0.16))
    near = as_float32(np.clip((heights(size) - horizon) / (1 - horizon), 0, 1))
    grass = gradient(size, (0.36, 0.46, 0.22), (0.30, 0.42, 0.16))
    grass = mix(grass, (0.50, 0.54, 0.28), _stains(rng, size))
    scene = mix(scene, grass, step(near, 0, 0.03))
    return blurred(_carriageway(rng, scene, near), size * 0.011)


def _carriageway(rng: np.random.Generator, scene: Pixels, near: Field) -> Pixels:
    """``scene`` with tarmac and its lines; ``near`` runs from 0 at the horizon to 1 at our feet."""
    size = len(scene)
    middle = as_float32(across(size) - rng.uniform(0.15, 0.3) + 0.12 * near)
    half = 0.015 + 0.42 * near
    tarmac = shaded(
        (0.40, 0.40, 0.42), 0.9 + 0.2 * fractal(rng, size, bumps=40, octaves=2, stretch=3)
    )
    scene = mix(scene, tarmac, _band(middle, half) * step(near, 0, 0.02))
    dashes = step(np.sin(9 / (near + 0.12)), -0.1, 0.1)
    centre = _band(middle, 0.018 * near) * dashes
    edges = _band(np.abs(middle) - half * 0.9, 0.016 * near)
    return mix(scene, (0.88, 0.88, 0.86), np.maximum(centre, edges) * step(near, 0.02, 0.06))


def dusk(rng: np.random.Generator, size: int) -> Pixels:
    """Afterglow behind dark hills, first lamps lit."""
    sky = gradient(size, (0.16, 0.20, 0.38), (0.98, 0.60, 0.32), bend=1.25)
    clouds = step(fractal(rng, size, bumps=3, octaves=5, stretch=4), 0.45, 0.85)
    sky = mix(sky, (0.62, 0.34, 0.40), clouds * 0.6)
    scene = wood(rng, sky, level=0.74, colour=(0.17, 0.14, 0.20))
    scene = wood(rng, scene, level=0.86, colour=(0.08, 0.07, 0.10))
    return blurred(_lamps(rng, scene, count=9, top=0.74), size * 0.012)


def night(rng: np.random.Generator, size: int) -> Pixels:
    """A town street after dark, its lights out of focus."""
    scene = gradient(size, (0.03, 0.04, 0.09), (0.13, 0.10, 0.10))
    scene = mix(scene, (0.16, 0.13, 0.16), fractal(rng, size, bumps=3, octaves=3) * 0.6)
    return blurred(_lamps(rng, scene, count=34, top=0.12), size * 0.012)


def _stains(rng: np.random.Generator, size: int) -> Field:
    return fractal(rng, size, bumps=3, octaves=6, fade=0.6)


def _band(offset: Field, half: Field | float) -> Field:
    """1 where ``offset`` lies within ``half`` of zero, with a thin soft edge."""
    return step(as_float32(half - np.abs(offset)), 0, 0.008)


def _window(pen: ImageDraw.ImageDraw, x: float, y: float, width: float, height: float) -> None:
    """A white frame, dark panes and a sill."""
    bar = width * 0.07
    pen.rectangle((x, y, x + width, y + height), fill=(232, 230, 224))
    for column in range(2):
        left = x + bar + column * (width - bar) / 2
        box = (left, y + bar, left + (width - 3 * bar) / 2, y + height - bar)
        pen.rectangle(box, fill=(66, 78, 88))
        pen.rectangle((*box[:3], y + height * 0.36), fill=(104, 120, 132))
    sill = (x - bar, y + height, x + width + bar, y + height + bar)
    pen.rectangle(sill, fill=(150, 142, 132))


def _lamps(rng: np.random.Generator, scene: Pixels, *, count: int, top: float) -> Pixels:
    """``scene`` with ``count`` discs of unfocused light below the height ``top``."""
    size = len(scene)
    x, y = across(size), heights(size)
    for spot in rng.random((count, 5)).tolist():
        lamp = _LAMPS[int(spot[0] * len(_LAMPS))]
        radius = 0.015 + 0.035 * spot[3]
        distance = np.hypot(x - spot[1], y - (top + (1 - top) * spot[2]))
        scene = mix(scene, lamp, step(radius - distance, 0, 0.008) * (0.25 + 0.5 * spot[4]))
    return scene
