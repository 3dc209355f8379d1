"""Calibrations fitted to clean images: halves, repeatability, what is left out."""

from dataclasses import replace

import numpy as np
import pytest

from core.datasets import Dataset
from core.errors import BadInput
from core.model.classifier import Classifier
from core.model.suspicion.features import FeatureExtractor, Outputs, extract
from core.model.suspicion.fit import calibrate, halves
from core.model.suspicion.mahalanobis import Cloud
from tests.conftest import read_blocks
from tests.support.expect import raises
from tests.support.images import blocks


def test_no_track_is_in_both_halves() -> None:
    labels = np.repeat([1, 2, 3], 20)
    tracks = np.tile(np.repeat([0, 1, 2, 3], 5), 3)
    dataset = Dataset([blocks(n) for n in range(60)], labels, tracks, "tracks")
    first, second = halves(dataset)
    assert len(first) == len(second) == 30
    assert first.tracks is not None
    assert second.tracks is not None
    one = set(zip(first.labels.tolist(), first.tracks.tolist(), strict=True))
    two = set(zip(second.labels.tolist(), second.tracks.tolist(), strict=True))
    assert (len(one), len(two), one & two) == (6, 6, set())


def test_tracks_of_the_same_number_in_two_classes_are_two() -> None:
    labels, tracks = np.repeat([1, 2], [3, 5]), np.zeros(8, np.int64)
    halved = halves(Dataset([blocks(n) for n in range(8)], labels, tracks, "two"))
    assert sorted(each.labels.tolist() for each in halved) == [[1] * 3, [2] * 5]


def test_what_cannot_be_halved_is_refused() -> None:
    bare = Dataset([blocks(0)] * 4, np.zeros(4, np.int64), None, "bare")
    with raises(
        BadInput,
        "bare has no tracks; a calibration needs them to keep the frames of one sign in one half",
    ):
        halves(bare)
    with raises(BadInput, "one: expected two tracks or more to calibrate with, got 1"):
        halves(replace(bare, tracks=np.zeros(4, np.int64), name="one"))


def seen(classifier: Classifier, dataset: Dataset) -> Outputs:
    extractor = FeatureExtractor(classifier, features=True)
    prepared = [classifier.prepare(image) for image in dataset.images]
    return extract(extractor.names, extractor.compute, prepared, transformed=True)


def test_each_part_is_fitted_to_images_of_its_own(classifier: Classifier) -> None:
    """Clouds to the train fold, centre, spread and references to one half, ranks to the other."""
    trained, clean = read_blocks(classifier, 64), read_blocks(classifier, 41, 20_000)
    reported: list[tuple[int, int, str]] = []
    made = calibrate(classifier, trained, clean, lambda *each: reported.append(each))
    assert reported == [(done, 169, "images") for done in (64, 64 + 21, 105, 169)]
    assert made.model_sha256 == classifier.manifest.sha256
    assert made.scorer.temperature == 1.5
    shown, (first, second) = seen(classifier, trained), halves(clean)
    assert (len(first), len(second)) == (21, 20)
    one, two = seen(classifier, first), seen(classifier, second)
    for place, (name, cloud) in enumerate(made.scorer.clouds.items()):
        own = Cloud.fit(shown.features[name], trained.labels, 43)
        assert cloud.means == pytest.approx(own.means, abs=1e-4)
        distances = own.distances(one.features[name], first.labels)
        assert made.scorer.centre[place] == pytest.approx(distances.mean(), rel=1e-3)
        assert made.scorer.spread[place] == pytest.approx(distances.std(), rel=1e-3)
        others = own.distances(two.features[name], second.labels)
        assert abs(others.mean() / distances.mean() - 1) > 0.005  # so that the halves differ
    best_two = np.sort(one.logits, axis=1)[:, -2:]
    margins = np.sort(best_two[:, 1] - best_two[:, 0])
    assert made.references["margin"] == pytest.approx(margins, abs=1e-3)
    assert made.combined == pytest.approx(np.sort(made.judge(two).combined), rel=1e-3)


def test_misclassified_images_are_left_out(classifier: Classifier) -> None:
    trained, clean = read_blocks(classifier, 64), read_blocks(classifier, 40, 30_000)
    others = (clean.labels + 1) % 43
    some = replace(clean, labels=np.where(clean.tracks % 4 == 0, others, clean.labels))
    made = calibrate(classifier, trained, some, lambda *_: None)
    assert len(made.references["margin"]) + len(made.combined) == 30
    with raises(
        BadInput,
        "blocks: none of 20 images is classified correctly; expected images and labels like those "
        "trained on",
    ):
        calibrate(classifier, trained, replace(clean, labels=others), lambda *_: None)
