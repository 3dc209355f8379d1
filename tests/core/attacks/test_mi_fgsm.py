"""Momentum: its first step, and without decay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.attacks import (
    BIM,
    FGSM,
    MIFGSM,
)
from core.attacks.task import Task, digests
from tests.support.attacked import grey, random_pixels, read, small_resnet, two_classes
from tests.support.stepping import Curved, flat, slope


def test_the_first_step_of_mi_fgsm_is_that_of_fgsm() -> None:
    classifier, pixels = small_resnet(1), random_pixels(3, 1)
    labels = read(classifier, pixels)
    momentum = MIFGSM(steps=1, stop_when_solved=False)(classifier, pixels, labels, epsilon=0.03)
    single = FGSM()(classifier, pixels, labels, epsilon=0.03)
    assert torch.equal(momentum.pixels, single.pixels)


def test_without_decay_mi_fgsm_is_bim() -> None:
    classifier, pixels = small_resnet(1), random_pixels(3, 1)
    labels = read(classifier, pixels)
    options = {"steps": 4, "step_size": 0.01, "stop_when_solved": False}
    momentum = MIFGSM(decay=0.0, **options)(classifier, pixels, labels, epsilon=0.03)
    plain = BIM(**options)(classifier, pixels, labels, epsilon=0.03)
    assert torch.equal(momentum.pixels, plain.pixels)


def test_the_steps_together_use_up_the_budget_unless_their_size_is_given() -> None:
    classifier, pixels = two_classes([1.0, 1.0, 1.0], 3.0), grey()
    for steps, levels in ((1, 20), (2, 40), (4, 40)):
        size = None if steps == 4 else 20 / 255
        attack = MIFGSM(steps=steps, step_size=size, stop_when_solved=False)
        moved = attack(classifier, pixels, torch.tensor([1]), epsilon=40 / 255).pixels - pixels
        assert moved.flatten().mul(255).tolist() == pytest.approx([-levels] * 3, abs=1e-3)
    attack = MIFGSM(steps=4, stop_when_solved=False)
    task = Task(classifier, pixels, torch.tensor([1]), None, 40 / 255, digests(pixels))
    point = replace(task.at(pixels), memory=torch.zeros_like(pixels))
    moved = attack.step(task, point) - pixels
    assert moved.flatten().mul(255).tolist() == pytest.approx([-10] * 3, abs=1e-3)


@pytest.mark.parametrize("decay", [0.5, 1.0])
@pytest.mark.parametrize("targeted", [False, True])
def test_every_step_on_a_curved_network(decay: float, targeted: bool) -> None:
    network, pixels = Curved.drawn(5), random_pixels(8, 5, side=2)
    clean = flat(pixels)
    labels = network.predicted(clean)
    targets = (labels + 1) % 4
    attack = MIFGSM(steps=8, step_size=0.1, decay=decay, stop_when_solved=False)
    result = attack(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        epsilon=0.3,
        target=torch.from_numpy(targets) if targeted else None,
    )
    for row, x in enumerate(clean):
        loss = network.entropy(targets[row] if targeted else labels[row])
        momentum = np.zeros_like(x)
        for _ in range(8):
            gradient = slope(loss, x) * (-1 if targeted else 1)
            momentum = decay * momentum + gradient / np.abs(gradient).sum()
            x = x + 0.1 * np.sign(momentum)
            x = x.clip(clean[row] - 0.3, clean[row] + 0.3).clip(0, 1)
        assert flat(result.pixels)[row] == pytest.approx(x, abs=1e-6)


def test_the_momentum_carries_steps_over_the_top_by_hand() -> None:
    # z_0 - z_1 = 1 + 4 (r - 0.25)^2: the loss of class 0 is highest at r = 0.25, and g / |g|1 is
    # -1 above it and 1 below. m: -1, -1.8, -2.44, then below -0.952, 0.238, 1.19, above -0.048.
    network = Curved(
        inner=np.array([[1.0, 0.0, 0.0]]),
        shift=np.array([-0.25]),
        outer=np.array([[0.0], [-4.0]]),
        bias=np.array([1.0, 0.0]),
    )
    pixels, labels = torch.tensor([0.48, 0.5, 0.5]).view(1, 3, 1, 1), torch.tensor([0])
    reached = []
    for steps in range(1, 8):
        attack = MIFGSM(steps=steps, step_size=0.1, decay=0.8, stop_when_solved=False)
        result = attack(network.classifier(), pixels, labels, epsilon=0.5)
        assert result.pixels[0, 1:].flatten().tolist() == [0.5, 0.5]
        reached.append(result.pixels[0, 0].item())
    assert reached == pytest.approx([0.38, 0.28, 0.18, 0.08, 0.18, 0.28, 0.18], abs=1e-6)
