"""The sticker: its area, its place, its views."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.attacks import (
    Sticker,
)
from core.attacks.sticker import draw_views, seen
from core.attacks.task import Task, digests
from core.model.classifier import to_images
from tests.support.attacked import random_pixels, read, small_resnet, task_of

few = settings(max_examples=25)


seeds = st.integers(0, 1000)


@few
@example(0, 0.25, 9, 10)  # 0.1 of 10 is 1, however it is written
@given(seeds, st.floats(0.01, 0.25), st.integers(6, 24), st.integers(6, 24))
def test_a_sticker_keeps_its_area_and_lies_on_the_sign(
    seed: int, area: float, height: int, width: int
) -> None:
    gradient = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    for mask in Sticker(area=area).places(gradient)[:, 0]:
        rows, columns = torch.nonzero(mask, as_tuple=True)
        side = math.isqrt(max(1, int(mask.sum())))
        assert side**2 == mask.sum() and mask.mean() <= max(area, 1 / mask.numel()) + 1e-6
        assert (side + 1) ** 2 > area * mask.numel() - 1e-6
        for places, length in ((rows, height), (columns, width)):
            assert places.max() - places.min() == side - 1
            assert places.min() >= min(int(0.1 * length), (length - side) // 2)
            assert places.max() < length - min(int(0.1 * length), (length - side) // 2)


def test_the_sticker_lies_where_the_gradient_is_strongest() -> None:
    gradient = torch.zeros(1, 3, 20, 20)
    gradient[0, 1, 9:13, 5:9] = -1
    gradient[0, :, 0, :] = 100  # on the edge, which is not the sign
    mask = Sticker(area=0.04).places(gradient)
    gradient[0, :, 0, :] = 0
    assert torch.equal(mask[0, 0] > 0, gradient[0, 1] != 0)


@few
@given(seeds, st.sampled_from([None, 1]))
def test_nothing_changes_beside_the_sticker(seed: int, target: int | None) -> None:
    classifier, pixels = small_resnet(seed), random_pixels(3, seed, side=16)
    attack = Sticker(steps=6, area=0.08)
    result = attack(classifier, pixels, read(classifier, pixels), target=target)
    changed = (result.adversarial != to_images(pixels)).any(axis=3)
    for each in changed:
        rows, columns = np.nonzero(each)
        if len(rows):
            assert np.ptp(rows) < 4 and np.ptp(columns) < 4
    assert changed.mean(axis=(1, 2)).max() <= 0.08


def test_a_solved_sticker_is_misclassified_from_its_views_too() -> None:
    classifier, pixels = small_resnet(3), random_pixels(6, 3, side=16)
    labels = read(classifier, pixels)
    attack = Sticker(steps=40, area=0.25)
    result = attack(classifier, pixels, labels)
    early = result.steps < 40
    assert early.any() and result.success[early].all()
    task = Task(classifier, pixels, labels, None, 1.0, digests(pixels))
    for view in draw_views(task, 0, 0, 4).unbind(dim=1):
        logits = classifier(seen(result.pixels, view))
        assert task.reached(logits)[torch.from_numpy(early)].all()


def test_views_depend_on_image_seed_and_step_and_keep_their_ranges() -> None:
    task = task_of(random_pixels(2, 0))
    views = draw_views(task, 0, 1, 500)
    limits = torch.tensor([10, 0.05, 0.05, 0.15])
    assert (views.abs() <= limits).all() and (views.abs().amax(dim=(0, 1)) > 0.95 * limits).all()
    assert torch.equal(draw_views(task.take(torch.tensor([1])), 0, 1, 500)[0], views[1])
    for other in (draw_views(task, 1, 1, 500), draw_views(task, 0, 2, 500)):
        assert not torch.equal(other, views)


def test_a_view_turns_shifts_and_lights() -> None:
    pixels = torch.full((1, 3, 5, 5), 0.5)
    brighter = seen(pixels, torch.tensor([[10.0, 0.05, -0.05, 0.1]]))
    torch.testing.assert_close(brighter, torch.full_like(pixels, 0.55))
    white = seen(torch.ones(1, 3, 5, 5), torch.tensor([[0.0, 0.0, 0.0, 0.15]]))
    assert white.max() == 1
