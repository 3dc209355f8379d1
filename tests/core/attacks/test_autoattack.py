"""Stages on what is left."""

from __future__ import annotations

import torch

from core.attacks import (
    AutoAttackLite,
)
from tests.support.attacked import linear


def test_autoattack_leaves_to_later_stages_only_what_is_left() -> None:
    # One image sits next to the boundary, the other out of reach: 2 + 2 * 1 + 5 steps for that.
    weights = torch.cat([torch.zeros(2, 12), torch.ones(1, 12)])
    classifier = linear(weights, torch.tensor([0.0, -1.0, -5.0]), side=2)
    pixels = torch.stack([torch.full((3, 2, 2), 108 / 255), torch.full((3, 2, 2), 250 / 255)])
    attack = AutoAttackLite(steps=2, candidates=1, queries=5)
    result = attack(classifier, pixels, torch.tensor([2, 2]), epsilon=8 / 255)
    assert result.success.tolist() == [True, False]
    assert result.steps[0] <= 2 and result.steps[1] == 9 == attack.rounds
