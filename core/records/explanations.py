"""Explanations: of one image, and how they are made and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

DEFAULT_METHOD = "fullgrad"
MOST_TILES = 48  # on a contact sheet


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why one image got the logit of one class.

    map: (height, width) of the image, >= 0, in units of its method's own;
    class_id: the class explained; logit: f_c, not tempered; probability: calibrated, of that
    class; predicted_id: the class with the largest logit;
    contributions: by layer in forward order, signed, in logits; `input` is <grad_x f_c, x> of what
    enters the network, the rest are module paths.
    Empty for methods that do not sum to the logit;
    residual: |f_c - sum of contributions| / max(1, |f_c|), zero but for rounding; None for
    methods that do not sum to the logit.
    """

    map: NDArray[np.float32]
    class_id: int
    logit: float
    probability: float
    predicted_id: int
    contributions: Mapping[str, float] = field(default_factory=dict)
    residual: float | None = None


@dataclass(frozen=True)
class MethodInfo:
    """What pages and documents say of a method of explaining.

    explanation: one sentence; formula: of the map, in plain characters; source: where it is from;
    sums_to_logit: whether explanations have contributions and a residual.
    """

    name: str
    title: str
    explanation: str
    formula: str
    source: str
    sums_to_logit: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Circle:
    """Where the sign is: fractions of width, height and shorter side, from the upper left."""

    x: float = 0.5
    y: float = 0.5
    radius: float = 0.4

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise BadInput(f"the circle's centre must lie in 0..1, got {self.x:g}, {self.y:g}")
        if not 0 < self.radius <= 1:
            raise BadInput(f"the circle's radius must lie in (0, 1], got {self.radius:g}")


@dataclass(frozen=True)
class Style:
    """How maps are drawn. colours: a colour map's name; opacity in [0, 1], of the largest."""

    colours: str = "inferno"
    opacity: float = 0.85
    circle: Circle = Circle()
