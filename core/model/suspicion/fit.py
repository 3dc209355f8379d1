"""Fits a calibration to clean images of the train and the calibration fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
    first, second = halves(held_back)
    extractor = FeatureExtractor(classifier, features=True)
    shown, followed = training.sample(TRAINED, seed=SEED), _signs(training)
    total, done = sum(map(len, (shown, followed, first, second))), 0

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
    held = [outputs_of(half, transformed=True) for half in (first, second)]
    steps = steps_of(outputs_of(followed, transformed=False).features[stage], followed)
    unseen = np.concatenate(
        [
            steps_of(each.features[stage], half)
            for each, half in zip(held, (first, second), strict=True)
        ]
    )
    one, two = map(_correct, held, (first, second))
    fitted = Scorer.fit(classifier.manifest.temperature, clouds, one)
    made = Calibration.fit(classifier.manifest.sha256, fitted, one, two)
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


def _correct(outputs: Outputs, dataset: Dataset) -> Outputs:
    rows = np.flatnonzero(outputs.logits.argmax(axis=1) == dataset.labels)
    if len(rows) == 0:
        raise BadInput(
            f"{dataset.name}: none of {len(dataset)} images is classified correctly; expected "
            "images and labels like those trained on"
        )
    return outputs.take(rows)


def halves(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Deal whole tracks to two halves at random; raises BadInput for fewer than two."""
    if dataset.tracks is None:
        raise BadInput(
            f"{dataset.name} has no tracks; a calibration needs them to keep the frames of one "
            "sign in one half"
        )
    own = dataset.signs()
    order = np.random.default_rng(SEED).permutation(own.max() + 1)
    if len(order) < 2:
        raise BadInput(
            f"{dataset.name}: expected two tracks or more to calibrate with, got {len(order)}"
        )
    in_first = np.isin(own, order[: (len(order) + 1) // 2])
    return dataset.subset(np.flatnonzero(in_first)), dataset.subset(np.flatnonzero(~in_first))
