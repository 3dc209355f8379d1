"""A drawing is a list of marks: polygons, each in one ink, painted in order."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.samples.drawing import geometry
from core.samples.drawing.geometry import Points

Ink = tuple[int, int, int]  # RGB, 0..255

# Daylight colours of retroreflective film: RAL 3020, 5017, 1023, 9016, 9017, 7012.
RED: Ink = (196, 22, 28)
BLUE: Ink = (10, 76, 158)
YELLOW: Ink = (250, 186, 22)
GREEN: Ink = (0, 128, 96)
WHITE: Ink = (246, 246, 243)
BLACK: Ink = (22, 22, 24)
GREY: Ink = (92, 95, 98)


@dataclass(frozen=True, eq=False)
class Mark:
    """One filled polygon, ``(n, 2)`` in unit coordinates, and its ink."""

    outline: Points
    ink: Ink


Marks = list[Mark]


def fill(text: str, ink: Ink) -> Marks:
    """Every subpath of ``text`` (see ``geometry.path``) filled."""
    return [Mark(outline, ink) for outline in geometry.path(text)]


def stroke(line: str | Points, width: float, ink: Ink, *, round_ends: bool = False) -> Marks:
    """A path, or ready-made points, drawn with a pen of ``width``."""
    lines = geometry.path(line) if isinstance(line, str) else [line]
    return [
        Mark(outline, ink)
        for points in lines
        for outline in geometry.stroked(points, width, round_ends=round_ends)
    ]


def disc(x: float, y: float, radius: float, ink: Ink) -> Marks:
    """A filled circle."""
    return [Mark(geometry.circle(x, y, radius), ink)]


def limb(text: str, ink: Ink) -> Marks:
    """A rounded limb through "x y radius, x y radius, ..."."""
    nodes = np.array([node.split() for node in text.split(",")], dtype=np.float64)
    return [Mark(outline, ink) for outline in geometry.tapered(nodes)]


def placed(
    marks: Iterable[Mark],
    *,
    x: float = 0.0,
    y: float = 0.0,
    scale: float = 1.0,
    turn: float = 0.0,
) -> Marks:
    """``marks`` scaled and turned (degrees, clockwise) around the origin, then moved."""
    shift = np.array([x, y])
    return [Mark(geometry.turned(m.outline * scale, turn) + shift, m.ink) for m in marks]


def mirrored(marks: Iterable[Mark]) -> Marks:
    """``marks`` with left and right exchanged."""
    return [Mark(m.outline * np.array([-1.0, 1.0]), m.ink) for m in marks]
