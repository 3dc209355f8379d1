"""Which plate and which symbol make each of the 43 signs."""

from collections.abc import Callable

from core.samples.drawing import arrows, figures, hazards, plates, vehicles
from core.samples.drawing.lettering import CAPITALS, MEDIUM, NARROW, lettered
from core.samples.drawing.marks import BLACK, GREY, RED, WHITE, Marks, placed

Drawing = Callable[[], Marks]


def _limit(text: str) -> Drawing:
    face = MEDIUM if len(text) == 2 else NARROW
    return lambda: plates.prohibition() + lettered(text, face, height=0.87, ink=BLACK)


def _prohibited(symbol: Drawing) -> Drawing:
    return lambda: plates.prohibition() + symbol()


def _danger(symbol: Drawing) -> Drawing:
    return lambda: plates.danger() + symbol()


def _mandatory(symbol: Drawing) -> Drawing:
    return lambda: plates.mandatory() + symbol()


def _ended(symbol: Drawing) -> Drawing:
    return lambda: plates.derestriction(symbol())


def _larger(symbol: Marks) -> Marks:
    """Without a red ring around it the same symbol has more room."""
    return placed(symbol, scale=1.28)


def _stop() -> Marks:
    return plates.stop() + lettered("STOP", CAPITALS, height=0.7, ink=WHITE)


SIGNS: dict[int, Drawing] = {
    0: _limit("20"),
    1: _limit("30"),
    2: _limit("50"),
    3: _limit("60"),
    4: _limit("70"),
    5: _limit("80"),
    6: _ended(lambda: lettered("80", MEDIUM, height=1.0, ink=GREY)),
    7: _limit("100"),
    8: _limit("120"),
    9: _prohibited(lambda: vehicles.no_overtaking(RED, BLACK)),
    10: _prohibited(lambda: vehicles.no_overtaking_by_lorries(RED, BLACK)),
    11: _danger(arrows.right_of_way),
    12: plates.priority,
    13: plates.give_way,
    14: _stop,
    15: plates.prohibition,
    16: _prohibited(vehicles.lorry_side),
    17: plates.no_entry,
    18: _danger(hazards.exclamation),
    19: _danger(arrows.bend_left),
    20: _danger(arrows.bend_right),
    21: _danger(arrows.double_bend),
    22: _danger(hazards.bumps),
    23: _danger(vehicles.skidding),
    24: _danger(hazards.narrows_right),
    25: _danger(figures.roadworker),
    26: _danger(hazards.signals),
    27: _danger(figures.pedestrian),
    28: _danger(figures.children),
    29: _danger(vehicles.bicycle),
    30: _danger(hazards.snowflake),
    31: _danger(figures.deer),
    32: _ended(list),
    33: _mandatory(arrows.turn_right),
    34: _mandatory(arrows.turn_left),
    35: _mandatory(arrows.ahead),
    36: _mandatory(arrows.ahead_or_right),
    37: _mandatory(arrows.ahead_or_left),
    38: _mandatory(arrows.keep_right),
    39: _mandatory(arrows.keep_left),
    40: _mandatory(arrows.roundabout),
    41: _ended(lambda: _larger(vehicles.no_overtaking(GREY, GREY))),
    42: _ended(lambda: _larger(vehicles.no_overtaking_by_lorries(GREY, GREY))),
}
