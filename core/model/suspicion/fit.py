"""Fits a calibration to clean images of the train and the calibration fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset
from core.errors import BadInput
from core.jobs import Progress
from core.model.classifier import Classifier
from core.model.suspicion.calibration import Calibration, Scorer
from core.model.suspicion.features import FeatureExtractor, Outputs, extract, joined
from core.model.suspicion.looks import STAGE, Looks, steps_of
from core.model.suspicion.mahalanobis import Cloud

TRAINED = 8_000  # images of the train fold that the features are fitted to
FOLLOWED = 200  # signs of it, for how one sign changes from frame to frame
AT_ONCE = 64
SEED = 0


def calibrate(
    classifier: Classifier, training: Dataset, held_back: Dataset, progress: Progress
) -> Calibration:
    """Fit a calibration for saved weights.

    Parameters
    ----------
    classifier
        The saved weights; they are not changed.
    training
        Images that the weights were trained on; TRAINED of them are used.
    held_back
        Images with tracks that serve neither training nor measurement. Misclassified ones are left
        out: they are what suspicion shall find.
    progress
        Called with (done, total, text) after every batch.

    Raises
    ------
    BadInput
        There are fewer than two tracks, no image is classified correctly, or the network gives no
        features.
    """
    held_back.require_tracks("a calibration")
    signs = held_back.signs()
    _of_two_or_more(signs, held_back.name)
    extractor = FeatureExtractor(classifier, features=True)
    shown, followed = training.sample(TRAINED, seed=SEED), _signs(training)
    total, done = sum(map(len, (shown, followed, held_back))), 0

    def outputs_of(dataset: Dataset, transformed: bool) -> Outputs:
        nonlocal done
        parts = []
        for start in range(0, len(dataset), AT_ONCE):
            images = dataset.images[start : start + AT_ONCE]
            prepared = [classifier.prepare(image) for image in images]
            parts.append(
                extract(extractor.names, extractor.compute, prepared, transformed=transformed)
            )
            done += len(images)
            progress(done, total, "images")
        return joined(parts)

    trained = outputs_of(shown, transformed=False)
    clouds = {
        name: Cloud.fit(values, shown.labels, classifier.classes)
        for name, values in trained.features.items()
    }
    stage = STAGE if STAGE in clouds else next(iter(clouds))
    held = outputs_of(held_back, transformed=True)
    steps = steps_of(outputs_of(followed, transformed=False).features[stage], followed)
    unseen = steps_of(held.features[stage], held_back)
    rows = _correct(held, held_back)
    _of_two_or_more(signs[rows], f"{held_back.name}, classified correctly")
    clean = held.take(rows)
    scorer = Scorer.fit(classifier.manifest.temperature, clouds, clean)
    made = Calibration.fit(classifier.manifest.sha256, scorer, clean, signs[rows])
    if not len(steps) or not len(unseen):
        return made
    return replace(
        made, looks=Looks.fit(stage, trained.features[stage], shown.labels, steps, unseen)
    )


def _signs(dataset: Dataset) -> Dataset:
    """All frames of FOLLOWED signs, or of all, in the order in which they were made."""
    own = dataset.signs()
    chosen = np.random.default_rng(SEED).permutation(own.max() + 1)[:FOLLOWED]
    return dataset.subset(np.flatnonzero(np.isin(own, chosen)))


def _correct(outputs: Outputs, dataset: Dataset) -> NDArray[np.int64]:
    """Rows of what is classified correctly."""
    rows = np.flatnonzero(outputs.logits.argmax(axis=1) == dataset.labels)
    if len(rows) == 0:
        raise BadInput(
            f"{dataset.name}: none of {len(dataset)} images is classified correctly; expected "
            "images and labels like those trained on"
        )
    return rows


def _of_two_or_more(signs: NDArray[np.int64], name: str) -> None:
    """Raises BadInput for images (n,) of fewer than two signs."""
    count = len(np.unique(signs))
    if count < 2:
        raise BadInput(f"{name}: expected two tracks or more to calibrate with, got {count}")
