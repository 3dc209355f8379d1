"""What suspicion is made of: altered copies, distances, scores, and the file they come from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from core.datasets import Dataset
from core.errors import BadInput
from core.model.classifier import Classifier, build_network
from core.model.predictor import Predictor
from core.model.suspicion.calibration import ANEW, Calibration, Scorer, lead, margin
from core.model.suspicion.features import FeatureExtractor, Outputs, extract
from core.model.suspicion.fit import calibrate, halves
from core.model.suspicion.mahalanobis import Cloud
from core.model.suspicion.transforms import median, resample
from tests.conftest import read_blocks
from tests.support.expect import raises
from tests.support.images import blocks

# Altered copies


def test_the_median_filter_is_the_median_of_nine() -> None:
    pixels = torch.rand(2, 3, 7, 5, generator=torch.Generator().manual_seed(0))
    edged = np.pad(pixels.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    nine = [edged[..., y : y + 7, x : x + 5] for y in range(3) for x in range(3)]
    assert np.array_equal(median(pixels).numpy(), np.median(nine, axis=0))


def test_resampling_keeps_the_shape_and_what_is_even() -> None:
    even = torch.full((1, 3, 7, 10), 0.25)
    assert torch.allclose(resample(even), even)
    stripes = torch.zeros(1, 3, 32, 32)
    stripes[..., ::2] = 1
    assert resample(stripes)[..., 3:-3].std() < 0.05  # too fine for a third of the size


def test_tiny_images_are_resampled_too() -> None:
    assert resample(torch.full((1, 3, 2, 1), 0.5)).shape == (1, 3, 2, 1)


# Distances


def test_distances_worked_by_hand() -> None:
    features = np.array([[0.0], [2.0], [10.0], [12.0]], dtype=np.float32)
    cloud = Cloud.fit(features, np.array([0, 0, 1, 1]), 3)
    assert cloud.means.tolist() == [[1.0], [11.0], [6.0]]  # no image of 2: the middle of all
    assert cloud.precision == pytest.approx(np.array([[1.0]]))  # variance 1, which shrinking keeps
    where = np.array([[4.0], [4.0], [4.0]], dtype=np.float32)
    assert cloud.distances(where, np.array([0, 1, 2])) == pytest.approx([9.0, 49.0, 4.0])


def test_the_covariance_is_shared_and_shrunk() -> None:
    features = np.array([[1, 0], [-1, 0], [5, 2], [5, -2]], dtype=np.float32)
    cloud = Cloud.fit(features, np.array([0, 0, 1, 1]), 2)
    shrunk = 0.99 * np.diag([0.5, 2.0]) + 0.01 * 1.25 * np.eye(2)
    assert cloud.precision == pytest.approx(np.linalg.inv(shrunk), rel=1e-6)


# Scores

CLOUD = Cloud(np.array([[0.0], [10.0], [20.0]], np.float32), np.array([[1.0]], np.float32))
SCORER = Scorer(2.0, {"stage": CLOUD}, np.array([4.0]), np.array([2.0]))
OUTPUTS = Outputs(
    np.array([[4.0, 1.0, 0.0], [0.0, 0.0, 6.0]], np.float32),
    (
        np.array([[1.0, 3.0, 0.0], [0.0, 0.0, 6.0]], np.float32),
        np.array([[4.0, 1.0, 0.0], [0.0, 0.0, 7.0]], np.float32),
    ),
    {"stage": np.array([[3.0], [18.0]], np.float32)},
)


def test_margin_and_lead() -> None:
    logits = np.array([[1.0, 5.0, 3.5], [-1.0, -1.0, -9.0]], dtype=np.float32)
    assert margin(logits).tolist() == [1.5, 0.0]
    assert lead(logits, np.array([0, 1])).tolist() == [-4.0, 0.0]


def test_scores_worked_by_hand() -> None:
    scores = SCORER.scores(OUTPUTS)
    assert scores["features"].tolist() == [(9 - 4) / 2, (4 - 4) / 2]
    assert scores["margin"].tolist() == [3.0, 6.0]
    assert scores["change"].tolist() == [3.0 - (1.0 - 3.0), 0.0]  # the larger of two copies
    flipped = np.abs(softmax([2.0, 0.5, 0.0]) - softmax([0.5, 1.5, 0.0])).sum()
    surer = np.abs(softmax([0.0, 0.0, 3.0]) - softmax([0.0, 0.0, 3.5])).sum()
    assert scores["inconsistency"] == pytest.approx([flipped, surer])


def test_halves_of_one_image_make_a_calibration(tmp_path: Path) -> None:
    first, second = (
        Outputs(
            np.array([[0.0, 3.0]], dtype=np.float32),
            (np.array([[0.0, 2.0]], dtype=np.float32),),
            {"stage": np.array([[value]], dtype=np.float32)},
        )
        for value in (1.0, 4.0)
    )
    cloud = Cloud(np.zeros((2, 1), dtype=np.float32), np.ones((1, 1), dtype=np.float32))
    scorer = Scorer.fit(1.0, {"stage": cloud}, first)
    assert (scorer.centre.tolist(), scorer.spread.tolist()) == ([1.0], [1.0])
    made = Calibration.fit("a" * 64, scorer, first, second)
    assert made.references["features"].tolist() == [0.0]
    assert np.isfinite(made.combined).all()
    made.write(tmp_path)
    assert Calibration.read(tmp_path, "a" * 64) is not None


def test_centre_and_spread_are_of_the_distances_to_the_predicted_class() -> None:
    scorer = Scorer.fit(2.0, {"stage": CLOUD}, OUTPUTS)
    assert (scorer.centre.tolist(), scorer.spread.tolist()) == ([6.5], [2.5])


def test_strangeness_is_a_sum_of_squares_ranked_on_the_other_half() -> None:
    calibration = Calibration.fit("0" * 64, SCORER, OUTPUTS, OUTPUTS)
    judged = calibration.judge(OUTPUTS)
    total = sum(logs**2 for logs in judged.logs.values())
    assert np.array_equal(judged.combined, total)
    assert calibration.combined.tolist() == sorted(total.tolist())
    larger = total.argmax()
    assert judged.p_values[larger] == 2 / 3
    assert judged.p_values[1 - larger] == 3 / 3


# Halves of the calibration


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


# Networks of other makes


@pytest.mark.parametrize(
    ("architecture", "names"),
    [(name, ("logits", "penultimate")) for name in ("squeezenet1_1", "mobilenet_v3_small")],
)
def test_other_networks_are_seen_by_what_enters_their_last_layer(
    classifier: Classifier, architecture: str, names: tuple[str, ...]
) -> None:
    own = Classifier(classifier.manifest, build_network(architecture, 43))
    extractor = FeatureExtractor(own, features=True)
    assert extractor.names == names
    prepared = [own.prepare(blocks(0)), own.prepare(blocks(1))]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    assert np.allclose(outputs.logits, own.logits_of(prepared), atol=1e-5)
    assert outputs.features["penultimate"].ndim == 2
    assert [each.shape for each in outputs.transformed] == [(2, 43), (2, 43)]


def test_without_features_only_logits_are_given(classifier: Classifier) -> None:
    extractor = FeatureExtractor(classifier, features=False)
    prepared = [classifier.prepare(blocks(0))]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=False)
    assert np.array_equal(outputs.logits, classifier.logits_of(prepared))
    assert (outputs.transformed, outputs.features) == ((), {})


# The file


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


def test_misread_images_calibrate_nothing(classifier: Classifier) -> None:
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


def test_a_written_calibration_comes_back(predictor: Predictor, tmp_path: Path) -> None:
    known = predictor.calibration
    assert known is not None
    known.write(tmp_path)
    again = Calibration.read(tmp_path, known.model_sha256)
    assert again is not None
    assert again.scorer.temperature == known.scorer.temperature == 1.5
    assert np.array_equal(again.combined, known.combined)
    assert np.array_equal(again.scorer.spread, known.scorer.spread)
    assert list(again.scorer.clouds) == ["layer2", "layer3", "penultimate"]
    for name, cloud in known.scorer.clouds.items():
        assert np.array_equal(again.scorer.clouds[name].precision, cloud.precision)
    for name, values in known.references.items():
        assert np.array_equal(again.references[name], values)


def test_imported_weights_have_none(tmp_path: Path) -> None:
    assert Calibration.read(tmp_path, "0" * 64) is None


def spoiled(calibration: Calibration, folder: Path, **changes: str) -> str:
    """The file with other metadata, and its path."""
    calibration.write(folder)
    path = folder / "suspicion.safetensors"
    about = {"format": "1", "model_sha256": "0" * 64, "clouds": "stage"} | changes
    save_file(load_file(path), path, metadata=about)
    return str(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"format": "9"}, "its format is 9, expected 1"),
        ({"clouds": "other"}, "'means/other'"),
    ],
)
def test_a_file_of_another_make_is_named(
    tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    path = spoiled(Calibration.fit("0" * 64, SCORER, OUTPUTS, OUTPUTS), tmp_path, **changes)
    with raises(BadInput, f"{path} is not a suspicion calibration ({problem}); {ANEW}"):
        Calibration.read(tmp_path, "0" * 64)


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    known = Calibration.fit("0" * 64, SCORER, OUTPUTS, OUTPUTS)
    replace(known, combined=np.array([1.0, np.nan])).write(tmp_path)
    with raises(
        BadInput,
        f"{tmp_path / 'suspicion.safetensors'} is not a suspicion calibration (it holds numbers "
        f"that are not finite); {ANEW}",
    ):
        Calibration.read(tmp_path, "0" * 64)


@pytest.mark.parametrize("content", [b"", b"not a file of tensors", b'{"margins": [1, 2]}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "suspicion.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        Calibration.read(tmp_path, "0" * 64)
    assert str(caught.value).startswith(f"{path} is not a suspicion calibration (")
    assert str(caught.value).endswith(f"; {ANEW}")
