"""The adaptive attack on the flags."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.evaluation import adaptive_attack
from core.model.predictor import Predictor
from core.model.suspicion.calibration import SCORES
from core.model.suspicion.features import FeatureExtractor, Outputs, extract
from core.model.suspicion.transforms import TRANSFORMS
from tests.support.images import blocks


def followed(
    predictor: Predictor, images: list[NDArray[np.uint8]]
) -> tuple[FeatureExtractor, tuple[torch.Tensor, ...], Outputs]:
    """What the attack sees of images and their transforms, and what judges them."""
    classifier = predictor.classifier
    extractor = FeatureExtractor(classifier, features=True)
    prepared = [classifier.prepare(image) for image in images]
    pixels = torch.cat(prepared)
    copies = [transform(pixels) for transform in TRANSFORMS.values()]
    with torch.no_grad():
        seen = extractor(torch.cat([pixels, *copies]))
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    return extractor, seen, outputs


def test_its_scores_are_those_that_judge(predictor: Predictor) -> None:
    assert predictor.calibration is not None
    extractor, seen, outputs = followed(predictor, [blocks(seed) for seed in range(5)])
    scores = adaptive_attack._scores(extractor, predictor.calibration, seen, 5)
    judged = predictor.calibration.scorer.scores(outputs)
    for name in SCORES:
        assert scores[name].numpy() == pytest.approx(judged[name], rel=1e-3, abs=1e-3)


def test_suspicion_is_squared_distances_from_clean_medians(predictor: Predictor) -> None:
    """In standard deviations; small distances and steady copies are not suspicious."""
    calibration = predictor.calibration
    assert calibration is not None
    extractor, seen, outputs = followed(predictor, [blocks(seed) for seed in range(5)])
    found = adaptive_attack._suspicion(extractor, calibration, seen, 5)
    judged = calibration.scorer.scores(outputs)
    expected = np.zeros(5)
    for name, values in calibration.references.items():
        deviation = np.sqrt(np.mean((values - np.mean(values)) ** 2))
        off = (judged[name] - np.percentile(values, 50)) / deviation
        if name in ("features", "inconsistency"):
            assert off.min() < 0
            off = np.maximum(off, 0)
        expected += off**2
    assert found.numpy() == pytest.approx(expected, rel=1e-3)


def test_a_step_goes_an_eighth_of_the_budget_away_from_the_true_class(
    predictor: Predictor,
) -> None:
    classifier, calibration = predictor.classifier, predictor.calibration
    assert calibration is not None
    pixels = (torch.cat([classifier.prepare(blocks(seed)) for seed in range(4)]) + 0.5) / 2
    labels = classifier(pixels).argmax(dim=1)
    leaf = pixels.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(classifier(leaf), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, leaf)
    reported: list[tuple[int, int, str]] = []
    moved = adaptive_attack.attack(
        classifier,
        calibration,
        pixels,
        labels,
        epsilon=8 / 255,
        steps=1,
        weight=0.0,
        progress=lambda *each: reported.append(each),
    )
    assert reported == [(1, 1, "adaptive attack")]
    # Where the gradient is next to 0, its sign is rounding.
    clear = gradient.abs() > 1e-3 * gradient.abs().max()
    change = 255 * (moved - pixels)
    assert clear.float().mean() > 0.9
    torch.testing.assert_close(change[clear], gradient.sign()[clear], rtol=0, atol=1e-3)


def test_steps_add_up_and_end_where_the_image_is_lost(predictor: Predictor) -> None:
    """Where the true class has less than e^-5, a step changes nothing but suspicion."""
    classifier, calibration = predictor.classifier, predictor.calibration
    assert calibration is not None
    pixels = (torch.cat([classifier.prepare(blocks(seed)) for seed in range(2)]) + 0.5) / 2
    logits = classifier(pixels)

    def change(labels: torch.Tensor, steps: int) -> torch.Tensor:
        moved = adaptive_attack.attack(
            classifier,
            calibration,
            pixels,
            labels,
            epsilon=0.8 / 255,
            steps=steps,
            weight=0.0,
            progress=lambda *_: None,
        )
        return 255 * (moved - pixels).abs().amax(dim=(1, 2, 3))

    best = logits.argmax(dim=1)
    assert change(best, 1).tolist() == pytest.approx([0.1] * 2, abs=1e-3)
    assert change(best, 4).min() > 0.15  # further than one step
    assert change(best, 10).max() <= 0.8 + 1e-3
    worst = logits.argmin(dim=1)
    assert (logits.log_softmax(dim=1).gather(1, worst[:, None]) < -6).all()
    assert change(worst, 2).tolist() == [0.0] * 2


def test_it_keeps_the_budget_and_looks_less_suspicious(predictor: Predictor) -> None:
    calibration, classifier = predictor.calibration, predictor.classifier
    assert calibration is not None
    pixels = torch.cat([classifier.prepare(blocks(seed)) for seed in range(12)])
    labels = classifier(pixels).argmax(dim=1)

    def moved(weight: float) -> torch.Tensor:
        return adaptive_attack.attack(
            classifier,
            calibration,
            pixels,
            labels,
            epsilon=2 / 255,
            steps=5,
            weight=weight,
            progress=lambda *_: None,
        )

    def suspicion(images: torch.Tensor) -> float:
        extractor = FeatureExtractor(classifier, features=True)
        copies = [transform(images) for transform in TRANSFORMS.values()]
        with torch.no_grad():
            seen = extractor(torch.cat([images, *copies]))
        return float(adaptive_attack._suspicion(extractor, calibration, seen, len(images)).sum())

    adaptive, plain = moved(0.5), moved(0.0)
    assert float((adaptive - pixels).abs().max()) <= 2 / 255 + 1e-6
    assert float(adaptive.min()) >= 0
    assert float(adaptive.max()) <= 1
    assert suspicion(adaptive) < suspicion(plain)
