"""Cars, lorries and the bicycle."""

from core.samples.drawing import geometry
from core.samples.drawing.marks import BLACK, WHITE, Ink, Marks, disc, fill, limb, placed, stroke


def car(ink: Ink) -> Marks:
    """A car from behind, 0.52 wide, centred on the origin."""
    body = fill(
        "M -.17 -.22 C -.06 -.24 .06 -.24 .17 -.22 C .19 -.22 .2 -.21 .205 -.19 L .235 -.05"
        " C .26 -.03 .265 -.01 .265 .02 V .13 H .23 V .21 C .23 .225 .22 .23 .21 .23 H .14"
        " C .13 .23 .12 .225 .12 .21 V .14 H -.12 V .21 C -.12 .225 -.13 .23 -.14 .23 H -.21"
        " C -.22 .23 -.23 .225 -.23 .21 V .13 H -.265 V .02 C -.265 -.01 -.26 -.03 -.235 -.05"
        " L -.205 -.19 C -.2 -.21 -.19 -.22 -.17 -.22 Z",
        ink,
    )
    window = fill("M -.16 -.185 C -.06 -.2 .06 -.2 .16 -.185 L .19 -.055 H -.19 Z", WHITE)
    lamps = disc(-0.2, 0.035, 0.027, WHITE) + disc(0.2, 0.035, 0.027, WHITE)
    return body + window + lamps


def lorry_behind(ink: Ink) -> Marks:
    """A lorry from behind, 0.48 wide and taller than a car, centred on the origin."""
    box = fill("M -.25 -.32 H .25 V .17 H -.25 Z", ink)
    frame = fill("M -.24 .195 H .24 V .25 H -.24 Z M -.08 .15 H .08 V .2 H -.08 Z", ink)
    wheels = fill("M -.22 .22 H -.1 V .34 H -.22 Z M .1 .22 H .22 V .34 H .1 Z", ink)
    return box + frame + wheels


def no_overtaking(left: Ink, right: Ink) -> Marks:
    """Classes 9 and 41: two cars abreast."""
    return placed(car(left), x=-0.32, scale=1.06) + placed(car(right), x=0.32, scale=1.06)


def no_overtaking_by_lorries(left: Ink, right: Ink) -> Marks:
    """Classes 10 and 42: a lorry beside a car."""
    return placed(lorry_behind(left), x=-0.28) + placed(car(right), x=0.31, y=0.11, scale=1.0)


def lorry_side() -> Marks:
    """Class 16: a lorry that faces left."""
    box = fill("M -.17 -.27 H .56 V .1 H -.17 Z", BLACK)
    cab = fill(
        "M -.205 -.2 H -.34 C -.38 -.2 -.4 -.18 -.415 -.15 L -.48 0 C -.53 .01 -.56 .03 -.56 .07"
        " V .19 H -.205 Z M -.22 .12 H .55 V .18 H -.22 Z",
        BLACK,
    )
    window = fill(
        "M -.255 -.15 H -.345 C -.36 -.15 -.37 -.14 -.375 -.13 L -.42 -.015 H -.255 Z", WHITE
    )
    return box + cab + window + _wheel(-0.38, 0.19) + _wheel(0.36, 0.19)


def _wheel(x: float, y: float) -> Marks:
    return disc(x, y, 0.118, WHITE) + disc(x, y, 0.095, BLACK) + disc(x, y, 0.03, WHITE)


def skidding() -> Marks:
    """Class 23: a broad car that has lost its line, above two swerving tyre tracks."""
    body = fill(
        "M -.2 -.04 L -.155 -.2 C -.15 -.22 -.14 -.23 -.12 -.232 C -.04 -.24 .04 -.24 .12 -.232"
        " C .14 -.23 .15 -.22 .155 -.2 L .2 -.04 C .26 -.03 .275 0 .275 .03 V .14 H .24 V .21"
        " H .14 V .145 H -.14 V .21 H -.24 V .14 H -.275 V .03 C -.275 0 -.26 -.03 -.2 -.04 Z",
        BLACK,
    )
    window = fill("M -.125 -.205 C -.04 -.215 .04 -.215 .125 -.205 L .165 -.05 H -.165 Z", WHITE)
    tracks = stroke(
        "M -.2 .34 C -.1 .38 -.1 .41 -.19 .44 C -.32 .48 -.5 .49 -.45 .545 C -.41 .59 -.28 .57"
        " -.22 .62 M .15 .4 C .28 .43 .38 .45 .29 .49 C .16 .53 -.02 .52 .03 .565 C .07 .6 .26 .57"
        " .38 .62",
        0.05,
        BLACK,
    )
    return tracks + placed(body + window, x=-0.02, y=0.12, turn=13, scale=1.06)


def bicycle() -> Marks:
    """Class 29: a bicycle that faces left, its chain guarded."""
    pen = 0.037
    wheels = [mark for x in (-0.3, 0.3) for mark in _tyre(x, 0.41, 0.2, pen)]
    frame = stroke(
        "M -.3 .41 L -.17 .1 M -.155 .17 L .1 .17 L .05 .41 Z M .1 .17 L .3 .41"
        " M -.18 .1 L -.165 .04 H -.26 M .1 .2 L .12 .09",
        pen,
        BLACK,
        round_ends=True,
    )
    saddle = limb("0.07 0.08 0.02, 0.19 0.075 0.034", BLACK)
    chain = limb("0.05 0.41 0.05, 0.3 0.41 0.035", BLACK)
    crank = stroke("M .05 .41 L .01 .53 M -.03 .53 H .05", 0.026, BLACK)
    return wheels + frame + saddle + chain + crank


def _tyre(x: float, y: float, radius: float, pen: float) -> Marks:
    return stroke(geometry.arc(x, y, radius, 0, 360), pen, BLACK)
