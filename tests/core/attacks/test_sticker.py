"""The sticker: its area, its place, its views."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.attacks import (
    Sticker,
)
from core.attacks.sticker import draw_views, seen
from core.attacks.task import Task, digests
from core.model.classifier import to_images, to_tensor
from tests.support.attacked import random_pixels, read, small_resnet, task_of
from tests.support.stepping import Array, Curved, moved, rounded, slope

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


@settings(max_examples=8)
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


Place = tuple[slice, ...]


def seen_from(image: Array, view: Array) -> Array:
    """(3, height, width), moved and lit."""
    return (moved(image, *view[:3]) * (1 + view[3])).clip(0, 1)


@pytest.mark.parametrize("targeted", [False, True])
def test_every_step_on_a_curved_network(targeted: bool) -> None:
    network = Curved.drawn(5, values=3 * 8 * 11, steep=0.3)
    pixels = to_tensor(np.random.default_rng(6).integers(70, 180, (6, 8, 11, 3), dtype=np.uint8))
    clean, task = pixels.double().numpy(), task_of(pixels)
    labels = network.predicted(clean.reshape(6, -1))
    targets = network.logits(clean.reshape(6, -1)).argsort(axis=1)[:, -2]
    result = Sticker(steps=7, area=0.11, step_size=0.06, views=2, seed=3)(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        target=torch.from_numpy(targets) if targeted else None,
    )
    judged = draw_views(task, 3, 0, 4).double().numpy()  # views that no step draws
    for row, (label, x) in enumerate(zip(labels, clean, strict=True)):
        aim = int(targets[row]) if targeted else None

        def loss(images: Array, aim: int | None = aim, label: int = label) -> Array:
            entropy = network.entropy(label if aim is None else aim)
            flat = np.stack([image.flatten() for image in images])
            return -entropy(flat) if aim is None else entropy(flat)

        # 0.11 of 88 pixels is 9.7: three by three, at least a tenth of each side from the edge.
        gradient = np.abs(slope(lambda flat: loss(flat), x.flatten())).reshape(3, 8, 11)
        places = [(top, left) for top in range(6) for left in range(1, 8)]
        top, left = max(places, key=lambda p: gradient[:, p[0] : p[0] + 3, p[1] : p[1] + 3].sum())
        under, taken = np.s_[:, top : top + 3, left : left + 3], 0

        def solved(x: Array, row: int = row, label: int = label, aim: int | None = aim) -> bool:
            images = [x, rounded(x), *(seen_from(x, view) for view in judged[row])]
            return all(network.reached(image.flatten(), label, aim) for image in images)

        while not solved(x) and taken < 7:
            taken += 1
            views = draw_views(task, 3, taken, 2).double().numpy()[row]

            def total(
                stickers: Array, x: Array = x, views: Array = views, under: Place = under
            ) -> Array:
                images = np.repeat(x[None], len(stickers), axis=0)
                images[(slice(None), *under)] = stickers.reshape(-1, 3, 3, 3)
                through = [np.stack([seen_from(image, view) for image in images]) for view in views]
                return loss(images) + sum(loss(each) for each in through)

            step = 0.06 * np.sign(slope(total, x[under].flatten())).reshape(3, 3, 3)
            x = x.copy()
            x[under] = (x[under] - step).clip(0, 1)
        assert result.steps[row] == taken
        assert result.success[row] == network.reached(rounded(x).flatten(), label, aim)
        assert result.pixels[row].double().numpy() == pytest.approx(x, abs=1e-6)
    assert len(set(result.steps.tolist())) > 1
