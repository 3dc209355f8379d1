"""Square: the size of its squares, its first queries."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from core.attacks import (
    Square,
)
from core.attacks.square import side_of
from core.attacks.task import Task, Walk, lead
from tests.support.attacked import random_pixels, read, small_resnet, two_classes


@pytest.mark.parametrize(
    ("query", "side"),
    # sqrt(p 1024) with p = .8, .4, .2, .1, .05, .025, .0125, .00625, .003125, .0015625
    [
        (1, 29),
        (10, 29),
        (11, 20),
        (51, 14),
        (201, 10),
        (501, 7),
        (1001, 5),
        (2001, 4),
        (4001, 3),
        (6001, 2),
        (8001, 1),
        (9999, 1),
    ],
)
def test_the_squares_shrink(query: int, side: int) -> None:
    assert side_of(0.8, query, 10_000, 32, 32) == side
    assert side_of(0.8, query, 10_000, 4, 4) <= 4


def test_square_begins_with_stripes_of_the_whole_budget_where_they_help() -> None:
    classifier, pixels = small_resnet(0), random_pixels(12, 0) * 0.5 + 0.25
    labels = read(classifier, pixels)
    kept, striped = (
        Square(steps=steps, stop_when_solved=False)(classifier, pixels, labels, epsilon=0.1)
        for steps in (1, 2)
    )
    assert torch.equal(kept.pixels, pixels)
    moved = striped.pixels - pixels
    helped = moved.flatten(1).any(dim=1)
    assert helped.any() and not helped.all()
    assert torch.allclose(moved[helped].abs(), torch.tensor(0.1), atol=1e-6)
    assert torch.equal(moved.sign(), moved.sign()[:, :, :1].expand_as(moved))
    with torch.no_grad():
        before, after = lead(classifier(pixels), labels), lead(classifier(striped.pixels), labels)
    assert (after[helped] < before[helped]).all()


def test_no_query_of_square_repeats_what_it_holds_already() -> None:
    changed = []

    class Asking(Square):
        def _proposed(self, task: Task, walk: Walk, rows: Tensor, number: int) -> Tensor:
            moved = super()._proposed(task, walk, rows, number)
            changed.append((moved != walk.pixels[rows]).flatten(1).any(dim=1))
            return moved

    # Images of one pixel: every square covers it all, and one in eight would be there already.
    classifier, pixels = two_classes([1.0, 1.0, 1.0], -0.9), torch.full((16, 3, 1, 1), 0.5)
    pixels += torch.arange(16)[:, None, None, None] / 1000
    attack = Asking(steps=40, stop_when_solved=False)
    attack(classifier, pixels, torch.ones(16).long(), epsilon=0.1)
    assert len(changed) == 40
    assert torch.stack(changed[2:]).all()
