"""The adaptive attack on the flags."""

import numpy as np
import pytest
import torch

from core.evaluation import adaptive_attack
from core.model.predictor import Predictor
from core.model.suspicion.calibration import SCORES
from core.model.suspicion.features import FeatureExtractor, extract
from tests.support.images import blocks


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
