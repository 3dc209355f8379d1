"""Calibrations fitted to clean images: halves, repeatability, what is left out."""

from dataclasses import replace

import numpy as np
import pytest

from core.datasets import Dataset
from core.errors import BadInput
from core.model.classifier import Classifier
from core.model.suspicion.calibration import Calibration
from core.model.suspicion.features import FeatureExtractor, Outputs, extract
from core.model.suspicion.fit import calibrate
from core.model.suspicion.mahalanobis import Cloud
from tests.conftest import read_blocks
from tests.support.expect import raises
from tests.support.images import blocks


def test_what_has_no_two_tracks_is_refused(classifier: Classifier) -> None:
    trained = read_blocks(classifier, 4)
    one = Dataset([blocks(0)] * 4, np.zeros(4, np.int64), np.zeros(4, np.int64), "one")
    with raises(BadInput, "one: expected two tracks or more to calibrate with, got 1"):
        calibrate(classifier, trained, one, lambda *_: None)
    with pytest.raises(BadInput, match="one has no tracks; a calibration needs them"):
        calibrate(classifier, trained, replace(one, tracks=None), lambda *_: None)


def test_two_tracks_of_which_one_is_misclassified_are_refused(classifier: Classifier) -> None:
    trained, clean = read_blocks(classifier, 4), read_blocks(classifier, 2)
    clean.labels[1] = (clean.labels[1] + 1) % 43
    with raises(
        BadInput,
        "blocks, classified correctly: expected two tracks or more to calibrate with, got 1",
    ):
        calibrate(classifier, trained, clean, lambda *_: None)


def seen(classifier: Classifier, dataset: Dataset) -> Outputs:
    extractor = FeatureExtractor(classifier, features=True)
    prepared = [classifier.prepare(image) for image in dataset.images]
    return extract(extractor.names, extractor.compute, prepared, transformed=True)


def test_each_part_is_fitted_to_images_of_its_own(classifier: Classifier) -> None:
    """Clouds to the train fold, the rest to the calibration fold."""
    trained, clean = read_blocks(classifier, 64), read_blocks(classifier, 41, 20_000)
    reported: list[tuple[int, int, str]] = []
    made = calibrate(classifier, trained, clean, lambda *each: reported.append(each))
    assert reported == [(done, 169, "images") for done in (64, 105, 169)]
    assert made.model_sha256 == classifier.manifest.sha256
    assert made.scorer.temperature == 1.5
    shown, held = seen(classifier, trained), seen(classifier, clean)
    for place, (name, cloud) in enumerate(made.scorer.clouds.items()):
        own = Cloud.fit(shown.features[name], trained.labels, 43)
        assert cloud.means == pytest.approx(own.means, abs=1e-4)
        distances = own.distances(held.features[name], clean.labels)
        assert made.scorer.centre[place] == pytest.approx(distances.mean(), rel=1e-3)
        assert made.scorer.spread[place] == pytest.approx(distances.std(), rel=1e-3)
    best_two = np.sort(held.logits, axis=1)[:, -2:]
    margins = np.sort(best_two[:, 1] - best_two[:, 0])
    assert made.references["margin"] == pytest.approx(margins, abs=1e-3)
    again = Calibration.fit(made.model_sha256, made.scorer, held, clean.signs())
    assert made.combined == pytest.approx(again.combined, rel=1e-3)
    assert made.signs == 41


def test_misclassified_images_are_left_out(classifier: Classifier) -> None:
    trained, clean = read_blocks(classifier, 64), read_blocks(classifier, 40, 30_000)
    others = (clean.labels + 1) % 43
    some = replace(clean, labels=np.where(clean.tracks % 4 == 0, others, clean.labels))
    made = calibrate(classifier, trained, some, lambda *_: None)
    assert len(made.combined) == len(made.references["margin"]) == 30
    kept = set(some.signs()[clean.tracks % 4 != 0].tolist())
    assert set(made.tracks.tolist()) == kept
    rows = np.flatnonzero(clean.tracks % 4 != 0)
    alone = calibrate(classifier, trained, some.subset(rows), lambda *_: None)
    assert made.scorer.centre == pytest.approx(alone.scorer.centre, rel=1e-3)
    assert made.scorer.spread == pytest.approx(alone.scorer.spread, rel=1e-3)
    with raises(
        BadInput,
        "blocks: none of 40 images is classified correctly; expected images and labels like those "
        "trained on",
    ):
        calibrate(classifier, trained, replace(clean, labels=others), lambda *_: None)
