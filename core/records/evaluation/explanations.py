"""How good the explanations of a set of weights are: `explanations.json` beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from core.records.evaluation.report import Estimate, Report


@dataclass(frozen=True)
class Localisation:
    """How well FullGrad maps hit the box around the sign.

    pointing: share of maps whose largest value lies in the box; energy: mean share of a map's
    sum in the box; box_area: mean share of the image that the box covers, the energy of a uniform
    map.
    """

    pointing: Estimate
    energy: Estimate
    box_area: float


@dataclass(frozen=True)
class Deletion:
    """How far the logit moves, |f - f'| / max(1, |f|), when pixels become the mean colour.

    share: of the pixels, the least salient first; changes: mean over images, by method;
    less_than_random, less_than_input_x_gradient: the other method's change minus FullGrad's,
    positive where FullGrad finds pixels that matter less.
    """

    share: float
    changes: Mapping[str, float]
    less_than_random: Estimate
    less_than_input_x_gradient: Estimate


@dataclass(frozen=True)
class RandomisedStage:
    """FullGrad maps before and after parameters are random: means over images of |Spearman|.

    from_layer: every layer from the top down to it is random; signed: of maps without absolute
    values; specific: of maps minus the mean map of all images; shown: of maps as shown;
    other_image: of maps as shown, each against the random network's map of another image, which
    measures what all maps have in common.
    """

    from_layer: str
    signed: float
    specific: float
    shown: float
    other_image: float


@dataclass(frozen=True)
class ExplanationQuality(Report):
    """How far FullGrad maps can be trusted.

    completeness: largest residual, by precision (float32, float64); localisation: None for data
    without boxes; randomisation: from the top down, in the last stage all parameters are random.
    """

    FILE: ClassVar = "explanations.json"
    HOLDS: ClassVar = "figures of explanations"
    COMMAND: ClassVar = "python -m core explain --evaluate --data PATH"

    images: int
    tracks: int
    completeness: Mapping[str, float]
    localisation: Localisation | None
    deletion: Deletion
    randomisation: tuple[RandomisedStage, ...]

    @property
    def all_random(self) -> RandomisedStage:
        """The stage in which all parameters are random."""
        return self.randomisation[-1]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ExplanationQuality:
        """The reverse of `to_json`."""
        if values["localisation"] is not None:
            values["localisation"] = _localisation(values["localisation"])
        values["deletion"] = _deletion(values["deletion"])
        values["randomisation"] = tuple(RandomisedStage(**e) for e in values["randomisation"])
        if not values["randomisation"]:
            raise ValueError("it has no stage of randomisation")
        return cls(**values)


def _localisation(values: dict[str, Any]) -> Localisation:
    estimates = {name: Estimate(**values[name]) for name in ("pointing", "energy")}
    return Localisation(**values | estimates)


def _deletion(values: dict[str, Any]) -> Deletion:
    names = ("less_than_random", "less_than_input_x_gradient")
    return Deletion(**values | {name: Estimate(**values[name]) for name in names})
