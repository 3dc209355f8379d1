"""Searches that never succeed."""

from __future__ import annotations

import torch

from core.attacks import (
    Shadow,
)
from tests.support.attacked import linear


def test_the_search_ends_with_the_lowest_loss_where_nothing_is_misclassified() -> None:
    # The darker the middle the nearer class 1; out of reach. The best shadow is the largest.
    weights = torch.stack([torch.ones(300), -torch.ones(300)]) / 300
    classifier = linear(weights, torch.tensor([5.0, 0.0]), side=10)
    pixels = torch.full((1, 3, 10, 10), 200 / 255)
    short, long = (Shadow(steps=steps)(classifier, pixels, torch.tensor([0])) for steps in (1, 15))
    assert not short.success[0] and not long.success[0] and long.steps[0] == 15
    assert long.l2[0] > short.l2[0] > 0
