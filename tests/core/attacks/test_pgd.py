"""PGD on models whose answer is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.attacks import (
    FGSM,
    PGD,
)
from core.attacks.task import Task, digests
from tests.support.attacked import EPSILON, linear, random_pixels, small_resnet, task_of
from tests.support.stepping import Array, Curved, flat, slope


def test_pgd_ends_in_the_corner_of_the_ball_on_a_linear_model() -> None:
    weights = torch.cat([torch.zeros(1, 12), torch.linspace(-1, 1, 12)[None]])
    classifier = linear(weights, torch.tensor([0.0, 30.0]), side=2)
    pixels = torch.full((1, 3, 2, 2), 128 / 255)
    attack = PGD(steps=10, stop_when_solved=False)
    result = attack(classifier, pixels, torch.tensor([1]), epsilon=8 / 255)
    corner = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=8 / 255)
    assert np.array_equal(result.adversarial, corner.adversarial)
    assert result.steps.tolist() == [10]


def test_pgd_restarts_only_what_is_not_solved() -> None:
    # One image sits next to the boundary, the other out of reach.
    weights = torch.cat([torch.zeros(1, 12), torch.ones(1, 12)])
    classifier = linear(weights, torch.tensor([0.0, -5.0]), side=2)
    pixels = torch.stack([torch.full((3, 2, 2), 108 / 255), torch.full((3, 2, 2), 250 / 255)])
    attack = PGD(steps=5, restarts=3)
    result = attack(classifier, pixels, torch.tensor([1, 1]), epsilon=8 / 255)
    assert result.success.tolist() == [True, False]
    assert result.steps[0] <= 5 and result.steps[1] == 15


@pytest.mark.parametrize("seed", range(5))
def test_pgd_goes_on_until_the_rounded_image_is_misclassified(seed: int) -> None:
    # Only one channel counts: misclassified from 0.2 levels up, after rounding from 0.5 levels up.
    classifier = linear(
        torch.tensor([[0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]), torch.tensor([0.0, 128.2 / 255]), side=1
    )
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    attack = PGD(steps=40, step_size=0.05 / 255, seed=seed)
    result = attack(classifier, pixels, torch.tensor([1]), epsilon=1 / 255)
    assert result.success.tolist() == [True]


@pytest.mark.parametrize(("steps", "levels"), [(1, 20), (10, 2), (40, 2)])
def test_pgd_steps_by_a_quarter_of_epsilon_but_always_reaches_it(steps: int, levels: int) -> None:
    classifier, pixels = small_resnet(), random_pixels(1, 0)
    task = Task(classifier, pixels, torch.tensor([0]), None, EPSILON, digests(pixels))
    moved = (PGD(steps=steps).step(task, task.at(pixels)) - pixels).abs()
    assert moved.max().item() == pytest.approx(levels / 255, abs=1e-6)


def test_a_step_size_is_taken_as_it_is_given() -> None:
    weights = torch.cat([torch.zeros(1, 3), torch.ones(1, 3)])
    classifier = linear(weights, torch.tensor([0.0, 3.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    labels = torch.tensor([1])
    one = PGD(steps=1, step_size=1 / 255, stop_when_solved=False)
    two = PGD(steps=1, step_size=2 / 255, stop_when_solved=False)
    near = one(classifier, pixels, labels, epsilon=0.1).pixels
    far = two(classifier, pixels, labels, epsilon=0.1).pixels
    assert (near - far).flatten().tolist() == pytest.approx([1 / 255] * 3, abs=1e-6)


def draws(pixels: torch.Tensor, restart: int) -> Array:
    """U(0, 1) for every value, as the random starts draw it."""
    return flat(task_of(pixels).uniform(5, restart))


def test_pgd_starts_on_both_sides_of_every_value() -> None:
    pixels = random_pixels(50, 0, side=4) * 0.5 + 0.25
    task = Task(small_resnet(), pixels, torch.zeros(50).long(), None, 0.2, digests(pixels))
    started = (PGD().start(task, 0) - pixels) / 0.2
    assert -1 <= started.min() < -0.99 and 0.99 < started.max() <= 1
    assert started.mean().item() == pytest.approx(0, abs=0.05)
    assert started.square().mean().item() == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize("targeted", [False, True])
def test_every_step_and_restart_on_a_curved_network(targeted: bool) -> None:
    network, pixels = Curved.drawn(7, steep=3), random_pixels(12, 6, side=2)
    clean, epsilon, size = flat(pixels), 20 / 255, 5 / 255  # a quarter of epsilon
    labels = network.predicted(clean)
    targets = (labels + 1) % 4
    result = PGD(steps=10, restarts=3, seed=5)(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        epsilon=epsilon,
        target=torch.from_numpy(targets) if targeted else None,
    )
    restarted = set()
    for row in range(12):
        label, target = labels[row], targets[row] if targeted else None
        low, high = (clean[row] - epsilon).clip(0, 1), (clean[row] + epsilon).clip(0, 1)
        loss = network.entropy(label if target is None else target)
        taken = 0
        for restart in range(3):
            x = (clean[row] + epsilon * (2 * draws(pixels, restart)[row] - 1)).clip(low, high)
            for _ in range(10):
                if network.solved(x, label, target):
                    break
                away = size * np.sign(slope(loss, x))
                x = (x + away if target is None else x - away).clip(low, high)
                taken += 1
            if network.solved(x, label, target):
                break
        restarted.add(restart)
        assert result.steps[row] == taken
        assert result.success[row] == network.solved(x, label, target)
        assert flat(result.pixels)[row] == pytest.approx(x, abs=1e-6)
    assert len(restarted) > 1  # some need another start, and not all
