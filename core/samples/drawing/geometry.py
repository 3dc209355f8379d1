"""Curves and strokes as polygons, in the sign's own unit coordinates.

A sign spans [-1, 1] in x (rightwards) and y (downwards), its centre at (0, 0).
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (n, 2): x, y

_TOKEN = re.compile(r"[MLHVCQZ]|-?\d*\.?\d+")
_ARITY = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}
_CURVE_STEPS = 24  # a full circle of four curves stays smooth at 1024 pixels
_CORNER = 0.94  # cosine of the turn (20 degrees) from which a bend counts as a corner
_HAIR = 0.002
_BERNSTEIN = {
    3: ((1, 2, 1), 2),
    4: ((1, 3, 3, 1), 3),
}


def path(text: str) -> list[Points]:
    """Polylines of a path in SVG notation, absolute commands M L H V C Q Z only.

    Returns one ``(n, 2)`` array per subpath; Z repeats the first point at the end.
    """
    subpaths: list[list[Points]] = []
    for command, values in _commands(text):
        if command == "M":
            subpaths.append([values.reshape(1, 2)])
            continue
        current = subpaths[-1]
        current.append(_segment(command, values, current[-1][-1], current[0][0]))
    return [np.concatenate(pieces) for pieces in subpaths]


def circle(x: float, y: float, radius: float, corners: int = 96) -> Points:
    """A regular polygon around ``(x, y)``, fine enough to pass for a circle; ``(corners, 2)``."""
    angle = 2 * np.pi * np.arange(corners) / corners
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def arc(x: float, y: float, radius: float, start: float, end: float) -> Points:
    """Points on a circle from angle ``start`` to ``end`` (degrees, clockwise as y points down)."""
    angle = np.radians(np.linspace(start, end, 2 * _CURVE_STEPS))
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def rounded(corners: Points, radius: float) -> Points:
    """The convex polygon ``corners`` (clockwise on screen), every corner an arc of ``radius``."""
    pieces = []
    for before, corner, after in zip(
        np.roll(corners, 1, axis=0), corners, np.roll(corners, -1, axis=0), strict=True
    ):
        into, out = _unit(corner - before), _unit(after - corner)
        sweep = np.degrees(np.arccos(np.clip(into @ out, -1, 1)))
        # A circle touches both sides this far from the corner, its centre to the right of them.
        touch = corner - into * radius * np.tan(np.radians(sweep) / 2)
        inwards = np.array([-into[1], into[0]])
        middle = touch + inwards * radius
        start = np.degrees(np.arctan2(-inwards[1], -inwards[0]))
        pieces.append(arc(middle[0], middle[1], radius, start, start + sweep))
    return np.concatenate(pieces)


def stroked(line: Points, width: float, *, round_ends: bool = False) -> list[Points]:
    """Polygons that together cover ``line`` drawn with a pen of ``width``: round joints, butt ends.

    A line whose last point repeats its first is closed and gets a joint there too.
    """
    steps = np.hypot(*np.diff(line, axis=0).T)
    line = line[np.concatenate([[True], steps > 1e-9])]
    radius = width / 2
    pieces = [*_quads(line, np.full(len(line), radius)), *_joints(line, radius)]
    if round_ends or np.allclose(line[0], line[-1]):
        pieces += [circle(x, y, radius, 32) for x, y in (line[0], line[-1])]
    return pieces


def tapered(nodes: Points) -> list[Points]:
    """Polygons of a limb through ``nodes`` ``(n, 3)``: x, y and the radius there, ends round."""
    line, radii = nodes[:, :2], nodes[:, 2]
    return [*_quads(line, radii), *(circle(x, y, radius, 48) for x, y, radius in nodes)]


def turned(points: Points, degrees: float) -> Points:
    """``points`` turned clockwise around the origin."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    after: Points = points @ np.array([[cos, sin], [-sin, cos]])
    return after


def _commands(text: str) -> Iterator[tuple[str, Points]]:
    tokens = _TOKEN.findall(text)
    command, at = "M", 0
    while at < len(tokens):
        if tokens[at] in _ARITY:
            command, at = tokens[at], at + 1
        count = _ARITY[command]
        yield command, np.array(tokens[at : at + count], dtype=np.float64)
        at += count


def _segment(command: str, values: Points, here: Points, start: Points) -> Points:
    if command == "Z":
        return start.reshape(1, 2)
    if command == "H":
        return np.array([[values[0], here[1]]])
    if command == "V":
        return np.array([[here[0], values[0]]])
    if command == "L":
        return values.reshape(1, 2)
    return _bezier(np.concatenate([here.reshape(1, 2), values.reshape(-1, 2)]))[1:]


def _bezier(control: Points) -> Points:
    weights, degree = _BERNSTEIN[len(control)]
    t = np.linspace(0, 1, _CURVE_STEPS)[:, None]
    power = np.arange(degree + 1)
    blend = np.array(weights) * t**power * (1 - t) ** (degree - power)  # (steps, control)
    points: Points = blend @ control
    return points


def _joints(line: Points, radius: float) -> Iterator[Points]:
    """Fillings of the gaps outside each bend: a wedge inside a curve, a disc at a corner."""
    for before, here, after in zip(line, line[1:], line[2:], strict=False):
        into, out = _unit(here - before), _unit(after - here)
        if into @ out < _CORNER:
            yield circle(here[0], here[1], radius, 32)
            continue
        a, b = np.array([-into[1], into[0]]) * radius, np.array([-out[1], out[0]]) * radius
        yield np.stack([here, here + a, here + b])
        yield np.stack([here, here - a, here - b])


def _quads(line: Points, radii: NDArray[np.float64]) -> Iterator[Points]:
    """One quadrangle for each segment of ``line``, half as wide at its ends as ``radii`` says."""
    last = len(line) - 2
    for at, (start, end) in enumerate(zip(line, line[1:], strict=False)):
        along = _unit(end - start)
        side = np.array([-along[1], along[0]])
        # Neighbours overlap by a hair: where they only touch, the plate would shine through.
        first, final = start - along * _HAIR * (at > 0), end + along * _HAIR * (at < last)
        one, other = side * radii[at], side * radii[at + 1]
        yield np.stack([first + one, final + other, final - other, first - one])


def _unit(vector: Points) -> Points:
    length: Points = vector / np.hypot(vector[0], vector[1])
    return length
