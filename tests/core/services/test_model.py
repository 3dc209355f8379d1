"""The model that serves: its facts, predictions, reports and the drift of its calibration."""

import hashlib
import shutil
from pathlib import Path

import pytest

from core.errors import BadInput
from core.evaluation import intervals
from core.images import ImageFile
from core.model.predictor import Predictor
from core.model.suspicion import drift
from core.model.suspicion.calibration import ANEW
from core.model.suspicion.drift import FEWEST, LATEST
from core.records.captures import Provenance
from core.records.evaluation.robustness import Robustness
from core.records.queries import CaptureFilter
from core.services import Model, Services
from core.store import PValuesTable
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.records import make_capture, make_image, make_prediction
from tests.support.reports import make_report


def test_it_is_noticed_in_the_log(signwatch: Services) -> None:
    own = signwatch.model.sha256
    image = make_image()
    low = make_prediction(p_value=0.02)
    captures = [make_capture(image, prediction=low, model_sha256=own) for _ in range(FEWEST)]
    signwatch.log.append(captures, [image])
    sentence = signwatch.model.calibration_drift()
    assert sentence is not None
    assert sentence.startswith(
        "Suspicion's calibration no longer fits the traffic: of the latest 200 "
    )


def test_it_says_what_share_of_clean_images_is_flagged(
    signwatch: Services, predictor: Predictor
) -> None:
    calibration = predictor.calibration
    assert calibration is not None
    found = signwatch.model.clean_flagged()
    assert found is not None
    images, signs, share = found
    assert images == signs == 400
    flagged = calibration.flagged(signwatch.model.alpha)
    assert share.mean == pytest.approx(flagged.mean())
    assert 0 < flagged.sum() < 8
    alone = intervals.share(flagged.astype(float), calibration.tracks)
    assert share.low is not None
    assert alone.low is not None
    assert share.low < alone.low


def test_the_calibration_says_how_many_signs_it_has(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(drift, "drift", lambda *_, calibrated, signs: asked.append(calibrated))
    signwatch.model.calibration_drift()
    assert asked == [400]


def test_only_unflagged_predictions_of_these_weights_count(signwatch: Services) -> None:
    image = make_image()
    own = signwatch.model.sha256
    captures = [
        make_capture(image, prediction=make_prediction(p_value=0.5), model_sha256=own),
        make_capture(image, prediction=make_prediction(p_value=0.25), model_sha256=own),
        make_capture(
            image, prediction=make_prediction(p_value=0.001, flagged=True), model_sha256=own
        ),
        make_capture(image, prediction=make_prediction(p_value=0.75), model_sha256="f" * 64),
        make_capture(
            image,
            prediction=make_prediction(p_value=0.6),
            model_sha256=own,
            provenance=Provenance("drill/4/1"),
        ),
        make_capture(
            image,
            prediction=make_prediction(p_value=0.7),
            model_sha256=own,
            provenance=Provenance("lab", attack="pgd"),
        ),
        make_capture(image, suspicion=None, model_sha256=own),
        make_capture(image, prediction=make_prediction(p_value=None), model_sha256=own),
    ]
    signwatch.log.append(captures, [image])
    table = PValuesTable(signwatch.log.database)
    assert sorted(table.unflagged(own, LATEST)) == [0.25, 0.5]
    assert len(table.unflagged(own, 1)) == 1
    assert signwatch.model.calibration_drift() is None


def test_what_is_known_of_the_model(signwatch: Services, model_dir: Path) -> None:
    model = signwatch.model
    assert model.manifest.architecture == "resnet18"
    weights = (model_dir / "model.safetensors").read_bytes()
    assert (model.sha256, model.alpha) == (hashlib.sha256(weights).hexdigest(), 0.01)
    assert model.uncalibrated is None


def test_without_a_calibration_it_says_why_and_nothing_drifts(
    signwatch: Services, model_dir: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(model_dir, bare, ignore=shutil.ignore_patterns("suspicion.*"))
    model = Model(Predictor.load(bare, alpha=0.01), bare, PValuesTable(signwatch.log.database))
    assert model.uncalibrated == f"{bare} holds no suspicion.safetensors; {ANEW}"
    assert model.clean_flagged() is None
    assert model.calibration_drift() is None


def test_predictions_are_those_of_serving_and_are_not_captured(signwatch: Services) -> None:
    (predicted,) = signwatch.model.predict([blocks(3)])
    answer = signwatch.inference.send(ImageFile.from_pixels(blocks(3)), Provenance())
    assert answer.predictions[0].class_id == predicted.class_id
    assert answer.predictions[0].confidence == pytest.approx(predicted.confidence, abs=1e-5)
    assert len(signwatch.log.find(CaptureFilter(), limit=9)) == 1


def test_reports_lie_beside_the_weights(
    signwatch: Services, predictor: Predictor, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    model = Model(predictor, own, PValuesTable(signwatch.log.database))
    assert model.report(Robustness) is None
    make_report().write(own)
    assert model.report(Robustness) == make_report()
    (own / Robustness.FILE).write_text("{}")
    with raises(
        BadInput,
        f"{own / 'robustness.json'} holds no robustness report ('budgets'); "
        "`python -m core attack --report` makes it anew",
    ):
        model.report(Robustness)
