"""An adaptive attack: PGD on the loss minus lambda times a differentiable suspicion score.

Carlini, Wagner: Adversarial Examples Are Not Easily Detected: Bypassing Ten Detection Methods,
AISec 2017, https://arxiv.org/abs/1705.07263.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.attacks.task import lead
from core.jobs import Progress
from core.model.classifier import Classifier
from core.model.suspicion.calibration import SCORES, Calibration
from core.model.suspicion.features import FeatureExtractor
from core.model.suspicion.transforms import TRANSFORMS

WEIGHT = 0.5  # lambda


def attack(
    classifier: Classifier,
    calibration: Calibration,
    pixels: Tensor,
    labels: Tensor,
    *,
    epsilon: float,
    steps: int,
    progress: Progress,
    weight: float = WEIGHT,
) -> Tensor:
    """Attack images so that they are misclassified and not flagged.

    Each step: x <- project(x + epsilon / 8 sign grad(min(CE, 5) - weight S)), starting at the
    image. S is the sum over the scores of their squared distance from the median of clean images,
    in standard deviations.

    Parameters
    ----------
    pixels
        (batch, 3, side, side) in [0, 1].
    labels
        (batch,), true classes.
    epsilon
        The largest change of a pixel (L-infinity).
    weight
        Lambda; 0 ignores suspicion.

    Returns
    -------
    Tensor
        (batch, 3, side, side) in [0, 1].
    """
    extractor = FeatureExtractor(classifier, features=True)
    moved = pixels.clone()
    for step in range(steps):
        moved = moved.detach().requires_grad_(True)
        outputs = extractor(
            torch.cat([moved, *(transform(moved) for transform in TRANSFORMS.values())])
        )
        logits = outputs[0][: len(pixels)]
        loss = F.cross_entropy(logits, labels, reduction="none").clamp(max=5)
        aim = (loss - weight * _suspicion(extractor, calibration, outputs, len(pixels))).sum()
        (gradient,) = torch.autograd.grad(aim, moved)
        ahead = moved.detach() + epsilon / 8 * gradient.sign()
        moved = (pixels + (ahead - pixels).clamp(-epsilon, epsilon)).clamp(0, 1)
        progress(step + 1, steps, "adaptive attack")
    return moved.detach()


def _suspicion(
    extractor: FeatureExtractor, calibration: Calibration, outputs: tuple[Tensor, ...], count: int
) -> Tensor:
    """(count,), differentiable."""
    scores = _scores(extractor, calibration, outputs, count)
    total = torch.zeros(count)
    for name in SCORES:
        reference = calibration.references[name]
        off = (scores[name] - float(np.median(reference))) / float(reference.std())
        # Images nearer to their class, or more consistent, than clean ones are not suspicious.
        total = total + (off.relu() if name in ("features", "inconsistency") else off).square()
    return total


def _scores(
    extractor: FeatureExtractor, calibration: Calibration, outputs: tuple[Tensor, ...], count: int
) -> dict[str, Tensor]:
    """`Scorer.scores`, differentiable."""
    scorer = calibration.scorer
    own, *copies = outputs[0].split(count)
    predicted = own.argmax(dim=1)
    gap = lead(own, predicted)
    far = torch.zeros(count)
    for place, (name, cloud) in enumerate(scorer.clouds.items()):
        features = outputs[extractor.names.index(name)][:count]
        off = features - torch.from_numpy(cloud.means)[predicted]
        distance = ((off @ torch.from_numpy(cloud.precision)) * off).sum(dim=1)
        far = far + (distance - float(scorer.centre[place])) / float(scorer.spread[place])
    sure = torch.softmax(own / scorer.temperature, dim=1)
    moved = [
        (sure - torch.softmax(copy / scorer.temperature, dim=1)).abs().sum(dim=1) for copy in copies
    ]
    lost = [gap - lead(copy, predicted) for copy in copies]
    return {
        "features": far,
        "inconsistency": torch.stack(moved).amax(dim=0),
        "margin": gap,
        "change": torch.stack(lost).amax(dim=0),
    }
