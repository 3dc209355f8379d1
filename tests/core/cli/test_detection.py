"""detection.json: written, read, refused; and what is measured for it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.attacks import FGSM
from core.errors import BadInput
from core.evaluation import adaptive_attack
from core.evaluation import suspicion as measuring
from core.evaluation.suspicion import auroc, measure
from core.model.predictor import Predictor
from core.model.suspicion.calibration import SCORES
from core.model.suspicion.features import FeatureExtractor, extract
from core.records.evaluation.suspicion import Detection, FamilyFigures, detection_rows
from tests.conftest import read_blocks
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.reports import make_detection


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for detection in (make_detection(), replace(make_detection(), errors=None, adaptive=None)):
        detection.write(tmp_path)
        assert Detection.read(tmp_path) == detection


def test_no_file_is_no_report(tmp_path: Path) -> None:
    assert Detection.read(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"families": [7]},
            "core.records.evaluation.suspicion.FamilyFigures() argument after ** must be a "
            "mapping, not int",
        ),
        ({"nonsense": 1}, "Detection.__init__() got an unexpected keyword argument 'nonsense'"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    make_detection().write(tmp_path)
    path = tmp_path / "detection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with raises(
        BadInput,
        f"{path} holds no figures of suspicion ({problem}); `python -m core model detect --data "
        "PATH` makes it anew",
    ):
        Detection.read(tmp_path)


def test_rows_name_every_family_errors_and_the_adaptive_attack() -> None:
    assert detection_rows(make_detection()) == [
        ("PGD 8/255", "98", "0.993", "0.312", "76%", "78%"),
        ("misclassified without an attack", "17", "0.970", "0.981", "41%", "47%"),
        ("adaptive PGD 8/255", "24", "0.501", "0.402", "4%", "4%"),
    ]


# Measuring


def test_auroc_counts_pairs() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([3.0])) == 1.0
    assert auroc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == 0.5 / 4
    assert auroc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.5])) == 0.5


def test_one_family_is_measured(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "FAMILIES", (("FGSM 8/255", FGSM(), 8 / 255),))
    monkeypatch.setattr(measuring, "ADAPTIVE_STEPS", 2)
    assert predictor.calibration is not None
    dataset = read_blocks(predictor.classifier, 12, 50_000)
    dataset.labels[3] = (dataset.labels[3] + 1) % 43
    found = measure(
        predictor.classifier,
        predictor.calibration,
        dataset,
        fold="all",
        count=8,
        seed=0,
        progress=lambda *_: None,
    )
    assert (found.clean, found.tracks, found.data, found.tried) == (11, 11, "blocks", 2)
    assert found.errors is not None
    assert found.errors.images == 1
    assert found.weights_sha256 == predictor.classifier.manifest.sha256
    for each in (*found.families, found.errors):
        assert isinstance(each, FamilyFigures)
        assert 0 <= min(each.auroc, each.found, each.flagged) <= 1
        assert max(each.auroc, each.found, each.flagged) <= 1


def test_without_correct_predictions_nothing_is_measured(predictor: Predictor) -> None:
    dataset = read_blocks(predictor.classifier, 3)
    dataset.labels[:] = (dataset.labels + 1) % 43
    assert predictor.calibration is not None
    with raises(BadInput, "blocks: no image is classified correctly, so none can be attacked"):
        measure(
            predictor.classifier,
            predictor.calibration,
            dataset,
            fold="all",
            count=2,
            seed=0,
            progress=lambda *_: None,
        )


# The adaptive attack


def test_its_scores_are_those_that_judge(predictor: Predictor) -> None:
    calibration, classifier = predictor.calibration, predictor.classifier
    assert calibration is not None
    extractor = FeatureExtractor(classifier, features=True)
    prepared = [classifier.prepare(blocks(seed)) for seed in range(5)]
    pixels = torch.cat(prepared)
    copies = [transform(pixels) for transform in adaptive_attack.TRANSFORMS.values()]
    with torch.no_grad():
        followed = adaptive_attack._scores(
            extractor, calibration, extractor(torch.cat([pixels, *copies])), 5
        )
    judged = calibration.scorer.scores(
        extract(extractor.names, extractor.compute, prepared, transformed=True)
    )
    for name in SCORES:
        assert followed[name].numpy() == pytest.approx(judged[name], rel=1e-3, abs=1e-3)


def test_it_keeps_the_budget_and_looks_less_suspicious(predictor: Predictor) -> None:
    calibration, classifier = predictor.calibration, predictor.classifier
    assert calibration is not None
    pixels = torch.cat([classifier.prepare(blocks(seed)) for seed in range(4)])
    labels = classifier(pixels).argmax(dim=1)

    def moved(weight: float) -> torch.Tensor:
        return adaptive_attack.attack(
            classifier,
            calibration,
            pixels,
            labels,
            epsilon=4 / 255,
            steps=5,
            weight=weight,
            progress=lambda *_: None,
        )

    def combined(images: torch.Tensor) -> float:
        extractor = FeatureExtractor(classifier, features=True)
        outputs = extract(extractor.names, extractor.compute, images.split(1), transformed=True)
        return float(np.median(calibration.judge(outputs).combined))

    adaptive, plain = moved(5.0), moved(0.0)
    assert float((adaptive - pixels).abs().max()) <= 4 / 255 + 1e-6
    assert float(adaptive.min()) >= 0
    assert float(adaptive.max()) <= 1
    assert combined(adaptive) < combined(plain)
