"""The scores of clean images, worked by hand, and their file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from core.errors import BadInput
from core.model.predictor import Predictor
from core.model.suspicion.calibration import ANEW, Calibration, Scorer, lead, margin
from core.model.suspicion.features import Outputs
from core.model.suspicion.looks import Looks
from core.model.suspicion.mahalanobis import Cloud
from tests.support.expect import raises

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


def test_the_distances_of_all_features_are_added_up() -> None:
    other = Cloud(np.array([[0.0], [0.0], [15.0]], np.float32), np.array([[2.0]], np.float32))
    scorer = Scorer(2.0, {"stage": CLOUD, "last": other}, np.array([4.0, 1.0]), np.array([2.0, 4]))
    values = OUTPUTS.features | {"last": np.array([[1.0], [18.0]], np.float32)}
    scores = scorer.scores(replace(OUTPUTS, features=values))
    # Squared distances 9 and 4 to the predicted classes in the first, 2 * 1 and 2 * 9 in the other.
    expected = [(9 - 4) / 2 + (2 - 1) / 4, (4 - 4) / 2 + (18 - 1) / 4]
    assert scores["features"].tolist() == expected


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


def test_the_combined_score_is_a_sum_of_squares_ranked_on_the_other_half() -> None:
    calibration = Calibration.fit("0" * 64, SCORER, OUTPUTS, OUTPUTS)
    judged = calibration.judge(OUTPUTS)
    total = sum(logs**2 for logs in judged.logs.values())
    assert np.array_equal(judged.combined, total)
    assert calibration.combined.tolist() == sorted(total.tolist())
    larger = total.argmax()
    assert judged.p_values[larger] == 2 / 3
    assert judged.p_values[1 - larger] == 3 / 3


# The file


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
    assert known.looks is not None
    assert again.looks is not None
    assert again.looks.feature == known.looks.feature == "layer2"
    assert np.array_equal(again.looks.projection, known.looks.projection)


def test_a_calibration_of_an_earlier_version_has_no_looks(
    predictor: Predictor, tmp_path: Path
) -> None:
    known = predictor.calibration
    assert known is not None
    replace(known, looks=None).write(tmp_path)
    again = Calibration.read(tmp_path, known.model_sha256)
    assert again is not None
    assert again.looks is None
    assert np.array_equal(again.combined, known.combined)


@pytest.mark.parametrize("feature", ["layer2", "no layer"])
def test_looks_that_do_not_fit_are_refused(
    predictor: Predictor, tmp_path: Path, feature: str
) -> None:
    known = predictor.calibration
    assert known is not None
    replace(known, looks=Looks(feature, np.ones((3, 3), np.float32))).write(tmp_path)
    with pytest.raises(BadInput, match="is not a suspicion calibration"):
        Calibration.read(tmp_path, known.model_sha256)


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
