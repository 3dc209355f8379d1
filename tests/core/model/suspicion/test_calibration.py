"""The scores of clean images, worked by hand, and their file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from core.errors import BadInput
from core.model.predictor import Predictor
from core.model.suspicion.calibration import ANEW, SCORES, Calibration, Scorer, lead, margin
from core.model.suspicion.features import Outputs, joined
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


def test_two_tracks_of_one_image_make_a_calibration(tmp_path: Path) -> None:
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
    made = Calibration.fit("a" * 64, scorer, joined([first, second]), np.array([7, 9]))
    assert made.references["features"].tolist() == [0.0, 15.0]
    assert made.signs == 2
    assert np.isfinite(made.combined).all()
    made.write(tmp_path)
    assert Calibration.read(tmp_path, "a" * 64) is not None


def test_centre_and_spread_are_of_the_distances_to_the_predicted_class() -> None:
    scorer = Scorer.fit(2.0, {"stage": CLOUD}, OUTPUTS)
    assert (scorer.centre.tolist(), scorer.spread.tolist()) == ([6.5], [2.5])


def rows(*values: float) -> Outputs:
    """Images of class 1 whose only feature lies that far from it; all else is equal."""
    logits = np.tile(np.array([[0.0, 3.0, 0.0]], np.float32), (len(values), 1))
    return Outputs(logits, (logits,), {"stage": 10 + np.array(values, np.float32)[:, None]})


# Distances 1, 4, 9 of a sign of three frames, 16 and 25 of two others.
CLEAN = rows(1, 2, 3, 4, 5)
TRACKS = np.array([5, 5, 5, 6, 9])
PLAIN = Scorer(2.0, {"stage": CLOUD}, np.zeros(1), np.ones(1))


def squared_log(p_value: float) -> float:
    return float(np.log(p_value) ** 2)


def test_an_image_is_compared_with_those_of_other_tracks() -> None:
    made = Calibration.fit("0" * 64, PLAIN, CLEAN, TRACKS)
    assert made.references["features"].tolist() == [1, 4, 9, 16, 25]
    assert made.references["margin"].tolist() == [3] * 5
    # All else is equal, so its p-values are 1. The first track stands below both others. 16 lies
    # above 1, 4, 9 and below 25. 25 lies beyond 1, 4, 9, 16, whose 0.9 quantile is 13.9.
    tail = 0.1 * np.exp(-(25 - 13.9) / (16 - 13.9))
    expected = [squared_log(p) for p in (3 / 3, 3 / 3, 3 / 3, 2 / 5, tail)]
    assert made.combined == pytest.approx(expected)
    assert made.tracks.tolist() == [5, 5, 5, 6, 9]
    assert made.weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1, 1])
    assert made.signs == 3


def test_p_values_weigh_signs() -> None:
    made = Calibration.fit("0" * 64, PLAIN, CLEAN, TRACKS)
    # The 0.9 quantile of all is 21.4, so 1.5, 3.5 and 4.2 have 4, 2 and 1 images above of 5.
    judged = made.judge(rows(1.5, 3.5, 4.2, 9))
    assert judged.combined[:3] == pytest.approx([squared_log(p) for p in (5 / 6, 3 / 6, 2 / 6)])
    # S of the tracks: 0 of the long one, (ln 0.4)^2, and a large one.
    mean = (1 / 3 * 3 + 1 + 1) / 5
    above = np.array([2.0, 2.0, 1.0, 0.0])
    assert judged.p_values == pytest.approx((mean + above) / (3 + mean))
    ordinary = made.judge(rows(0)).p_values
    assert ordinary == pytest.approx([1])


def test_a_long_sign_does_not_decide() -> None:
    """Thirty odd frames of one sign count as one sign, not as thirty."""
    clean = rows(*[4.0] * 30, 1.0, 2.0, 3.0)
    made = Calibration.fit("0" * 64, PLAIN, clean, np.array([5] * 30 + [6, 7, 8]))
    odd = Calibration.fit("0" * 64, PLAIN, clean, np.arange(33))
    assert made.judge(rows(3.9)).p_values[0] < 0.5 < odd.judge(rows(3.9)).p_values[0]


def test_it_says_how_many_clean_images_are_flagged() -> None:
    """Each image beside the tracks that are not its own."""
    made = Calibration.fit("0" * 64, PLAIN, CLEAN, TRACKS)
    # 25: beside 4 images of 2 tracks, all below: p = 0.5 / 2.5. 16: one of two tracks above.
    assert made.flagged(0.2).tolist() == [False, False, False, False, True]
    assert made.flagged(0.19).tolist() == [False] * 5
    assert made.flagged(0.6).tolist() == [False, False, False, True, True]
    assert made.flagged(1.0).all()


# The file


def test_a_written_calibration_comes_back(predictor: Predictor, tmp_path: Path) -> None:
    known = predictor.calibration
    assert known is not None
    known.write(tmp_path)
    again = Calibration.read(tmp_path, known.model_sha256)
    assert again is not None
    assert again.scorer.temperature == known.scorer.temperature == 1.5
    assert np.array_equal(again.combined, known.combined)
    assert np.array_equal(again.tracks, known.tracks)
    for name, values in known.references.items():
        assert np.array_equal(again.references[name], values)
    assert np.array_equal(again.scorer.spread, known.scorer.spread)
    assert list(again.scorer.clouds) == ["layer2", "layer3", "penultimate"]
    for name, cloud in known.scorer.clouds.items():
        assert np.array_equal(again.scorer.clouds[name].precision, cloud.precision)
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
    assert again.signs == known.signs


def test_a_calibration_of_an_earlier_version_counts_images(tmp_path: Path) -> None:
    """One half as references, images of the other ranked, as earlier versions wrote them."""
    arrays = {
        "temperature": np.array(2.0),
        "centre": np.zeros(1),
        "spread": np.ones(1),
        "means/stage": CLOUD.means,
        "precision/stage": CLOUD.precision,
        "strange": np.array([0.5, 0.1, *[99.0] * 58]),
    }
    arrays |= {f"reference/{name}": np.array([4.0, 1.0, 9.0, 16.0]) for name in SCORES}
    about = {"format": "1", "model_sha256": "0" * 64, "clouds": "stage"}
    save_file(arrays, tmp_path / "suspicion.safetensors", metadata=about)
    known = Calibration.read(tmp_path, "0" * 64)
    assert known is not None
    assert known.references["margin"].tolist() == [1, 4, 9, 16]
    assert known.combined[:3].tolist() == [0.1, 0.5, 99.0]
    assert known.signs == 2  # thirty images each
    judged = known.judge(rows(2.9))
    assert 0.5 < judged.combined[0] < 99
    assert judged.p_values == pytest.approx([(1 + 58) / 61])


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
    with safe_open(path, "numpy") as file:
        about = file.metadata() | changes
    save_file(load_file(path), path, metadata=about)
    return str(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"format": "9"}, "its format is 9, expected 1 or 2"),
        ({"clouds": "other"}, "'means/other'"),
    ],
)
def test_a_file_of_another_make_is_named(
    tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    path = spoiled(Calibration.fit("0" * 64, PLAIN, CLEAN, TRACKS), tmp_path, **changes)
    with raises(BadInput, f"{path} is not a suspicion calibration ({problem}); {ANEW}"):
        Calibration.read(tmp_path, "0" * 64)


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    known = Calibration.fit("0" * 64, PLAIN, CLEAN, TRACKS)
    replace(known, combined=np.array([1.0, np.nan]), tracks=np.arange(2)).write(tmp_path)
    with raises(
        BadInput,
        f"{tmp_path / 'suspicion.safetensors'} is not a suspicion calibration (it holds numbers "
        f"that are not finite); {ANEW}",
    ):
        Calibration.read(tmp_path, "0" * 64)


@pytest.mark.parametrize(("combined", "tracks"), [([1.0, 0.5], [0, 1]), ([0.5, 1.0], [0])])
def test_a_ranking_that_does_not_fit_is_refused(
    tmp_path: Path, combined: list[float], tracks: list[int]
) -> None:
    known = Calibration.fit("0" * 64, PLAIN, CLEAN, TRACKS)
    replace(known, combined=np.array(combined), tracks=np.array(tracks)).write(tmp_path)
    with raises(
        BadInput,
        f"{tmp_path / 'suspicion.safetensors'} is not a suspicion calibration (what it ranks is "
        f"not ascending, or its tracks do not fit); {ANEW}",
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
