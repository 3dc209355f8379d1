"""Making a calibration: look at clean images of the training and of the calibration fold."""

from __future__ import annotations

import numpy as np

from core.datasets import Dataset
from core.errors import BadInput
from core.jobs import Progress
from core.model.classifier import Classifier
from core.model.suspicion.calibration import Calibration, Look
from core.model.suspicion.features import Observation, Observer, joined, observe
from core.model.suspicion.mahalanobis import Cloud

TRAINED = 8_000  # images trained on that features are measured on
AT_ONCE = 64
SEED = 0


def calibrate(
    classifier: Classifier, training: Dataset, held_back: Dataset, progress: Progress
) -> Calibration:
    """A calibration of saved weights.

    training: images trained on, TRAINED of them are looked at; held_back: images by track that
    neither were trained on nor serve to measure; those that are misread count for nothing, as it is
    they that are to be found. Raises BadInput without tracks, with fewer than two of them, where
    nothing is read right, and for a network whose features are not to be had.
    """
    first, second = halves(held_back)
    observer = Observer(classifier, features=True)
    shown = training.sample(TRAINED, seed=SEED)
    total, done = len(shown) + len(first) + len(second), 0

    def look(dataset: Dataset, altered: bool) -> Observation:
        nonlocal done
        parts = []
        for start in range(0, len(dataset), AT_ONCE):
            images = dataset.images[start : start + AT_ONCE]
            prepared = [classifier.prepare(image) for image in images]
            parts.append(observe(observer.names, observer.compute, prepared, altered=altered))
            done += len(images)
            progress(done, total, "images looked at")
        return joined(parts)

    trained = look(shown, altered=False)
    clouds = {
        name: Cloud.fit(values, shown.labels, classifier.classes)
        for name, values in trained.features.items()
    }
    one, two = (_read_right(look(half, altered=True), half) for half in (first, second))
    fitted = Look.fit(classifier.manifest.temperature, clouds, one)
    return Calibration.fit(classifier.manifest.sha256, fitted, one, two)


def _read_right(seen: Observation, dataset: Dataset) -> Observation:
    rows = np.flatnonzero(seen.logits.argmax(axis=1) == dataset.labels)
    if len(rows) == 0:
        raise BadInput(
            f"{dataset.name}: none of {len(dataset)} images is read right, so none shows how "
            "images look that are; expected images and labels of the kind trained on"
        )
    return seen.take(rows)


def halves(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Whole tracks dealt to two halves by chance; raises BadInput."""
    if dataset.tracks is None:
        raise BadInput(
            f"{dataset.name} has no tracks; a calibration needs them to keep the frames of one "
            "sign in one half"
        )
    keys = np.stack([dataset.labels, dataset.tracks], axis=1)
    _, own = np.unique(keys, axis=0, return_inverse=True)
    own = own.reshape(-1)
    order = np.random.default_rng(SEED).permutation(own.max() + 1)
    if len(order) < 2:
        raise BadInput(
            f"{dataset.name}: expected two tracks or more to calibrate with, got {len(order)}"
        )
    in_first = np.isin(own, order[: (len(order) + 1) // 2])
    return dataset.subset(np.flatnonzero(in_first)), dataset.subset(np.flatnonzero(~in_first))
