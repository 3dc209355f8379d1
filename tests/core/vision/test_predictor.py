"""Pictures -> predictions with calibrated confidence and suspicion."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFound
from core.vision.predictor import Predictor
from core.vision.suspicion import MarginCalibration, judge
from tests.expect import raises
from tests.pictures import blocks, noise


def test_predictions_are_tempered_and_judged(predictor: Predictor) -> None:
    pictures = [blocks(0), noise(3, 3), blocks(1)]
    logits = predictor.classifier.predict_logits(pictures)
    probabilities = predictor.classifier.tempered(logits)
    predictions = predictor.predict(pictures)
    assert len(predictions) == 3
    for row, prediction in enumerate(predictions):
        assert prediction.class_id == int(logits[row].argmax())
        assert prediction.confidence == float(prediction.probabilities.max())
        assert np.allclose(prediction.probabilities, probabilities[row], atol=1e-4)
        assert prediction.probabilities.dtype == np.float32
        assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
        judged = judge(logits[row], probabilities[row], predictor.calibration, predictor.alpha)
        assert prediction.suspicion.flagged == judged.flagged
        assert prediction.suspicion.p_value == pytest.approx(judged.p_value, abs=0.01)


def test_the_top_classes_come_best_first(predictor: Predictor) -> None:
    (prediction,) = predictor.predict([blocks(0)])
    top = prediction.top(5)
    assert top[0] == (prediction.class_id, prediction.confidence)
    shares = [share for _, share in top]
    assert shares == sorted(shares, reverse=True)
    assert [k for k, _ in prediction.top(43)] == np.argsort(
        -prediction.probabilities, kind="stable"
    ).tolist()
    assert len(prediction.top()) == 3


def test_the_margin_of_clean_pictures_is_flagged_at_the_rate_asked_for(
    predictor: Predictor,
) -> None:
    pictures = [blocks(seed) for seed in range(30_000, 30_200)]
    wary = Predictor(predictor.classifier, predictor.calibration, alpha=0.2)
    p_values = np.array([each.suspicion.p_value for each in wary.predict(pictures)])
    assert 0.1 < (p_values <= 0.2).mean() < 0.3


def test_a_predictor_is_loaded_with_its_calibration(model_dir: Path, predictor: Predictor) -> None:
    again = Predictor.load(model_dir, alpha=0.25)
    assert again.alpha == 0.25
    assert again.calibration is not None
    assert len(again.calibration.margins) == 400
    known = MarginCalibration.read(model_dir)
    assert known is not None
    assert np.array_equal(again.calibration.margins, known.margins)
    (own,), (theirs,) = again.predict([blocks(0)]), predictor.predict([blocks(0)])
    assert np.allclose(own.probabilities, theirs.probabilities, atol=1e-4)


def test_without_a_calibration_no_margin_is_suspicious(model_dir: Path, tmp_path: Path) -> None:
    for name in ("model.json", "model.safetensors"):
        shutil.copy(model_dir / name, tmp_path / name)
    bare = Predictor.load(tmp_path, alpha=1.0)
    assert bare.calibration is None
    assert {each.suspicion.p_value for each in bare.predict([blocks(0), blocks(1)])} == {1.0}


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with raises(NotFound, f"no model in {tmp_path}: model.json is missing"):
        Predictor.load(tmp_path, alpha=0.01)
