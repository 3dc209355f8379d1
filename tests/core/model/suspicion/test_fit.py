"""Calibrations fitted to clean images: halves, repeatability, what is left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets import Dataset
from core.errors import BadInput
from core.model.classifier import Classifier
from core.model.predictor import Predictor
from core.model.suspicion.fit import calibrate, halves
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


def test_what_cannot_be_halved_is_refused() -> None:
    bare = Dataset([blocks(0)] * 4, np.zeros(4, np.int64), None, "bare")
    with raises(
        BadInput,
        "bare has no tracks; a calibration needs them to keep the frames of one sign in one half",
    ):
        halves(bare)
    with raises(BadInput, "one: expected two tracks or more to calibrate with, got 1"):
        halves(replace(bare, tracks=np.zeros(4, np.int64), name="one"))


def test_calibrating_twice_gives_the_same(predictor: Predictor, tmp_path: Path) -> None:
    classifier, known = predictor.classifier, predictor.calibration
    assert known is not None
    reported = []
    again = calibrate(
        classifier,
        read_blocks(classifier, 128),
        read_blocks(classifier, 400, 20_000),
        lambda *each: reported.append(each),
    )
    assert reported[-1] == (528, 528, "images")
    assert again.combined == pytest.approx(known.combined, rel=1e-3)


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
