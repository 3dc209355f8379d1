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
from tests.support.attacked import EPSILON, linear, random_pixels, small_resnet


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
