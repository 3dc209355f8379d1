"""PGD in the L2 ball."""

from __future__ import annotations

import pytest
import torch

from core.attacks import (
    PGDL2,
)
from core.attacks.task import Task, digests
from tests.support.attacked import grey, random_pixels, small_resnet, two_classes


def test_pgd_l2_on_a_linear_model_ends_at_epsilon_along_the_gradient() -> None:
    # |w| = 3, so the unit vector is (2, -1, 2) / 3 and the end x - 0.3 (2, -1, 2) / 3.
    classifier = two_classes([2.0, -1.0, 2.0], 10.0)
    attack = PGDL2(steps=40, stop_when_solved=False)
    result = attack(classifier, grey(), torch.tensor([1]), epsilon=0.3)
    moved = (result.pixels - grey()).flatten().tolist()
    assert moved == pytest.approx([-0.2, 0.1, -0.2], abs=1e-3)


def test_pgd_l2_starts_anywhere_in_the_ball() -> None:
    pixels = random_pixels(40, 0, side=4) * 0.2 + 0.4
    labels = torch.zeros(40, dtype=torch.int64)
    task = Task(small_resnet(), pixels, labels, None, 0.3, digests(pixels), "l2")
    lengths = (PGDL2().start(task, 0) - pixels).flatten(start_dim=1).norm(dim=1)
    assert lengths.max() <= 0.3 + 1e-6 and 0.28 < lengths.median() < 0.3
