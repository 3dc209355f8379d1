"""Maps of saliency as pixels: one colour scale, overlays, signed differences, means.

A map is (height, width) and >= 0, in the unit of its method. Nothing here is scaled by image.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from plotly.colors import sample_colorscale

from core.errors import BadInput
from core.records.explanations import Circle
from core.thumbnails import enlarged

Map = NDArray[np.floating]
Pixels = NDArray[np.uint8]

# Perceptually uniform, and distinct for the colour-blind. Name -> Plotly's name.
COLOUR_MAPS = {
    "inferno": "Inferno",
    "viridis": "Viridis",
    "cividis": "Cividis",
    "magma": "Magma",
    "greys": "gray",
}
LEVELS = 255
MORE, LESS = (178, 24, 43), (33, 102, 172)  # ends of ColorBrewer's RdBu, safe for the colour-blind
PALE = 0.35  # how much of the image is left under a difference
MEAN_SIDE = 64


def common_scale(maps: Sequence[Map]) -> float:
    """The end of one colour scale for maps (height, width) that are compared.

    Returns
    -------
    float
        The largest of their 99.5th percentiles, so that a single pixel does not darken the rest.
    """
    return max(float(np.percentile(each, 99.5)) for each in maps)


def resampled(saliency: Map, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The map at another size, its mean kept but for interpolation."""
    if saliency.shape == shape:
        return saliency.astype(np.float32)
    image = Image.fromarray(saliency.astype(np.float32))
    return np.asarray(image.resize(shape[::-1], Image.Resampling.BILINEAR))


def difference(first: Map, second: Map) -> NDArray[np.float32]:
    """first - second, at the size of the first: above 0 where the first has more."""
    height, width = first.shape
    return first.astype(np.float32) - resampled(second, (height, width))


def mean_map(maps: Sequence[Map], side: int = MEAN_SIDE) -> NDArray[np.float32]:
    """The mean of maps of any sizes, (side, side)."""
    if not maps:
        raise BadInput("a mean map needs at least one map, got none")
    mean: NDArray[np.float32] = np.mean([resampled(each, (side, side)) for each in maps], axis=0)
    return mean


def coloured(saliency: Map, *, largest: float, colours: str = "inferno") -> Pixels:
    """The map alone as plain pixels, enlarged: (h, w) -> (H, W, 3)."""
    table = np.round(LEVELS * colour_table(colours)).astype(np.uint8)
    return enlarged(table[_levels(saliency, largest)])


def overlay(
    pixels: Pixels,
    saliency: Map,
    *,
    largest: float,
    colours: str = "inferno",
    opacity: float = 0.85,
) -> Pixels:
    """The image under its map, as plain pixels.

    Parameters
    ----------
    pixels
        ``(height, width, 3)`` uint8; small ones are enlarged.
    saliency
        ``(height, width)`` of the map, >= 0; its size may differ.
    largest
        The end of the colour scale, see `common_scale`.
    colours
        A name in COLOUR_MAPS.
    opacity
        In [0, 1], of the strongest places.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8.
    """
    shown = enlarged(pixels)
    size = (shown.shape[1], shown.shape[0])
    index = np.asarray(
        Image.fromarray(_levels(saliency, largest)).resize(size, Image.Resampling.BILINEAR)
    )
    weight = opacity * share_of_opacity(index / LEVELS)[:, :, None]
    mixed: Pixels = np.round(
        (1 - weight) * shown + weight * LEVELS * colour_table(colours)[index]
    ).astype(np.uint8)
    return mixed


def signed(pixels: Pixels, change: Map, *, largest: float) -> Pixels:
    """A difference over the paled grey image: red above 0, blue below, (H, W, 3), enlarged."""
    ground = paled(enlarged(pixels)).astype(np.float64)
    share = np.clip(change / (largest or 1.0), -1, 1).astype(np.float32)
    share = resampled(share, (ground.shape[0], ground.shape[1]))[:, :, None]
    ends = np.where(share > 0, np.array(MORE), np.array(LESS))
    mixed: Pixels = np.round((1 - abs(share)) * ground + abs(share) * ends).astype(np.uint8)
    return mixed


def circled(pixels: Pixels, circle: Circle) -> Pixels:
    """The image with the circle drawn on it, a white line on a dark one."""
    height, width = pixels.shape[:2]
    x, y, radius = circle.x * width, circle.y * height, circle.radius * min(height, width)
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, outline=(40, 40, 40), width=4)
    draw.ellipse([box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1], outline="white", width=2)
    return np.asarray(image)


def paled(pixels: Pixels) -> Pixels:
    """The image in grey, faded towards white."""
    grey = pixels.mean(axis=2, keepdims=True)
    faded: Pixels = np.round(LEVELS - PALE * (LEVELS - grey)).astype(np.uint8)
    return np.repeat(faded, 3, axis=2)


def share_of_opacity(share: Map) -> Map:
    """Opaque from a third of the scale on, transparent at its beginning: [0, 1] -> [0, 1]."""
    opaque: Map = np.minimum(1.0, 3 * share)
    return opaque


@cache
def colour_table(colours: str) -> NDArray[np.float64]:
    """(256, 3) colours of a scale, in [0, 1]; raises BadInput for an unknown one."""
    if colours not in COLOUR_MAPS:
        raise BadInput(f"expected a colour map of {', '.join(COLOUR_MAPS)}, got {colours!r}")
    places = list(np.linspace(0, 1, 256))
    return np.array(sample_colorscale(COLOUR_MAPS[colours], places, colortype="tuple"))


def _levels(saliency: Map, largest: float) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.round(
        np.clip(saliency / (largest or 1.0), 0, 1) * LEVELS
    ).astype(np.uint8)
    return levels
