"""Digits and letters after DIN 1451, the lettering of German road signs.

Glyphs stand in a box seven units high whose pen is one unit wide, as the norm draws them:
Mittelschrift for two digits, Engschrift ("narrow") for three digits and for STOP.
"""

from dataclasses import dataclass

from core.samples.drawing.marks import Ink, Marks, fill, placed, stroke

_HEIGHT = 7.0


@dataclass(frozen=True)
class Glyph:
    """Advance width, centre lines for the pen, and outlines to fill, in glyph units."""

    width: float
    lines: str = ""
    areas: str = ""


@dataclass(frozen=True)
class Face:
    """One width of the lettering: its glyphs, its pen and the gap between glyphs."""

    glyphs: dict[str, Glyph]
    pen: float
    gap: float


MEDIUM = Face(
    pen=1.02,
    gap=0.58,
    glyphs={
        "0": Glyph(
            4.1,
            "M .54 2.05 C .54 1.2 1.2 .54 2.05 .54 C 2.9 .54 3.56 1.2 3.56 2.05 V 4.95"
            " C 3.56 5.8 2.9 6.46 2.05 6.46 C 1.2 6.46 .54 5.8 .54 4.95 Z",
        ),
        "2": Glyph(
            4.0,
            "M .6 2.15 V 1.98 C .62 1.12 1.2 .54 2 .54 C 2.84 .54 3.4 1.12 3.4 1.9"
            " C 3.4 2.5 3.16 2.94 2.72 3.48 L .86 5.84 L .62 6.3",
            "M .08 7 V 6.2 L .6 5.5 L 1.6 5.98 H 3.92 V 7 Z",
        ),
        "3": Glyph(
            4.0,
            "M .56 1.95 C .6 1.1 1.2 .54 1.98 .54 C 2.8 .54 3.38 1.1 3.38 1.92"
            " C 3.38 2.7 2.8 3.28 2 3.28 H 1.4"
            " M 1.4 3.28 H 1.98 C 2.88 3.28 3.48 3.95 3.48 4.86 C 3.48 5.8 2.86 6.46 1.98 6.46"
            " C 1.12 6.46 .54 5.88 .48 5",
        ),
        "5": Glyph(
            3.9,
            "M 1 3.62 C 1.22 3.06 1.6 2.84 2.06 2.84 C 2.86 2.84 3.36 3.5 3.36 4.6"
            " C 3.36 5.76 2.82 6.46 1.92 6.46 C 1.14 6.46 .62 5.98 .48 5.14",
            "M .5 0 H 3.66 V 1.04 H 1.52 L 1.5 3.1 L 1.34 3.92 H .5 Z",
        ),
        "6": Glyph(
            4.0,
            "M .84 4.3 C .62 4.6 .54 4.72 .54 4.96 C .54 5.84 1.18 6.46 2 6.46"
            " C 2.84 6.46 3.46 5.84 3.46 4.96 C 3.46 4.08 2.84 3.46 2 3.46"
            " C 1.4 3.46 1 3.8 .78 4.4",
            "M 2.12 0 H 3.28 L 1.42 3.7 L 1.26 4.6 L .36 4.3 L .46 3.5 Z",
        ),
        "7": Glyph(
            3.9, areas="M .12 0 H 3.86 V .98 L 1.86 7 H .74 L 2.72 1.04 H 1.12 V 2.1 H .12 Z"
        ),
        "8": Glyph(
            4.1,
            "M .74 1.94 C .74 1.12 1.3 .54 2.05 .54 C 2.8 .54 3.36 1.12 3.36 1.94"
            " C 3.36 2.74 2.8 3.3 2.05 3.3 C 1.3 3.3 .74 2.74 .74 1.94 Z"
            " M .54 4.88 C .54 3.94 1.2 3.3 2.05 3.3 C 2.9 3.3 3.56 3.94 3.56 4.88"
            " C 3.56 5.82 2.9 6.46 2.05 6.46 C 1.2 6.46 .54 5.82 .54 4.88 Z",
        ),
    },
)

NARROW = Face(
    pen=1.0,
    gap=0.52,
    glyphs={
        "0": Glyph(
            3.04,
            "M .5 1.6 C .5 .94 .92 .5 1.52 .5 C 2.12 .5 2.54 .94 2.54 1.6 V 5.4"
            " C 2.54 6.06 2.12 6.5 1.52 6.5 C .92 6.5 .5 6.06 .5 5.4 Z",
        ),
        "1": Glyph(1.9, areas="M .96 0 H 1.9 V 7 H .88 V 1.36 L 0 1.98 V .84 Z"),
        "2": Glyph(
            3.0,
            "M .54 1.9 V 1.7 C .54 .96 .94 .5 1.5 .5 C 2.1 .5 2.5 .94 2.5 1.66"
            " C 2.5 2.3 2.34 2.74 2.02 3.34 L .78 5.7 L .6 6.3",
            "M .08 7 V 6.24 L .5 5.3 L 1.4 6.04 H 2.94 V 7 Z",
        ),
    },
)

CAPITALS = Face(
    pen=1.02,
    gap=0.95,
    glyphs={
        "S": Glyph(
            3.1,
            "M 2.6 1.96 C 2.58 1.06 2.2 .5 1.54 .5 C .9 .5 .5 .98 .5 1.76 C .5 2.5 .86 2.9 1.5 3.34"
            " C 2.24 3.86 2.62 4.3 2.62 5.14 C 2.62 5.98 2.2 6.5 1.54 6.5 C .86 6.5 .48 5.94 .46 5",
        ),
        "T": Glyph(2.9, areas="M 0 0 H 2.9 V 1 H 1.95 V 7 H .95 V 1 H 0 Z"),
        "O": Glyph(
            3.2,
            "M .5 1.66 C .5 .96 .96 .5 1.6 .5 C 2.24 .5 2.7 .96 2.7 1.66 V 5.34"
            " C 2.7 6.04 2.24 6.5 1.6 6.5 C .96 6.5 .5 6.04 .5 5.34 Z",
        ),
        "P": Glyph(
            3.1,
            "M .5 .5 H 1.5 C 2.16 .5 2.6 1 2.6 1.98 V 2.22 C 2.6 3.2 2.16 3.7 1.5 3.7 H .5",
            "M 0 0 H 1 V 7 H 0 Z",
        ),
    },
)


def lettered(text: str, face: Face, *, height: float, ink: Ink, y: float = 0.0) -> Marks:
    """``text`` centred on (0, ``y``), ``height`` tall, in unit coordinates."""
    scale = height / _HEIGHT
    glyphs = [face.glyphs[character] for character in text]
    width = sum(glyph.width for glyph in glyphs) + face.gap * (len(glyphs) - 1)
    marks: Marks = []
    left = -width / 2
    for glyph in glyphs:
        drawn = stroke(glyph.lines, face.pen, ink) + fill(glyph.areas, ink)
        marks += placed(placed(drawn, x=left, y=-_HEIGHT / 2), y=y, scale=scale)
        left += glyph.width + face.gap
    return marks
