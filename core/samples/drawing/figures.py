"""People and the deer, built from rounded limbs: "x y radius, ..." from joint to joint."""

from core.samples.drawing.marks import BLACK, Marks, disc, fill, limb, stroke


def _limbs(*limbs: str) -> Marks:
    return [mark for text in limbs for mark in limb(text, BLACK)]


def pedestrian() -> Marks:
    """Class 27: a person walking to the left."""
    head = disc(-0.025, -0.245, 0.074, BLACK)
    torso = fill(
        "M -.1 -.13 C -.06 -.16 .06 -.16 .1 -.12 L .105 .02 L .07 .24 H -.075 L -.08 .02 Z", BLACK
    )
    arms = _limbs(
        "-.07 -.095 .045, -.17 .04 .034, -.26 .15 .028",
        ".075 -.085 .045, .17 .04 .034, .215 .17 .028",
    )
    legs = _limbs(
        "-.02 .2 .062, -.12 .36 .046, -.21 .55 .036",
        ".02 .2 .062, .12 .36 .046, .22 .55 .036",
        "-.21 .565 .028, -.28 .575 .02",
        ".215 .56 .028, .16 .59 .02",
    )
    return head + torso + arms + legs


def children() -> Marks:
    """Class 28: a bigger and a smaller child running hand in hand to the left."""
    big = disc(0.06, -0.115, 0.07, BLACK) + _limbs(
        ".09 .0 .062, .13 .24 .058",
        ".07 .0 .035, -.03 .1 .03, -.12 .2 .025",
        ".11 .0 .035, .2 .07 .03, .255 .0 .025",
        ".12 .25 .058, .07 .4 .045, .09 .57 .034, .03 .59 .024",
        ".15 .25 .058, .25 .38 .045, .42 .41 .034, .45 .36 .024",
    )
    small = disc(-0.29, 0.075, 0.06, BLACK) + _limbs(
        "-.28 .17 .045, -.26 .3 .048",
        "-.27 .17 .028, -.2 .23 .024, -.12 .2 .022",
        "-.29 .17 .028, -.37 .26 .024, -.41 .2 .022",
        "-.28 .36 .042, -.32 .46 .034, -.3 .57 .027, -.35 .59 .02",
        "-.22 .36 .042, -.15 .44 .034, -.03 .46 .027, -.01 .42 .02",
    )
    skirt = fill("M -.31 .22 H -.23 L -.15 .4 H -.36 Z", BLACK)
    return big + small + skirt


def roadworker() -> Marks:
    """Class 25: a worker bent over a shovel, and the heap in front."""
    heap = fill(
        "M .1 .61 C .16 .57 .2 .48 .25 .39 C .29 .32 .36 .31 .4 .36 C .47 .44 .53 .54 .63 .61 Z",
        BLACK,
    )
    head = disc(0.03, -0.16, 0.07, BLACK)
    body = _limbs(
        "-.1 -.03 .085, -.17 .16 .07",
        "-.19 .16 .062, -.27 .36 .045, -.39 .56 .035, -.34 .59 .025",
        "-.14 .16 .062, -.05 .34 .045, -.04 .56 .035, .02 .59 .025",
        "-.07 -.03 .05, .03 .08 .034, -.04 .17 .03",
        "-.07 -.02 .045, .09 .11 .032, .07 .24 .028",
    )
    shovel = stroke("M -.14 .08 L .15 .39", 0.034, BLACK) + fill(
        "M .1 .36 L .21 .42 L .25 .54 L .15 .5 L .06 .43 Z", BLACK
    )
    return heap + head + body + shovel


def deer() -> Marks:
    """Class 31: a stag leaping to the left."""
    body = fill(
        "M -.12 .04 C -.03 .12 .1 .13 .2 .17 C .31 .21 .38 .28 .37 .36 C .31 .38 .22 .36 .14 .33"
        " C .05 .31 -.06 .33 -.13 .29 C -.2 .25 -.22 .16 -.2 .04 Z",
        BLACK,
    )
    neck = fill(
        "M -.2 .16 C -.2 .06 -.2 .0 -.19 -.06 L -.11 -.08 C -.1 .0 -.08 .06 -.02 .12 Z", BLACK
    )
    head = fill(
        "M -.1 -.11 C -.16 -.13 -.22 -.08 -.29 -.03 C -.3 -.01 -.28 .01 -.25 .01 L -.14 -.01 Z",
        BLACK,
    )
    antlers = stroke(
        "M -.14 -.1 C -.12 -.16 -.13 -.2 -.16 -.24 M -.125 -.16 L -.09 -.2"
        " M -.12 -.1 C -.07 -.14 -.05 -.18 -.05 -.24 M -.06 -.16 L -.01 -.17",
        0.028,
        BLACK,
        round_ends=True,
    )
    legs = _limbs(
        "-.1 .26 .06, -.23 .33 .028, -.15 .43 .02, -.1 .42 .014",
        "-.14 .24 .05, -.31 .24 .026, -.35 .35 .018, -.31 .37 .013",
        ".28 .29 .07, .38 .43 .034, .47 .49 .022, .58 .61 .016",
        ".24 .3 .055, .31 .45 .03, .42 .53 .02, .5 .63 .015",
    )
    tail = limb(".33 .27 .025, .39 .26 .015", BLACK)
    return body + neck + head + antlers + legs + tail
