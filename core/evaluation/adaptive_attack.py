"""The attacker who knows of suspicion: PGD on the loss less lambda times a smooth strangeness.

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
    """Images (batch, 3, side, side) in [0, 1], moved by at most epsilon (L-infinity).

    Each step: x <- project(x + epsilon / 8 sign grad(min(CE, 5) - weight S)), from x itself. S is
    the sum over the scores of how far each lies from the clean ones, in their deviations, squared.
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
        aim = (loss - weight * _strangeness(extractor, calibration, outputs, len(pixels))).sum()
        (gradient,) = torch.autograd.grad(aim, moved)
        ahead = moved.detach() + epsilon / 8 * gradient.sign()
        moved = (pixels + (ahead - pixels).clamp(-epsilon, epsilon)).clamp(0, 1)
        progress(step + 1, steps, "the attacker who knows of it")
    return moved.detach()


def _strangeness(
    extractor: FeatureExtractor, calibration: Calibration, outputs: tuple[Tensor, ...], count: int
) -> Tensor:
    """(count,), differentiable."""
    scores = _scores(extractor, calibration, outputs, count)
    total = torch.zeros(count)
    for name in SCORES:
        reference = calibration.references[name]
        off = (scores[name] - float(np.median(reference))) / float(reference.std())
        # An image nearer to its class, or less changed by copies, than clean ones is no stranger.
        total = total + (off.relu() if name in ("features", "inconsistency") else off).square()
    return total


def _scores(
    extractor: FeatureExtractor, calibration: Calibration, outputs: tuple[Tensor, ...], count: int
) -> dict[str, Tensor]:
    """`Look.scores`, differentiable."""
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
