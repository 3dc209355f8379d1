"""Random numbers and losses of a task."""

from __future__ import annotations

import math

import pytest
import torch

from core.attacks import (
    BIM,
    FGSM,
)
from core.attacks.task import Task, digests, lead
from tests.support.attacked import EPSILON, grey, linear, random_pixels, small_resnet, two_classes


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


def test_lead_margin_goal_and_loss_by_hand() -> None:
    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0], [1.0, 2.0, 4.0]])
    labels, targets = torch.tensor([0, 2, 2]), torch.tensor([2, 0, 1])
    task = Task(two_classes([0.0] * 3, 0.0), grey(3), labels, None, 0.1, digests(grey(3)))
    aimed = Task(two_classes([0.0] * 3, 0.0), grey(3), labels, targets, 0.1, digests(grey(3)))
    assert lead(logits, labels).tolist() == [1, -1, 2]
    assert task.margin(logits).tolist() == [1, -1, 2]
    assert aimed.margin(logits).tolist() == [1, 5, 2]
    assert task.reached(logits).tolist() == [False, True, False]
    assert aimed.reached(logits).tolist() == [False, False, False]
    assert aimed.reached(logits.roll(1, dims=1)).tolist() == [False, False, False]
    assert aimed.reached(logits.roll(-1, dims=1)).tolist() == [True, True, True]
    assert task.goals(logits).tolist() == [2, 1, 1]
    assert aimed.goals(logits).tolist() == [2, 0, 1]
    shares = logits.softmax(dim=1)
    entropy = -shares[[0, 1, 2], labels].log()
    torch.testing.assert_close(task.loss(logits), -entropy)
    torch.testing.assert_close(aimed.loss(logits), -shares[[0, 1, 2], targets].log())


@pytest.mark.parametrize("target", [None, 2])
def test_a_path_by_hand(target: int | None) -> None:
    # Logits red / 25.5, 5.05 and 4.05 + green / 25.5. Each step takes ten levels of red away and,
    # towards class 2, adds ten of green. One image leaves after two steps, the other takes all.
    weights = torch.zeros(3, 3)
    weights[0, 0], weights[2, 1] = 10.0, 10.0 if target else 0.0
    classifier = linear(weights, torch.tensor([0.0, 5.05, 4.05]), side=1)
    pixels = torch.tensor([[140, 10, 0], [200, 10, 0]]).view(2, 3, 1, 1) / 255
    attack = BIM(steps=3, step_size=10 / 255)
    result = attack(
        classifier, pixels, torch.tensor([0, 0]), epsilon=40 / 255, target=target, trace=True
    )
    for path, reds in zip(result.path, ([140, 130, 120], [200, 190, 180, 170]), strict=True):
        assert path[:, 0].tolist() == list(range(len(reds)))
        greens = [10 + 10 * step for step in range(len(reds))] if target else [0] * len(reds)
        for point, red, green in zip(path, reds, greens, strict=True):
            odds = [math.exp(each) for each in (red / 25.5, 5.05, 4.05 + green / 25.5)]
            expected = [odds[0] / sum(odds), odds[target or 1] / sum(odds)]
            assert point[1:].tolist() == pytest.approx(expected, abs=1e-5)


def test_only_what_is_misclassified_exactly_and_as_an_image_survives() -> None:
    classifier = two_classes([255.0, 0.0, 0.0], -102.4)  # class 1 above 102.4 levels of red
    clean = torch.full((4, 3, 1, 1), 100 / 255)
    pixels = clean.clone()
    pixels[:, 0, 0, 0] += torch.tensor([2.45, 2.6, 2.7, 9.0]) / 255
    task = Task(classifier, clean, torch.zeros(4).long(), None, 2 / 255, digests(clean))
    # All are misclassified exactly; as images within two levels they are 102, within three 103.
    assert task.survives(pixels).tolist() == [False, False, False, False]
    wide = Task(classifier, clean, torch.zeros(4).long(), None, 3 / 255, digests(clean))
    assert wide.survives(pixels).tolist() == [False, True, True, True]
    classifier.network[1].bias.data[1] = -102.65  # 102.6 is not, and its image is
    assert wide.survives(pixels).tolist() == [False, False, True, True]


def test_a_task_takes_its_rows_with_all_that_belongs_to_them() -> None:
    pixels = random_pixels(3, 1)
    targets = torch.tensor([5, 4, 3])
    task = Task(
        small_resnet(),
        pixels,
        torch.tensor([0, 1, 2]),
        targets,
        EPSILON,
        digests(pixels),
        traces=([(0, 0.1, 0.2)], [], [(0, 0.3, 0.4)]),
    )
    part = task.take(torch.tensor([2, 0]))
    assert torch.equal(part.clean, pixels[[2, 0]])
    assert (part.labels.tolist(), part.targets.tolist()) == ([2, 0], [3, 5])
    assert part.keys == (task.keys[2], task.keys[0])
    assert part.traces == ([(0, 0.3, 0.4)], [(0, 0.1, 0.2)])
    assert len(part) == 2
