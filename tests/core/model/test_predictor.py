"""Images -> predictions with calibrated confidence and suspicion."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFound
from core.model.manifest import Manifest, file_sha256
from core.model.predictor import Predictor
from core.model.suspicion.calibration import ANEW, Calibration
from core.model.suspicion.features import FeatureExtractor, extract
from core.model.suspicion.scores import UNRELATED, judge, unrelated
from core.records.captures import Suspicion
from core.settings import Settings
from tests.support.expect import raises
from tests.support.images import blocks, noise


def test_predictions_are_tempered_and_judged(predictor: Predictor) -> None:
    images = [blocks(0), noise(3, 3), blocks(1)]
    logits = predictor.classifier.predict_logits(images)
    probabilities = predictor.classifier.tempered(logits)
    predictions = predictor.predict(images)
    assert len(predictions) == 3
    assert predictor.calibration is not None
    extractor = FeatureExtractor(predictor.classifier, features=True)
    prepared = [predictor.prepare(image) for image in images]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    judged = judge(outputs, probabilities, predictor.calibration, predictor.alpha)
    assert predictor.calibration.looks is not None
    looks = predictor.calibration.looks.of(outputs)
    for row, prediction in enumerate(predictions):
        assert np.allclose(prediction.look, looks[row], rtol=1e-2, atol=0.1)
        assert prediction.class_id == int(logits[row].argmax())
        assert prediction.confidence == float(prediction.probabilities.max())
        assert np.allclose(prediction.probabilities, probabilities[row], atol=1e-4)
        assert prediction.probabilities.dtype == np.float32
        assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert prediction.suspicion.p_value == pytest.approx(judged[row].p_value, abs=0.01)
        assert prediction.suspicion.flagged == judged[row].flagged


def test_a_batch_is_judged_as_its_images_one_by_one(predictor: Predictor) -> None:
    images = [*(blocks(seed) for seed in range(70)), noise(9, 40), noise(50, 50)]
    together = predictor.predict(images)
    for image, prediction in zip(images, together, strict=True):
        (alone,) = predictor.predict([image])
        assert alone.class_id == prediction.class_id
        assert alone.suspicion.p_value == pytest.approx(prediction.suspicion.p_value, abs=0.01)


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


def test_clean_images_are_flagged_at_the_rate_asked_for(
    predictor: Predictor,
) -> None:
    images = [blocks(seed) for seed in range(30_000, 30_200)]
    wary = Predictor(predictor.classifier, predictor.calibration, alpha=0.2)
    predictions = wary.predict(images)
    low = [each.suspicion.p_value <= 0.2 for each in predictions]
    assert len(low) == 200
    assert 0.1 < np.mean(low) < 0.3
    torn = [unrelated(each.probabilities) for each in predictions]
    flagged = [each.suspicion.flagged for each in predictions]
    assert flagged == [one or other for one, other in zip(low, torn, strict=True)]


def test_a_predictor_is_loaded_with_its_calibration(model_dir: Path, predictor: Predictor) -> None:
    again = Predictor.load(model_dir, alpha=0.25)
    assert again.alpha == 0.25
    assert again.calibration is not None
    assert again.uncalibrated == ""
    assert len(again.calibration.combined) == again.calibration.signs == 400
    known = Calibration.read(model_dir, again.classifier.manifest.sha256)
    assert known is not None
    assert np.array_equal(again.calibration.combined, known.combined)
    (own,), (theirs,) = again.predict([blocks(0)]), predictor.predict([blocks(0)])
    assert np.allclose(own.probabilities, theirs.probabilities, atol=1e-4)


@pytest.fixture
def bare(model_dir: Path, tmp_path: Path) -> Path:
    """A model folder without a calibration."""
    for name in ("model.json", "model.safetensors"):
        shutil.copy(model_dir / name, tmp_path / name)
    return tmp_path


def serves_without(folder: Path, why: str) -> None:
    predictor = Predictor.load(folder, alpha=1.0)
    assert predictor.calibration is None
    assert predictor.uncalibrated == why
    predictions = predictor.predict([blocks(seed) for seed in range(40)])
    torn = [unrelated(each.probabilities) for each in predictions]
    assert {*torn} == {True, False}
    assert all(each.look is None for each in predictions)
    assert [each.suspicion for each in predictions] == [
        Suspicion(None, True, (UNRELATED,)) if each else Suspicion(None, False) for each in torn
    ]


def test_without_a_calibration_the_trust_rule_flags_alone(bare: Path) -> None:
    serves_without(bare, f"{bare} holds no suspicion.safetensors; {ANEW}")


def test_a_calibration_of_other_weights_is_refused(
    model_dir: Path, bare: Path, predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    assert predictor.calibration is not None
    replace(predictor.calibration, model_sha256="f" * 64).write(bare)
    sha256 = predictor.classifier.manifest.sha256
    why = (
        f"{bare / 'suspicion.safetensors'} belongs to other weights: expected {sha256[:12]}, "
        f"got ffffffffffff; {ANEW}"
    )
    serves_without(bare, why)
    assert f"Only the trust rule flags: {why}" in caplog.text


def without_checksum(folder: Path) -> None:
    """The manifest as earlier versions wrote it."""
    path = folder / "model.json"
    known = json.loads(path.read_text())
    del known["calibration_sha256"]
    path.write_text(json.dumps(known))


def test_a_calibration_with_a_flipped_bit_is_refused(
    model_dir: Path, bare: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = bytearray((model_dir / "suspicion.safetensors").read_bytes())
    path = bare / "suspicion.safetensors"
    path.write_bytes(whole)
    assert Predictor.load(bare, alpha=0.01).calibration is not None
    whole[-1] ^= 1
    path.write_bytes(whole)
    why = f"{path} is not the file that {bare / 'model.json'} describes (SHA-256); {ANEW}"
    serves_without(bare, why)
    assert f"Only the trust rule flags: {why}" in caplog.text


def test_a_folder_of_an_earlier_version_opens_without_a_checksum(
    model_dir: Path, bare: Path
) -> None:
    shutil.copy(model_dir / "suspicion.safetensors", bare)
    without_checksum(bare)
    predictor = Predictor.load(bare, alpha=0.01)
    assert predictor.uncalibrated == ""
    assert predictor.classifier.manifest.calibration_sha256 == ""
    assert predictor.calibration is not None
    predictor.calibration.write(bare)
    known = Predictor.load(bare, alpha=0.01).classifier.manifest
    assert known.calibration_sha256 == file_sha256(bare / "suspicion.safetensors")


def test_the_calibration_that_ships_has_its_checksum() -> None:
    folder = Settings().model
    known = Manifest.read(folder).calibration_sha256
    assert known == file_sha256(folder / "suspicion.safetensors")


def test_a_damaged_calibration_is_refused(model_dir: Path, bare: Path) -> None:
    without_checksum(bare)
    whole = (model_dir / "suspicion.safetensors").read_bytes()
    (bare / "suspicion.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "is not a suspicion calibration" in Predictor.load(bare, alpha=0.01).uncalibrated


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with raises(NotFound, f"no model in {tmp_path}: model.json is missing"):
        Predictor.load(tmp_path, alpha=0.01)
