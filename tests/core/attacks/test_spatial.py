"""Rotation and shift over their grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.attacks import (
    Spatial,
)
from core.attacks.geometry import moved
from core.model.classifier import to_images
from tests.support.attacked import random_pixels, read, small_resnet, task_of
from tests.support.stepping import entropy

few = settings(max_examples=10)


seeds = st.integers(0, 1000)


def test_the_grid_goes_from_gentle_to_hard_and_to_the_ends_of_its_ranges() -> None:
    grid = Spatial().grid()
    assert grid.shape == (13 * 25 - 1, 3)
    assert grid.abs().max(dim=0).values.tolist() == pytest.approx([30, 0.1, 0.1])
    assert grid[0].abs().tolist() == [5, 0, 0]
    assert sorted(grid[-4:].abs().tolist()) == [pytest.approx([30, 0.1, 0.1])] * 4
    assert len(grid.unique(dim=0)) == len(grid) and not (grid == 0).all(dim=1).any()


@pytest.mark.parametrize("steps", [1, 7, 13, 400])
def test_every_change_of_the_grid_is_tried_once_whatever_the_rounds(steps: int) -> None:
    attack, task = Spatial(steps=steps), task_of(random_pixels(1, 0))
    none = torch.zeros(1, 3)
    tried = torch.cat([attack.propose(task, n, none)[0] for n in range(steps)])
    assert torch.equal(tried[: len(attack.grid())], attack.grid())


def test_a_grid_by_hand() -> None:
    grid = Spatial(angles=2, max_angle=10, max_shift=0.1).grid().tolist()
    shifts = [-0.1, -0.05, 0, 0.05, 0.1]
    every = [(a, x, y) for a in (-10, 0, 10) for x in shifts for y in shifts]
    assert len(grid) == 74
    for change in every[:37] + every[38:]:
        assert any(change == pytest.approx(found, abs=1e-6) for found in grid)
    hardness = [abs(a) / 10 + (x * x + y * y) ** 0.5 / 0.1 for a, x, y in grid]
    assert hardness == pytest.approx(sorted(hardness), abs=1e-6)


@few
@given(seeds, st.sampled_from([None, 1]))
def test_an_image_is_one_of_the_grid(seed: int, target: int | None) -> None:
    classifier, pixels = small_resnet(seed), random_pixels(2, seed)
    attack, labels = Spatial(angles=4, steps=5), read(classifier, pixels)
    result = attack(classifier, pixels, labels, target=target)
    for row in np.flatnonzero(result.eligible):
        everything = to_images(
            moved(pixels[row].expand(len(attack.grid()), -1, -1, -1), *attack.grid().unbind(dim=1))
        )
        apart = np.abs(everything.astype(int) - result.adversarial[row]).max(axis=(1, 2, 3))
        assert apart.min() <= 1
        if result.success[row]:  # no gentler one is misclassified
            classes = classifier.predict_logits(list(everything)).argmax(axis=1)
            hit = classes != labels[row].item() if target is None else classes == target
            assert apart[np.argmax(hit)] <= 1
        else:  # none is, and none has a lower loss
            logits = classifier.predict_logits(list(everything)).astype(np.float64)
            losses = (
                -entropy(logits, labels[row].item()) if target is None else entropy(logits, target)
            )
            assert losses[np.argmin(apart)] <= losses.min() + 1e-2
