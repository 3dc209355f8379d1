"""The scores of clean images under one set of weights, against which others are ranked.

Four scores separate adversarial images from clean ones:

features        Mahalanobis distance to the predicted class, z-scored, summed over the features
inconsistency   max over transforms s of |p(x) - p(s(x))|_1
margin          largest logit minus the second; small after weak attacks, large after strong ones
change          max over s of the margin minus the predicted class's lead in s(x)

The first two are suspicious when large, the others when small as well. Each becomes a smooth
p-value beside the calibration images, and S = sum of (log p)^2. To rank S, that of each calibration
image is computed beside those of other tracks; a track weighs 1, shared by its images:

p = (w + sum of the weights of images with S_i >= S) / (number of tracks + w)

where w is the mean weight of an image. It is the mean share of clean images that are flagged that
is alpha. For a guarantee on one new sign w would have to be 1 (Lee, Barber, Willett 2023, see
`conformal`), which among some hundred tracks flags far fewer clean images than it may, and misses
attacks that are found otherwise.

Fisher's method sums -2 log p. The squares let one extreme score count for more than four slightly
raised ones, and smooth p-values tell a score far beyond all clean ones from one just beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.special import softmax

from core.errors import BadInput
from core.model.manifest import MANIFEST_FILE, Manifest, file_sha256
from core.model.suspicion.conformal import Smooth, TwoSided, conformal
from core.model.suspicion.features import Outputs
from core.model.suspicion.looks import Looks
from core.model.suspicion.mahalanobis import Cloud
from core.records.drift import LOOK

CALIBRATION_FILE = "suspicion.safetensors"
FORMAT = "2"
BY_IMAGE = "1"  # of earlier versions: all images weigh the same
ANEW = "`python -m core model calibrate --data PATH` makes one"

Values = NDArray[np.float64]
Tracks = NDArray[np.int64]
SCORES: dict[str, type[Smooth] | type[TwoSided]] = {
    "features": Smooth,
    "inconsistency": Smooth,
    "margin": TwoSided,
    "change": TwoSided,
}
FRAMES = 30  # of a sign, in files of earlier versions, which do not say which


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
    """Scores of n clean images under the weights of checksum model_sha256.

    references: their raw scores by name, (n,) ascending; combined: S of each beside images of other
    tracks, (n,) ascending; tracks: of these, (n,); looks: None in files of earlier versions, and
    where no track has two frames.
    """

    model_sha256: str
    scorer: Scorer
    references: dict[str, Values]
    combined: Values
    tracks: Tracks
    looks: Looks | None = None

    @staticmethod
    def fit(model_sha256: str, scorer: Scorer, clean: Outputs, tracks: Tracks) -> Calibration:
        """From outputs for n clean images; tracks (n,), two or more."""
        scores = scorer.scores(clean)
        combined = np.empty(len(tracks))
        for track in np.unique(tracks):
            own = tracks == track
            others = _smooth({name: np.sort(values[~own]) for name, values in scores.items()})
            logs = _logs(others, {name: values[own] for name, values in scores.items()})
            combined[own] = _combined(logs)
        order = combined.argsort(kind="stable")
        references = {name: np.sort(values) for name, values in scores.items()}
        return Calibration(model_sha256, scorer, references, combined[order], tracks[order])

    @cached_property
    def weights(self) -> Values:
        """(n,), of the images of `combined`: 1 divided by the images of their track."""
        _, own, images = np.unique(self.tracks, return_inverse=True, return_counts=True)
        shared: Values = 1 / images[own]
        return shared

    @property
    def signs(self) -> int:
        """The number of tracks."""
        return len(np.unique(self.tracks))

    @cached_property
    def _compared(self) -> dict[str, Smooth | TwoSided]:
        return _smooth(self.references)

    def judge(self, outputs: Outputs) -> Judged:
        """Rank n images, given their outputs and those of their transforms."""
        scores = self.scorer.scores(outputs)
        logs = _logs(self._compared, scores)
        combined = _combined(logs)
        return Judged(scores, logs, combined, conformal(self.combined, self.weights, combined))

    def flagged(self, alpha: float) -> NDArray[np.bool_]:
        """Which of the calibration images have p <= alpha beside those of other tracks: (n,).

        Their share says what share of clean images of new signs will be flagged.
        """
        found = np.empty(len(self.tracks), bool)
        for track in np.unique(self.tracks):
            own = self.tracks == track
            ranked = conformal(self.combined[~own], self.weights[~own], self.combined[own])
            found[own] = ranked <= alpha
        return found

    def write(self, directory: Path) -> None:
        """Write suspicion.safetensors into the model's folder, and its checksum into model.json."""
        scorer = self.scorer
        arrays: dict[str, NDArray[Any]] = {
            "temperature": np.array(scorer.temperature),
            "centre": scorer.centre,
            "spread": scorer.spread,
            "combined": self.combined,
            "tracks": self.tracks,
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
            if about.get("format") not in (FORMAT, BY_IMAGE):
                raise ValueError(
                    f"its format is {about.get('format')}, expected {BY_IMAGE} or {FORMAT}"
                )
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


def _smooth(references: dict[str, Values]) -> dict[str, Smooth | TwoSided]:
    return {name: kind.of(references[name]) for name, kind in SCORES.items()}


def _logs(compared: dict[str, Smooth | TwoSided], scores: dict[str, Values]) -> dict[str, Values]:
    return {name: smooth.logs(scores[name]) for name, smooth in compared.items()}


def _combined(logs: dict[str, Values]) -> Values:
    total: Values = np.square(list(logs.values())).sum(axis=0)
    return total


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
    looks = Looks(about["looks"], arrays["looks"]) if "looks" in about else None
    if looks and looks.projection.shape != (len(clouds[looks.feature].precision), LOOK):
        raise ValueError(f"its looks have shape {looks.projection.shape}")
    references = {name: np.sort(arrays[f"reference/{name}"]) for name in SCORES}
    if about["format"] == BY_IMAGE:
        combined = np.sort(arrays["strange"])
        tracks = np.arange(len(combined)) // FRAMES
    else:
        combined, tracks = arrays["combined"], arrays["tracks"]
    if combined.shape != tracks.shape or (np.diff(combined) < 0).any():
        raise ValueError("what it ranks is not ascending, or its tracks do not fit")
    return Calibration(about["model_sha256"], scorer, references, combined, tracks, looks)
