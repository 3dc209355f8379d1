"""An image and its maps, alone or beside another one: what page, PNG and report have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.explain import heat_maps
from core.explain.fullgrad import outside_share
from core.explain.heat_maps import Pixels
from core.explain.methods import Method
from core.images import LONGEST_SIDE, fit
from core.labels import class_name
from core.records.captures import Prediction
from core.records.explanations import Explanation, Style
from core.thumbnails import enlarged

DIGITS = 3  # of the share of a map


@dataclass(frozen=True, eq=False)
class Side:
    """One image (height, width, 3), its prediction, and its explanations, row by row."""

    title: str
    pixels: NDArray[np.uint8]
    prediction: Prediction
    explanations: tuple[Explanation, ...]

    @property
    def summary(self) -> str:
        """`14 Stop · 99.1%`."""
        return f"{class_name(self.prediction.class_id)} · {self.prediction.confidence:.1%}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """One or two sides with maps in rows: a row holds one map of each side.

    facts: what else a report says, name -> value (capture, model, date).
    """

    sides: tuple[Side, ...]
    method: Method
    style: Style = Style()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        """The end of the one colour scale of all maps."""
        return heat_maps.common_scale([one.map for side in self.sides for one in side.explanations])

    @property
    def rows(self) -> int:
        """How many maps each side has."""
        return len(self.sides[0].explanations)

    def outside(self, explanation: Explanation) -> float:
        """Share in [0, 1] of a map outside the circle."""
        circle = self.style.circle
        return outside_share(explanation.map, circle.radius, (circle.x, circle.y))

    def difference(self, row: int) -> NDArray[np.float32] | None:
        """First side's map minus the second's; None where a side is alone."""
        if len(self.sides) < 2:
            return None
        first, second = (side.explanations[row] for side in self.sides)
        return heat_maps.difference(first.map, second.map)

    def panels(self, side: Side, row: int) -> Iterator[tuple[str, Pixels]]:
        """Name and pixels of image, overlay and map alone, the circle on the last two."""
        explanation, style = side.explanations[row], self.style
        shown = enlarged(fit(side.pixels, LONGEST_SIDE))
        over = heat_maps.overlay(
            shown, explanation.map, largest=self.scale, colours=style.colours, opacity=style.opacity
        )
        alone = heat_maps.coloured(explanation.map, largest=self.scale, colours=style.colours)
        yield "Image", shown
        yield "Overlay", heat_maps.circled(over, style.circle)
        yield "Map", heat_maps.circled(alone, style.circle)

    def difference_panel(self, row: int) -> Pixels | None:
        """The signed difference as pixels; None where a side is alone."""
        change = self.difference(row)
        if change is None:
            return None
        shown = enlarged(fit(self.sides[0].pixels, LONGEST_SIDE))
        return heat_maps.signed(shown, change, largest=self.scale)

    def caption(self, explanation: Explanation) -> str:
        """The text under a map: its class, share outside the circle, residual."""
        parts = [
            f"Map for {class_name(explanation.class_id)} ({explanation.probability:.1%})",
            f"{self.outside(explanation):.0%} outside the circle",
        ]
        if explanation.residual is not None:
            parts.append(f"completeness residual {explanation.residual:.1e}")
        return " · ".join(parts)

    def settings(self) -> dict[str, str]:
        """How the maps were made and drawn, in words."""
        style, circle = self.style, self.style.circle
        return {
            "Method": f"{self.method.title}: {self.method.explanation}",
            "Source of the method": self.method.source,
            "Colour map": f"{style.colours.title()}, opacity {style.opacity:.0%}",
            "Circle": f"centre {circle.x:.0%} from the left and {circle.y:.0%} from the top, "
            f"radius {circle.radius:.0%} of the shorter side",
            "End of the colour scale": f"{self.scale:.4g}",
        }
