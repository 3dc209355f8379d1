"""The scores of clean images under one set of weights, against which others are ranked.

Four scores separate adversarial images from clean ones:

features        Mahalanobis distance to the predicted class, z-scored, summed over the features
inconsistency   max over transforms s of |p(x) - p(s(x))|_1
margin          largest logit minus the second; small after weak attacks, large after strong ones
change          max over s of the margin minus the predicted class's lead in s(x)

The first two are suspicious when large, the others when small as well. Each becomes a smooth
p-value on one half of the calibration tracks. The combined score S = sum of (log p)^2 is ranked on
the other half: p = (1 + #{S_i >= S}) / (n + 1).

Fisher's method sums -2 log p. The squares let one extreme score count for more than four slightly
raised ones, and smooth p-values tell a score far beyond all clean ones from one just beyond them.
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
from core.model.manifest import MANIFEST_FILE, Manifest, file_sha256
from core.model.suspicion.conformal import conformal, log_two_sided, log_upper
from core.model.suspicion.features import Outputs
from core.model.suspicion.looks import Looks
from core.model.suspicion.mahalanobis import Cloud
from core.records.drift import LOOK

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
class Scorer:
    """Computes the four raw scores.

    temperature: logits are divided by it before the softmax; clouds: distribution of each feature,
    by name; centre, spread: mean and standard deviation of its distances on clean images,
    (features,).
    """

    temperature: float
    clouds: dict[str, Cloud]
    centre: Values
    spread: Values

    @staticmethod
    def fit(temperature: float, clouds: dict[str, Cloud], clean: Outputs) -> Scorer:
        """Fit centre and spread to clean images that the clouds were not fitted to."""
        distances = _distances(clouds, clean)
        spread = distances.std(axis=1)
        spread[spread == 0] = 1.0  # one image, or all equal: their spread is unknown
        return Scorer(temperature, clouds, distances.mean(axis=1), spread)

    def scores(self, outputs: Outputs) -> dict[str, Values]:
        """The four raw scores by name, (n,) each, from outputs of n images and transforms."""
        far = (_distances(self.clouds, outputs) - self.centre[:, None]) / self.spread[:, None]
        own = softmax(outputs.logits.astype(np.float64) / self.temperature, axis=1)
        gap = margin(outputs.logits)
        predicted = outputs.logits.argmax(axis=1)
        inconsistency, change = [], []
        for copy in outputs.transformed:
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
    """The judgement of n images.

    scores: raw, by name, (n,) each; logs: natural logarithms of their smooth p-values; combined:
    S, (n,); p_values: its ranks, (n,).
    """

    scores: dict[str, Values]
    logs: dict[str, Values]
    combined: Values
    p_values: Values


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores of clean images under the weights of checksum model_sha256.

    references: raw scores of one half of the calibration tracks, by name, (n1,) ascending;
    combined: S of the other half, (n2,) ascending; looks: None in files of earlier versions, and
    where no track has two frames.
    """

    model_sha256: str
    scorer: Scorer
    references: dict[str, Values]
    combined: Values
    looks: Looks | None = None

    @staticmethod
    def fit(model_sha256: str, scorer: Scorer, first: Outputs, second: Outputs) -> Calibration:
        """From outputs for clean images; no track may occur in both halves."""
        references = {name: np.sort(values) for name, values in scorer.scores(first).items()}
        unranked = Calibration(model_sha256, scorer, references, np.empty(0))
        return replace(unranked, combined=np.sort(unranked.judge(second).combined))

    def judge(self, outputs: Outputs) -> Judged:
        """Rank n images, given their outputs and those of their transforms."""
        scores = self.scorer.scores(outputs)
        logs = {name: log(self.references[name], scores[name]) for name, log in SCORES.items()}
        combined: Values = np.square(list(logs.values())).sum(axis=0)
        return Judged(scores, logs, combined, conformal(self.combined, combined))

    def write(self, directory: Path) -> None:
        """Write suspicion.safetensors into the model's folder, and its checksum into model.json."""
        scorer = self.scorer
        arrays: dict[str, NDArray[Any]] = {
            "temperature": np.array(scorer.temperature),
            "centre": scorer.centre,
            "spread": scorer.spread,
            "strange": self.combined,
        }
        for name, cloud in scorer.clouds.items():
            arrays |= {f"means/{name}": cloud.means, f"precision/{name}": cloud.precision}
        arrays |= {f"reference/{name}": values for name, values in self.references.items()}
        about = {
            "format": FORMAT,
            "model_sha256": self.model_sha256,
            "clouds": ",".join(scorer.clouds),
        }
        if self.looks is not None:
            arrays["looks"] = self.looks.projection
            about["looks"] = self.looks.feature
        save_file(arrays, directory / CALIBRATION_FILE, metadata=about)
        if (directory / MANIFEST_FILE).is_file():
            checksum = file_sha256(directory / CALIBRATION_FILE)
            replace(Manifest.read(directory), calibration_sha256=checksum).write(directory)

    @staticmethod
    def read(directory: Path, model_sha256: str, checksum: str = "") -> Calibration | None:
        """The calibration in a model's folder, or None.

        Parameters
        ----------
        directory
            The folder; it may hold suspicion.safetensors.
        model_sha256
            The checksum of the weights beside it.
        checksum
            That of the file; empty: it is not known, as in folders of earlier versions.

        Raises
        ------
        BadInput
            The file is damaged, is not the one of the checksum, or belongs to other weights.
        """
        path = directory / CALIBRATION_FILE
        if not path.is_file():
            return None
        if checksum and file_sha256(path) != checksum:
            raise BadInput(
                f"{path} is not the file that {directory / MANIFEST_FILE} describes (SHA-256); "
                f"{ANEW}"
            )
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
                f"{path} belongs to other weights: expected {model_sha256[:12]}, "
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


def _distances(clouds: dict[str, Cloud], outputs: Outputs) -> Values:
    """(features, n), to the predicted classes."""
    predicted = outputs.logits.argmax(axis=1)
    return np.stack(
        [cloud.distances(outputs.features[name], predicted) for name, cloud in clouds.items()]
    )


def _of(about: dict[str, str], arrays: dict[str, NDArray[Any]]) -> Calibration:
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    clouds = {
        name: Cloud(arrays[f"means/{name}"], arrays[f"precision/{name}"])
        for name in about["clouds"].split(",")
    }
    temperature = float(arrays["temperature"])
    scorer = Scorer(temperature, clouds, arrays["centre"], arrays["spread"])
    references = {name: np.sort(arrays[f"reference/{name}"]) for name in SCORES}
    looks = Looks(about["looks"], arrays["looks"]) if "looks" in about else None
    if looks and looks.projection.shape != (len(clouds[looks.feature].precision), LOOK):
        raise ValueError(f"its looks have shape {looks.projection.shape}")
    return Calibration(about["model_sha256"], scorer, references, np.sort(arrays["strange"]), looks)
