"""Stages on what is left."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.attacks import APGDCE, APGDDLR, AutoAttackLite, Square
from tests.support.attacked import linear, random_pixels, read, small_resnet


def test_autoattack_leaves_to_later_stages_only_what_is_left() -> None:
    # One image sits next to the boundary, the other out of reach: 2 + 2 * 1 + 5 steps for that.
    weights = torch.cat([torch.zeros(2, 12), torch.ones(1, 12)])
    classifier = linear(weights, torch.tensor([0.0, -1.0, -5.0]), side=2)
    pixels = torch.stack([torch.full((3, 2, 2), 108 / 255), torch.full((3, 2, 2), 250 / 255)])
    attack = AutoAttackLite(steps=2, candidates=1, queries=5)
    result = attack(classifier, pixels, torch.tensor([2, 2]), epsilon=8 / 255)
    assert result.success.tolist() == [True, False]
    assert result.steps[0] <= 2 and result.steps[1] == 9 == attack.rounds


class Stairs(nn.Module):
    """Sees 8 levels of each colour, so that no gradient leads anywhere."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network(torch.floor(pixels * 8) / 8)


@pytest.mark.parametrize(
    ("stairs", "targeted", "solving"),
    [(False, False, {0, 1, None}), (True, False, {1, 2, None}), (False, True, {0, None})],
)
def test_each_image_is_the_first_stages_that_solves_it(
    stairs: bool, targeted: bool, solving: set[int | None]
) -> None:
    classifier, pixels = small_resnet(7), random_pixels(16, 7)
    if stairs:
        classifier.network = Stairs(classifier.network)
    labels = read(classifier, pixels)
    options = {"epsilon": 8 / 255, "target": (labels + 1) % 6 if targeted else None}
    stages = (
        APGDCE(steps=2, seed=1),
        APGDDLR(steps=2, candidates=2, seed=1),
        Square(steps=30, seed=1),
    )
    alone = [attack(classifier, pixels, labels, **options) for attack in stages]
    attack = AutoAttackLite(steps=2, candidates=2, queries=30, seed=1)
    result = attack(classifier, pixels, labels, **options)
    found = set()
    for row in range(16):
        solved = [bool(each.success[row] and each.success_before_rounding[row]) for each in alone]
        first = solved.index(True) if any(solved) else 2
        found.add(first if any(solved) else None)
        torch.testing.assert_close(result.pixels[row], alone[first].pixels[row], atol=1e-5, rtol=0)
        assert result.steps[row] == sum(int(each.steps[row]) for each in alone[: first + 1])
        assert result.success[row] == alone[first].success[row]
    assert found == solving
