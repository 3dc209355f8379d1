"""Comparisons with values set by hand."""

from dataclasses import replace
from typing import Any

import numpy as np

from core.explain.comparison import Comparison, Side
from core.explain.methods import METHODS
from core.records.explanations import Circle, Explanation, Style
from tests.support.images import blocks
from tests.support.records import make_prediction


def make_explanation(saliency: Any, class_id: int = 14, **changes: Any) -> Explanation:
    """An explanation with that map; its parts add up to its logit."""
    values: dict[str, Any] = {
        "map": np.asarray(saliency, dtype=np.float32),
        "class_id": class_id,
        "logit": 2.5,
        "probability": 0.75,
        "predicted_id": 14,
        "contributions": {"input": 3.0, "fc": -0.5},
        "residual": 1.5e-7,
    }
    return Explanation(**values | changes)


def make_comparison(
    first: Any = ((0.0, 1.0), (2.0, 4.0)),
    second: Any = ((1.0, 1.0), (1.0, 1.0)),
    style: Style = Style(),
    **facts: str,
) -> Comparison:
    """A Stop sign that is none beside the speed limit that it is."""
    sides = (
        Side("Adversarial", blocks(1), make_prediction(14, 0.75), (make_explanation(first),)),
        Side("Clean", blocks(2), make_prediction(1, 0.5), (make_explanation(second, 1),)),
    )
    return Comparison(sides, METHODS["fullgrad"], style, facts)


def make_two_rows() -> Comparison:
    """Two rows of even maps over an even grey: 2 and 1 in the first, 3 and 6 in the second, which
    is for class 2 with parts of its own."""
    made = make_comparison(style=Style("greys", 0.5, Circle(radius=0.05)))
    levels = ((2.0, 3.0), (1.0, 6.0))
    sides = (
        replace(
            side,
            pixels=np.full((8, 8, 3), 100, np.uint8),
            explanations=(
                make_explanation(np.full((8, 8), own[0])),
                make_explanation(
                    np.full((8, 8), own[1]),
                    2,
                    logit=1.5,
                    probability=0.125,
                    contributions={"input": 1.0, "fc": 0.5},
                ),
            ),
        )
        for side, own in zip(made.sides, levels, strict=True)
    )
    return replace(made, sides=tuple(sides))
