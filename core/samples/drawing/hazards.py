"""The remaining symbols on danger triangles."""

from core.samples.drawing.marks import BLACK, GREEN, RED, YELLOW, Marks, disc, fill, placed, stroke


def exclamation() -> Marks:
    """Class 18: any other danger."""
    bar = fill(
        "M -.095 -.2 C -.095 -.3 -.05 -.32 0 -.32 C .05 -.32 .095 -.3 .095 -.2 L .058 .32"
        " C .055 .36 -.055 .36 -.058 .32 Z",
        BLACK,
    )
    return bar + disc(0, 0.5, 0.098, BLACK)


def bumps() -> Marks:
    """Class 22: two bumps on a base line."""
    return fill(
        "M -.48 .57 V .52 C -.39 .51 -.36 .31 -.23 .31 C -.11 .31 -.1 .45 0 .45"
        " C .1 .45 .11 .31 .23 .31 C .36 .31 .39 .51 .48 .52 V .57 Z",
        BLACK,
    )


def narrows_right() -> Marks:
    """Class 24: the left edge runs straight, the right edge steps inwards."""
    left = fill("M -.21 -.16 H -.07 V .6 H -.21 Z", BLACK)
    return left + fill("M .03 -.16 H .13 V .04 L .27 .24 V .6 H .13 V .3 L .03 .14 Z", BLACK)


def signals() -> Marks:
    """Class 26: red, yellow and green lights."""
    lights = zip((-0.14, 0.17, 0.48), (RED, YELLOW, GREEN), strict=True)
    return [mark for y, ink in lights for mark in disc(0, y, 0.135, ink)]


def snowflake() -> Marks:
    """Class 30: six arms, each with two pairs of needles."""
    arm = stroke("M 0 0 V -.34", 0.066, BLACK) + stroke(
        "M -.125 -.325 L 0 -.22 L .125 -.325 M -.06 -.165 L 0 -.11 L .06 -.165", 0.062, BLACK
    )
    arms = [mark for turn in range(0, 360, 60) for mark in placed(arm, turn=turn)]
    return placed(arms, y=0.26)
