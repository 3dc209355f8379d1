"""How good the explanations of a set of weights are: `explanations.json` beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.bootstrap import Estimate
from core.errors import BadInput

QUALITY_FILE = "explanations.json"


@dataclass(frozen=True)
class Localisation:
    """How well FullGrad maps hit the box around the sign.

    pointing: share of maps whose largest value lies in the box; energy: mean share of a map's
    mass in the box; box_area: mean share of the picture that the box covers, which an even map's
    energy is.
    """

    pointing: Estimate
    energy: Estimate
    box_area: float


@dataclass(frozen=True)
class Deletion:
    """How far the logit moves, |f - f'| / max(1, |f|), when pixels become the mean colour.

    share: of the pixels, the least salient ones; changes: by method, the mean over images;
    less_than_random, less_than_input_x_gradient: the other's change less FullGrad's, > 0 where
    FullGrad knows better what does not matter.
    """

    share: float
    changes: Mapping[str, float]
    less_than_random: Estimate
    less_than_input_x_gradient: Estimate


@dataclass(frozen=True)
class RandomisedStage:
    """FullGrad maps before and after parameters are random: means over images of |Spearman|.

    from_layer: everything from the top down to it is random; signed: of maps without absolute
    values, whose mean is the logit; specific: of maps as shown less the mean map of all images;
    shown: of maps as shown; other_image: of maps as shown, each beside the random network's map
    of another image, which is what all maps of a network have in common.
    """

    from_layer: str
    signed: float
    specific: float
    shown: float
    other_image: float


@dataclass(frozen=True)
class ExplanationQuality:
    """What was measured of FullGrad, on which weights and which images.

    completeness: worst residual, by precision (float32, float64); localisation: None for data
    without boxes; randomisation: cascading from the top, the last stage has only random
    parameters; measured_on: ISO 8601 date, UTC.
    """

    weights_sha256: str
    data: str
    fold: str
    images: int
    tracks: int
    seed: int
    measured_on: str
    completeness: Mapping[str, float]
    localisation: Localisation | None
    deletion: Deletion
    randomisation: tuple[RandomisedStage, ...]

    def measures(self, sha256: str) -> bool:
        """Whether the weights of that checksum are those that it was measured on."""
        return self.weights_sha256 == sha256

    @property
    def all_random(self) -> RandomisedStage:
        """The stage at which nothing is left of the training."""
        return self.randomisation[-1]

    def write(self, directory: Path) -> None:
        """Write explanations.json into `directory`, which is made if need be."""
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / QUALITY_FILE).write_text(text + "\n")

    @staticmethod
    def read(directory: Path) -> ExplanationQuality | None:
        """What is in `directory`, None where there is nothing; BadInput if it is damaged."""
        path = directory / QUALITY_FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text())
            if values["localisation"] is not None:
                values["localisation"] = _localisation(values["localisation"])
            values["deletion"] = _deletion(values["deletion"])
            stages = tuple(RandomisedStage(**each) for each in values["randomisation"])
            if not stages:
                raise ValueError("it has no stage of randomisation")
            return ExplanationQuality(**values | {"randomisation": stages})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(
                f"{path} holds no figures of explanations ({error}); "
                "`python -m core explain --evaluate` makes it anew"
            ) from error


def _localisation(values: dict[str, Any]) -> Localisation:
    estimates = {name: Estimate(**values[name]) for name in ("pointing", "energy")}
    return Localisation(**values | estimates)


def _deletion(values: dict[str, Any]) -> Deletion:
    names = ("less_than_random", "less_than_input_x_gradient")
    return Deletion(**values | {name: Estimate(**values[name]) for name in names})
