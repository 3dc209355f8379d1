"""What suspicion compares an image with: clean images as one set of weights sees them.

Four scores, each large or two-sided where adversarial images differ from clean ones:
features: Mahalanobis distance to the predicted class, z-scored and summed over the features;
inconsistency: max over altered copies s of |p(x) - p(s(x))|_1;
margin: largest logit less the second; weakly moved images have small ones, strongly pushed ones
larger ones than clean images;
change: max over s of the margin less the predicted class's lead in s(x), two-sided alike.
Each becomes a smooth p-value on one half of the calibration tracks; the strangeness S = sum of
(log p)^2 is ranked on the other half: p = (1 + #{S_i >= S}) / (n + 1).

It differs from the usual sum of -log p of relative distances and plain ranks so that one very odd
score counts for more than four slightly odd ones; and plain ranks cannot tell a score beyond all
clean ones from one just there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.special import softmax

from core.errors import BadInput
from core.model.suspicion.conformal import conformal, log_two_sided, log_upper
from core.model.suspicion.features import Observation
from core.model.suspicion.mahalanobis import Cloud

CALIBRATION_FILE = "suspicion.safetensors"
FORMAT = "1"
ANEW = "`python -m core model calibrate --data PATH` makes one"

Values = NDArray[np.float64]
SCORES: dict[str, Callable[[Values, Values], Values]] = {
    "features": log_upper,
    "inconsistency": log_upper,
    "margin": log_two_sided,
    "change": log_two_sided,
}


@dataclass(frozen=True, eq=False)
class Look:
    """Features and logits of clean images by which distances are measured.

    temperature: logits are divided by it before the softmax; clouds: where features lie, by name;
    centre, spread: mean and deviation of each one's distances, (features,).
    """

    temperature: float
    clouds: dict[str, Cloud]
    centre: Values
    spread: Values

    @staticmethod
    def fit(temperature: float, clouds: dict[str, Cloud], clean: Observation) -> Look:
        """clean: images that the clouds were not made of."""
        distances = _distances(clouds, clean)
        spread = distances.std(axis=1)
        spread[spread == 0] = 1.0  # one image, or all alike: nothing tells how they spread
        return Look(temperature, clouds, distances.mean(axis=1), spread)

    def scores(self, seen: Observation) -> dict[str, Values]:
        """The four raw scores of n images, (n,) each; `seen` with altered copies."""
        far = (_distances(self.clouds, seen) - self.centre[:, None]) / self.spread[:, None]
        own = softmax(seen.logits.astype(np.float64) / self.temperature, axis=1)
        gap = margin(seen.logits)
        predicted = seen.logits.argmax(axis=1)
        inconsistency, change = [], []
        for copy in seen.altered:
            theirs = softmax(copy.astype(np.float64) / self.temperature, axis=1)
            inconsistency.append(np.abs(own - theirs).sum(axis=1))
            change.append(gap - lead(copy, predicted))
        return {
            "features": far.sum(axis=0),
            "inconsistency": np.max(inconsistency, axis=0),
            "margin": gap,
            "change": np.max(change, axis=0),
        }


@dataclass(frozen=True, eq=False)
class Judged:
    """Of n images. scores: the raw ones, by name (n,); logs: natural logarithms of their smooth
    p-values; strangeness, and the p_values it comes to: (n,)."""

    scores: dict[str, Values]
    logs: dict[str, Values]
    strangeness: Values
    p_values: Values


@dataclass(frozen=True, eq=False)
class Calibration:
    """references: the scores of one half of the calibration tracks, by name (n1,) ascending;
    strange: the strangeness of the other half, (n2,) ascending; model_sha256: of the weights."""

    model_sha256: str
    look: Look
    references: dict[str, Values]
    strange: Values

    @staticmethod
    def fit(model_sha256: str, look: Look, first: Observation, second: Observation) -> Calibration:
        """first, second: clean images, no track in both."""
        references = {name: np.sort(values) for name, values in look.scores(first).items()}
        unranked = Calibration(model_sha256, look, references, np.empty(0))
        return replace(unranked, strange=np.sort(unranked.judge(second).strangeness))

    def judge(self, seen: Observation) -> Judged:
        """How odd images are, seen with their altered copies."""
        scores = self.look.scores(seen)
        logs = {name: log(self.references[name], scores[name]) for name, log in SCORES.items()}
        strangeness: Values = np.square(list(logs.values())).sum(axis=0)
        return Judged(scores, logs, strangeness, conformal(self.strange, strangeness))

    def write(self, directory: Path) -> None:
        """Write suspicion.safetensors into the model's folder."""
        look = self.look
        arrays: dict[str, NDArray[Any]] = {
            "temperature": np.array(look.temperature),
            "centre": look.centre,
            "spread": look.spread,
            "strange": self.strange,
        }
        for name, cloud in look.clouds.items():
            arrays |= {f"means/{name}": cloud.means, f"precision/{name}": cloud.precision}
        arrays |= {f"reference/{name}": values for name, values in self.references.items()}
        about = {
            "format": FORMAT,
            "model_sha256": self.model_sha256,
            "clouds": ",".join(look.clouds),
        }
        save_file(arrays, directory / CALIBRATION_FILE, metadata=about)

    @staticmethod
    def read(directory: Path, model_sha256: str) -> Calibration | None:
        """The calibration beside the weights of that checksum, None where there is none.

        Raises BadInput for a damaged one, and for one of other weights.
        """
        path = directory / CALIBRATION_FILE
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if about.get("format") != FORMAT:
                raise ValueError(f"its format is {about.get('format')}, expected {FORMAT}")
            calibration = _of(about, arrays)
        except (SafetensorError, ValueError, KeyError, OSError) as error:
            raise BadInput(f"{path} is not a suspicion calibration ({error}); {ANEW}") from error
        if calibration.model_sha256 != model_sha256:
            raise BadInput(
                f"{path} is of other weights: expected {model_sha256[:12]}, "
                f"got {calibration.model_sha256[:12]}; {ANEW}"
            )
        return calibration


def margin(logits: NDArray[np.float32]) -> Values:
    """Largest minus second largest logit: (n, classes) -> (n,)."""
    return lead(logits, logits.argmax(axis=1))


def lead(logits: NDArray[np.float32], class_ids: NDArray[np.int64]) -> Values:
    """Logit of class_ids (n,) minus the largest of the others: (n, classes) -> (n,)."""
    others, rows = logits.astype(np.float64), np.arange(len(logits))
    own = others[rows, class_ids]
    others[rows, class_ids] = -np.inf
    ahead: Values = own - others.max(axis=1)
    return ahead


def _distances(clouds: dict[str, Cloud], seen: Observation) -> Values:
    """(features, n), to the predicted classes."""
    predicted = seen.logits.argmax(axis=1)
    return np.stack(
        [cloud.distances(seen.features[name], predicted) for name, cloud in clouds.items()]
    )


def _of(about: dict[str, str], arrays: dict[str, NDArray[Any]]) -> Calibration:
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    clouds = {
        name: Cloud(arrays[f"means/{name}"], arrays[f"precision/{name}"])
        for name in about["clouds"].split(",")
    }
    temperature = float(arrays["temperature"])
    look = Look(temperature, clouds, arrays["centre"], arrays["spread"])
    references = {name: np.sort(arrays[f"reference/{name}"]) for name in SCORES}
    return Calibration(about["model_sha256"], look, references, np.sort(arrays["strange"]))
