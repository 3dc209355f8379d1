"""Arrows: the white ones on blue discs and the black ones on danger triangles."""

from core.samples.drawing import geometry
from core.samples.drawing.marks import BLACK, WHITE, Marks, fill, mirrored, placed, stroke

_SHAFT = 0.19  # pen of the mandatory arrows


def _head(spread: float, reach: float, barb: float = 0.24, shaft: float = _SHAFT) -> Marks:
    """An arrowhead with its tip at the origin, pointing up; barbs end parallel to the shaft.

    ``spread`` is half its width, ``reach`` how far its outer corners lie behind the tip,
    ``barb`` the length of a barb's cut end.
    """
    inner = shaft / 2
    crotch = reach + barb - (spread - inner) * reach / spread
    right = f"L {spread} {reach} V {reach + barb} L {inner} {crotch}"
    left = f"L {-inner} {crotch} L {-spread} {reach + barb} V {reach}"
    return fill(f"M 0 0 {right} {left} Z", WHITE)


def ahead() -> Marks:
    """Class 35: straight on."""
    return placed(_head(0.49, 0.46), y=-0.77) + stroke("M 0 -.6 V .78", _SHAFT, WHITE)


def turn_right() -> Marks:
    """Class 33: up, then round a curve to the right."""
    shaft = stroke("M -.31 .7 V .04 C -.31 -.2 -.16 -.33 .08 -.33 H .4", _SHAFT, WHITE)
    return shaft + placed(_head(0.38, 0.37), x=0.66, y=-0.33, turn=90)


def turn_left() -> Marks:
    """Class 34."""
    return mirrored(turn_right())


def ahead_or_right() -> Marks:
    """Class 36: straight on with a branch to the right."""
    pen = 0.165
    branch = stroke("M -.17 .68 V .5 C -.17 .28 -.02 .17 .2 .17 H .6", pen, WHITE)
    side = placed(_head(0.3, 0.29, 0.2, pen), x=0.8, y=0.17, turn=90)
    stem = stroke("M -.17 -.6 V .82", pen, WHITE)
    return branch + side + stem + placed(_head(0.33, 0.32, 0.2, pen), x=-0.17, y=-0.78)


def ahead_or_left() -> Marks:
    """Class 37."""
    return mirrored(ahead_or_right())


def keep_right() -> Marks:
    """Class 38: straight arrow down to the right."""
    arrow = placed(_head(0.45, 0.45), y=-0.78) + stroke("M 0 -.6 V .76", _SHAFT, WHITE)
    return placed(arrow, turn=135)


def keep_left() -> Marks:
    """Class 39."""
    return mirrored(keep_right())


def roundabout() -> Marks:
    """Class 40: three arrows chasing each other anticlockwise."""
    radius, pen = 0.6, 0.13
    body = stroke(geometry.arc(0, 0, radius, 58, -34), pen, WHITE)
    # A straight head follows a bent shaft best along the chord, not along the tangent at its tip.
    head = placed(_head(0.22, 0.22, 0.15, pen), turn=12)
    one = body + placed(placed(head, x=radius), turn=-48)
    return [mark for turn in (-18, 102, 222) for mark in placed(one, turn=turn)]


def right_of_way() -> Marks:
    """Class 11: a broad arrow crossed by a thin bar, its foot notched."""
    body = fill(
        "M 0 -.2 C .06 -.14 .17 -.04 .18 .08 V .36 L .23 .58 L 0 .47 L -.23 .58 L -.18 .36"
        " V .08 C -.17 -.04 -.06 -.14 0 -.2 Z",
        BLACK,
    )
    return body + fill(
        "M -.38 .19 L -.1 .17 H .1 L .38 .19 V .27 L .1 .29 H -.1 L -.38 .27 Z", BLACK
    )


def bend_left() -> Marks:
    """Class 19: a broad band that comes up and bends away to the left, ending in a point."""
    return fill(
        "M .14 .57 V .42 C .14 .3 .08 .22 -.04 .22 H -.19 L -.34 .1 L -.22 .02 H 0"
        " C .19 .02 .33 .16 .33 .36 V .57 Z",
        BLACK,
    )


def bend_right() -> Marks:
    """Class 20."""
    return mirrored(bend_left())


def double_bend() -> Marks:
    """Class 21: first to the left, then back up, ending in a point."""
    return fill(
        "M .12 .57 V .37 C .12 .34 .1 .32 .07 .32 H -.05 C -.15 .32 -.21 .26 -.21 .16 V -.12"
        " L -.12 -.24 L -.03 -.12 V .1 C -.03 .13 -.01 .15 .02 .15 H .14 C .24 .15 .3 .21 .3 .31"
        " V .57 Z",
        BLACK,
    )
