"""Searches: the gentlest success, and otherwise the lowest loss of all rounds."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from core.attacks import Shadow
from core.attacks import search as attack_search
from core.attacks.search import SearchAttack
from core.attacks.task import Task
from tests.support.attacked import linear, two_classes


def test_the_search_ends_with_the_lowest_loss_where_nothing_is_misclassified() -> None:
    # The darker the middle the nearer class 1; out of reach. The best shadow is the largest.
    weights = torch.stack([torch.ones(300), -torch.ones(300)]) / 300
    classifier = linear(weights, torch.tensor([5.0, 0.0]), side=10)
    pixels = torch.full((1, 3, 10, 10), 200 / 255)
    short, long = (Shadow(steps=steps)(classifier, pixels, torch.tensor([0])) for steps in (1, 15))
    assert not short.success[0] and not long.success[0] and long.steps[0] == 15
    assert long.l2[0] > short.l2[0] > 0


class Redder(SearchAttack):
    """Adds so many levels of red, the same for every image."""

    info = replace(Shadow.info, title="Redder")
    numbers = 1
    rounds_of_levels = ((10.45, 5.0), (4.0, 20.0, 10.6, 30.0), (8.0, 6.0), (10.0,))

    def __init__(self) -> None:
        self.steps = len(self.rounds_of_levels)
        self.bests: list[list[float]] = []

    def propose(self, task: Task, number: int, best: Tensor) -> Tensor:
        self.bests.append(best.flatten().tolist())
        levels = torch.tensor(self.rounds_of_levels[number])
        return levels[None, :, None].expand(len(task), -1, -1)

    def apply(self, task: Task, changes: Tensor) -> Tensor:
        red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
        return task.clean + changes[:, :, None, None] / 255 * red


# Red of the clean image, then of each round's choice: its first success, or its lowest loss.
PATHS = [[100, 110, 120], [70, 80, 100, 78, 80], [90.4, 101, 120]]


@pytest.mark.parametrize("batch", [64, 3])
def test_rounds_by_hand(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack_search, "BATCH", batch)
    # Class 1 from 110.4 levels of red up: as an image from 111.
    classifier = two_classes([25.5, 0.0, 0.0], -11.04)
    pixels = torch.full((3, 3, 1, 1), 100 / 255)
    pixels[1, 0], pixels[2, 0] = 70 / 255, 90.4 / 255
    attack = Redder()
    result = attack(classifier, pixels, torch.tensor([0, 0, 0]), trace=True)
    # 100: 110.45 is 110 as an image; 120 comes before 111, and before 130, which is surer.
    # 70: never; the lowest loss is that of the second round's 30, not of the 8 and 10 that follow.
    # 90.4: 110.4 is 110 as an image, so 120.
    assert result.adversarial[:, 0, 0, 0].tolist() == [120, 100, 120]
    assert result.success.tolist() == [True, False, True]
    assert result.steps.tolist() == [2, 4, 2]
    expected = [[0.0, 0.0, 0.0], [10.45, 10.45, 10.45], [30.0], [30.0]]
    assert [pytest.approx(each) for each in expected] == attack.bests
    sure = [[1 / (1 + math.exp((red - 110.4) / 10)) for red in path] for path in PATHS]
    for path, shares in zip(result.path, sure, strict=True):
        assert path[:, 0].tolist() == list(range(len(shares)))
        assert path[:, 1].tolist() == pytest.approx(shares, abs=1e-5)
