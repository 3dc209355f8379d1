"""The sign in the world: backdrop, pole, pose, light, camera."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.samples.drawing import light, nature, town
from core.samples.drawing.flat import draw_sign, require
from core.samples.drawing.light import Light
from core.samples.drawing.noise import Pixels, across, as_float32, fractal, from_pil, mix

_FINE = 3  # the scene is composed at this multiple of the final size
_EXTENT = 1.7  # half the sign layer's width in sign units; the rest is room for the pole
_DISTANCE = 4.5  # from the camera to the sign, in sign units; nearer means stronger perspective


@dataclass(frozen=True)
class Setting:
    """A backdrop, the lights it is seen in, and whether it is near enough to take a shadow."""

    paint: Callable[[np.random.Generator, int], Pixels]
    lights: tuple[Light, ...]
    near: bool = False


SETTINGS: dict[str, Setting] = {
    "clear sky": Setting(nature.clear_sky, (light.SUNNY, light.BACKLIT)),
    "foliage": Setting(nature.foliage, (light.DAPPLED, light.SUNNY, light.SHADE)),
    "facade": Setting(town.facade, (light.SUNNY, light.HALF_SHADE, light.OVERCAST), near=True),
    "dusk": Setting(town.dusk, (light.EVENING, light.HEADLIGHTS)),
    "road": Setting(town.road, (light.SUNNY, light.OVERCAST, light.HALF_SHADE)),
    "snow": Setting(nature.snow, (light.WINTER, light.SHADE)),
    "autumn": Setting(nature.autumn, (light.SUNNY, light.DAPPLED, light.SHADE)),
    "overcast sky": Setting(nature.overcast_sky, (light.OVERCAST, light.BACKLIT)),
    "bricks": Setting(town.bricks, (light.SUNNY, light.SHADE, light.DAPPLED), near=True),
    "fields": Setting(nature.fields, (light.SUNNY, light.HALF_SHADE)),
    "night": Setting(town.night, (light.HEADLIGHTS,)),
    "forest": Setting(nature.forest, (light.DAPPLED, light.SHADE, light.OVERCAST)),
}


def draw_scene(class_id: int, *, seed: int, size: int = 128) -> NDArray[np.uint8]:
    """A photograph-like image of the sign of ``class_id`` (0..42), framed as in GTSRB.

    The sign fills about 80 % of the image, a little turned, tilted and off-centre. The same
    arguments give the same image; consecutive seeds give different backdrops.
    Returns ``(size, size, 3)`` uint8 RGB. Raises ValueError for another id, ``size`` < 16 or
    ``seed`` < 0.
    """
    require(class_id, size)
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    flat = draw_sign(class_id, size=round(size * _FINE * 0.85))
    rng = np.random.default_rng([class_id, seed])
    setting = list(SETTINGS.values())[(5 * class_id + seed) % len(SETTINGS)]
    mood = setting.lights[int(rng.integers(len(setting.lights)))]
    backdrop = light.aired(setting.paint(rng, size * _FINE), mood)
    layer = _posed(rng, _mounted(rng, flat, mood), size * _FINE)
    if setting.near:
        backdrop = _shadowed(rng, backdrop, layer)
    return light.photographed(rng, _over(backdrop, layer), size)


def _mounted(rng: np.random.Generator, flat: NDArray[np.uint8], mood: Light) -> Image.Image:
    """The weathered, lit sign on its pole: an RGBA layer that spans ``_EXTENT`` sign units."""
    plate = light.weathered(rng, from_pil(Image.fromarray(flat[..., :3].copy())))
    plate = light.lit(rng, plate, mood)
    rgba = np.dstack([np.clip(plate, 0, 1) * 255 + 0.5, flat[..., 3]]).astype(np.uint8)
    side = round(len(flat) * _EXTENT)
    layer = _pole(rng, side, mood.sign)
    face = Image.fromarray(rgba)
    corner = (side - len(flat)) // 2
    # The plate's edge: its own outline in dark metal, shifted sideways by a hair.
    edge = Image.new("RGBA", face.size, (58, 60, 62, 255))
    edge.putalpha(face.getchannel("A"))
    shift = rng.choice([-1, 1]) * max(1, round(side * 0.006))
    layer.alpha_composite(edge, (corner + int(shift), corner + abs(int(shift)) // 2))
    layer.alpha_composite(face, (corner, corner))
    return layer


def _pole(rng: np.random.Generator, side: int, level: float) -> Image.Image:
    """A galvanised tube down the middle of an empty layer, now and then reaching past the top."""
    x = (across(side) - 0.5 - rng.normal(0, 0.006)) / rng.uniform(0.026, 0.036)
    round_light = np.sqrt(np.clip(1 - (x + 0.25) ** 2 / 1.6, 0.12, 1))
    metal = (0.42 + 0.36 * round_light) * (0.9 + 0.2 * fractal(rng, side, bumps=6, octaves=3))
    tone = np.clip(metal[..., None] * np.asarray((0.96, 0.99, 1.0)) * level, 0, 1)
    alpha = (np.abs(x) < 1) * 255
    alpha[: int(side * rng.choice([0.5, 0.16, 0.0], p=[0.55, 0.25, 0.2]))] = 0
    return Image.fromarray(np.dstack([tone * 255, alpha]).astype(np.uint8))


def _posed(rng: np.random.Generator, layer: Image.Image, size: int) -> Image.Image:
    """``layer`` turned, tilted, scaled and moved into an image of ``size`` pixels."""
    yaw, pitch = np.radians(rng.uniform(-24, 24)), np.radians(rng.uniform(-10, 10))
    roll = np.radians(rng.uniform(-6, 6))
    scale = size * rng.uniform(0.385, 0.425)
    centre = size * (0.5 + rng.uniform(-0.035, 0.035, 2))
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    target = _projected(corners, yaw, pitch, roll) * scale + centre
    source = (corners / _EXTENT + 1) / 2 * layer.width
    return layer.transform(
        (size, size),
        Image.Transform.PERSPECTIVE,
        _homography(target, source),
        Image.Resampling.BICUBIC,
    )


def _projected(
    corners: NDArray[np.float64], yaw: float, pitch: float, roll: float
) -> NDArray[np.float64]:
    """``corners`` ``(4, 2)`` of the sign plane after three turns (radians), seen in perspective."""
    x = corners[:, 0] * np.cos(roll) - corners[:, 1] * np.sin(roll)
    y = corners[:, 0] * np.sin(roll) + corners[:, 1] * np.cos(roll)
    x, z = x * np.cos(yaw), x * np.sin(yaw)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    seen: NDArray[np.float64] = np.stack([x, y], axis=1) / (1 + z / _DISTANCE)[:, None]
    return seen


def _homography(target: NDArray[np.float64], source: NDArray[np.float64]) -> list[float]:
    """The eight numbers with which Pillow maps each ``target`` point to its ``source`` point."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(target.tolist(), source.tolist(), strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved: list[float] = np.linalg.solve(np.array(rows), source.reshape(8)).tolist()
    return solved


def _shadowed(rng: np.random.Generator, backdrop: Pixels, layer: Image.Image) -> Pixels:
    """``backdrop`` with the soft shadow that the sign throws on a wall behind it."""
    size = len(backdrop)
    across_by, down_by = (size * rng.uniform([-0.1, 0.03], [0.1, 0.1])).astype(int).tolist()
    cast = Image.new("L", layer.size, 0)
    cast.paste(layer.getchannel("A"), (across_by, down_by))
    soft = np.asarray(cast.filter(ImageFilter.GaussianBlur(size * 0.02)))
    return mix(backdrop, (0.10, 0.10, 0.12), as_float32(soft * (0.45 / 255)))


def _over(backdrop: Pixels, layer: Image.Image) -> Pixels:
    pixels = as_float32(np.asarray(layer) / 255)
    return mix(backdrop, pixels[..., :3], pixels[..., 3])
