"""PGD in the L2 ball."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.attacks import (
    PGDL2,
)
from core.attacks.task import Task, digests
from tests.support.attacked import grey, random_pixels, small_resnet, two_classes
from tests.support.stepping import Curved, flat, slope


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


def test_pgd_l2_starts_on_both_sides_and_in_every_image_elsewhere() -> None:
    pixels = random_pixels(200, 0, side=1) * 0.2 + 0.4
    task = Task(small_resnet(), pixels, torch.zeros(200).long(), None, 0.3, digests(pixels), "l2")
    started = flat(PGDL2().start(task, 0) - pixels) / 0.3
    assert started.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.1)
    # Uniform in a ball of three dimensions: the mean of |v|^2 is 3 / 5, of any one value 1 / 5.
    assert np.square(started).mean(axis=0) == pytest.approx([0.2, 0.2, 0.2], abs=0.05)
    assert np.linalg.norm(started, axis=1).max() <= 1 + 1e-6
    assert len(np.unique(started.round(6), axis=0)) > 190


@pytest.mark.parametrize("targeted", [False, True])
def test_every_step_on_a_curved_network(targeted: bool) -> None:
    network, pixels = Curved.drawn(1), random_pixels(5, 2, side=2)
    clean = flat(pixels)
    labels = network.predicted(clean)
    targets = (labels + 1) % 4
    attack = PGDL2(steps=6, step_size=0.2, seed=3, stop_when_solved=False)
    result = attack(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        epsilon=0.5,
        target=torch.from_numpy(targets) if targeted else None,
    )
    task = Task(small_resnet(), pixels, torch.zeros(5).long(), None, 0.5, digests(pixels), "l2")
    inside = set()
    for row, x in enumerate(flat(task.project(PGDL2(seed=3).start(task, 0)))):
        loss = network.entropy(targets[row] if targeted else labels[row])
        for _ in range(6):
            gradient = slope(loss, x) * (-1 if targeted else 1)
            change = x + 0.2 * gradient / np.linalg.norm(gradient) - clean[row]
            length = np.linalg.norm(change)
            x = (clean[row] + change * (0.5 / length if length > 0.5 else 1)).clip(0, 1)
            inside.add(bool(length <= 0.5))
        assert flat(result.pixels)[row] == pytest.approx(x, abs=1e-5)
    assert inside == {True, False}
