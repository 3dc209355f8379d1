"""The plates that carry the symbols: triangle, disc, octagon, diamond."""

import numpy as np

from core.samples.drawing.geometry import Points, circle, rounded
from core.samples.drawing.marks import (
    BLACK,
    BLUE,
    RED,
    WHITE,
    YELLOW,
    Ink,
    Mark,
    Marks,
    disc,
    fill,
    placed,
    stroke,
)

_EDGE = 0.03  # light edge around every plate
_SIDE = 1.0805  # half a triangle's side before its corners are rounded
_TOP = -0.88 - 0.11  # where the triangle's apex would be without rounding


def danger() -> Marks:
    """White triangle, point up, red border."""
    return [
        Mark(_triangle(0.0, 0.11), WHITE),
        Mark(_triangle(_EDGE, 0.08), RED),
        Mark(_triangle(0.205, 0.03), WHITE),
    ]


def give_way() -> Marks:
    """Class 13: the triangle upside down, nothing on it."""
    outlines = ((0.0, 0.11, WHITE), (_EDGE, 0.08, RED), (0.225, 0.03, WHITE))
    return [Mark(-_triangle(inset, radius), ink) for inset, radius, ink in outlines]


def prohibition() -> Marks:
    """White disc, red ring."""
    return disc(0, 0, 1, WHITE) + disc(0, 0, 1 - _EDGE, RED) + disc(0, 0, 0.735, WHITE)


def no_entry() -> Marks:
    """Class 17: red disc, white bar."""
    bar = fill("M -.8 -.175 H .8 V .175 H -.8 Z", WHITE)
    return disc(0, 0, 1, WHITE) + disc(0, 0, 1 - _EDGE, RED) + bar


def mandatory() -> Marks:
    """Blue disc."""
    return disc(0, 0, 1, WHITE) + disc(0, 0, 1 - _EDGE, BLUE)


def stop() -> Marks:
    """Class 14: red octagon, white edge; the lettering is not part of the plate."""
    return [Mark(_octagon(1.0), WHITE), Mark(_octagon(0.935), RED)]


def priority() -> Marks:
    """Class 12: yellow diamond in a white one, thin black lines around both."""
    sizes: tuple[tuple[float, Ink], ...] = (
        (1.0, WHITE),
        (0.985, BLACK),
        (0.945, WHITE),
        (0.63, BLACK),
        (0.59, YELLOW),
    )
    return [Mark(_diamond(size), ink) for size, ink in sizes]


def derestriction(symbol: Marks) -> Marks:
    """White disc with a thin black edge; five thin black lines cross out the grey symbol."""
    lines: Marks = []
    for offset in np.linspace(-0.15, 0.15, 5):
        reach = float(np.sqrt(0.95**2 - offset**2))
        line = stroke(f"M {-reach:.3f} {offset:.3f} H {reach:.3f}", 0.036, BLACK)
        lines += placed(line, turn=-45)
    plate = disc(0, 0, 1, WHITE) + disc(0, 0, 0.985, BLACK) + disc(0, 0, 0.945, WHITE)
    return plate + symbol + lines


def _triangle(inset: float, radius: float) -> Points:
    """Point up; every side moved inwards by ``inset``, corners rounded."""
    half = _SIDE - inset * np.sqrt(3)
    top, bottom = _TOP + 2 * inset, _TOP + _SIDE * np.sqrt(3) - inset
    return rounded(np.array([[0, top], [half, bottom], [-half, bottom]]), radius)


def _octagon(radius: float) -> Points:
    corners = circle(0, 0, radius / np.cos(np.pi / 8), 8)
    turn = np.pi / 8
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return rounded(corners @ spin, 0.04)


def _diamond(size: float) -> Points:
    # Rounding shortens the points; the plate still has to reach the edge of its box.
    return rounded(circle(0, 0, size + 0.03, 4), 0.075)
