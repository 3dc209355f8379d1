"""Random numbers and losses of a task."""

from __future__ import annotations

import torch

from core.attacks import (
    FGSM,
)
from core.attacks.task import Task, digests
from tests.support.attacked import EPSILON, linear, random_pixels, small_resnet


def test_the_loss_keeps_the_true_class_when_the_model_is_very_sure() -> None:
    # Margin 40: in float32 softmax(label) is exactly 1 and only the runner-up would be left.
    weights = torch.tensor([[30.0, 0.0, 0.0], [0.0, 0.0, 30.0]])
    classifier = linear(weights, torch.tensor([40.0, 0.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    result = FGSM()(classifier, pixels, torch.tensor([0]), epsilon=8 / 255)
    assert result.adversarial.tolist() == [[[[120, 128, 136]]]]


def test_random_starts_depend_on_seed_restart_and_content_only() -> None:
    pixels = random_pixels(3, 0)
    pixels[2] = pixels[0]
    labels = torch.zeros(3, dtype=torch.int64)
    task = Task(small_resnet(), pixels, labels, None, EPSILON, digests(pixels))
    numbers = task.uniform(0, 0)
    assert torch.equal(numbers[0], numbers[2]) and not torch.equal(numbers[0], numbers[1])
    assert torch.equal(task.take(torch.tensor([1])).uniform(0, 0)[0], numbers[1])
    assert not torch.equal(task.uniform(1, 0), numbers)
    assert not torch.equal(task.uniform(0, 1), numbers)
    assert numbers.min() >= 0 and numbers.max() < 1 and 0.4 < numbers.mean() < 0.6
