"""Sticker, shadow, rotation and shift: known answers, and budgets that are not a norm."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.attacks import ATTACKS, Attack, Shadow, Spatial, Sticker
from core.attacks.geometry import moved
from core.attacks.lab_colour import scale_lightness
from core.attacks.shadow import RADIUS, shadowed
from core.attacks.sticker import draw_views, seen
from core.attacks.task import Task, digests
from core.errors import BadInput
from core.model.classifier import to_images, to_tensor
from tests.core.attacks.test_attacks import CLASSES, linear, random_pixels, read, small_resnet
from tests.support.expect import raises

few = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 1000)


def task_of(pixels: Tensor) -> Task:
    """Untargeted, every image of class 0."""
    labels = torch.zeros(len(pixels), dtype=torch.int64)
    return Task(small_resnet(), pixels, labels, None, 1.0, digests(pixels))


# --- geometry ----------------------------------------------------------------------------------


def point_at(row: int, column: int, height: int = 5, width: int = 5) -> Tensor:
    pixels = torch.zeros(1, 3, height, width)
    pixels[:, :, row, column] = 1
    return pixels


@pytest.mark.parametrize(
    ("degrees", "right", "down", "row", "column"),
    [
        (0, 0, 0, 0, 2),
        (90, 0, 0, 2, 4),  # clockwise: what was on top is on the right
        (-90, 0, 0, 2, 0),
        (180, 0, 0, 4, 2),
        (0, 0.2, 0, 0, 3),  # one of five pixels
        (0, 0, 0.4, 2, 2),
        (90, -0.2, 0.2, 3, 3),  # turned first, shifted then
    ],
)
def test_where_a_point_moves_to(
    degrees: float, right: float, down: float, row: int, column: int
) -> None:
    change = (torch.tensor([float(value)]) for value in (degrees, right, down))
    found = moved(point_at(0, 2), *change)[0, 0]
    assert found[row, column].item() == pytest.approx(1, abs=1e-5)
    if not down:  # else the edge that comes in repeats the point
        assert found.sum().item() == pytest.approx(1, abs=1e-4)


def test_a_turn_keeps_the_shape_of_things_in_a_wide_image() -> None:
    # 4 pixels right of the middle become 4 pixels below it, though the image is twice as wide.
    found = moved(point_at(10, 24, 21, 41), torch.tensor([90.0]), torch.zeros(1), torch.zeros(1))
    torch.testing.assert_close(found, point_at(14, 20, 21, 41), atol=1e-4, rtol=0)


def test_what_comes_in_repeats_the_edge() -> None:
    pixels = torch.arange(5.0).expand(1, 3, 5, 5) / 4
    found = moved(pixels, torch.zeros(1), torch.tensor([0.4]), torch.zeros(1))
    torch.testing.assert_close(found[0, 0, 0], torch.tensor([0, 0, 0, 0.25, 0.5]))


def test_every_image_has_its_own_change() -> None:
    pixels = random_pixels(2, 0)
    degrees, none = torch.tensor([0.0, 30.0]), torch.zeros(2)
    both = moved(pixels, degrees, none, none)
    torch.testing.assert_close(both[0], pixels[0])
    torch.testing.assert_close(both[1:], moved(pixels[1:], degrees[1:], none[1:], none[1:]))


# --- spatial -----------------------------------------------------------------------------------


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


@few
@given(seeds, st.sampled_from([None, 1]))
def test_a_image_is_one_of_the_grid(seed: int, target: int | None) -> None:
    classifier, pixels = small_resnet(seed), random_pixels(2, seed)
    attack, labels = Spatial(angles=4, steps=5), read(classifier, pixels)
    result = attack(classifier, pixels, labels, target=target)
    for row in np.flatnonzero(result.eligible):
        everything = to_images(
            moved(pixels[row].expand(len(attack.grid()), -1, -1, -1), *attack.grid().unbind(dim=1))
        )
        apart = np.abs(everything.astype(int) - result.adversarial[row]).max(axis=(1, 2, 3))
        assert apart.min() <= 1
        if result.success[row]:  # no gentler one is misread
            classes = classifier.predict_logits(list(everything)).argmax(axis=1)
            hit = classes != labels[row].item() if target is None else classes == target
            assert apart[np.argmax(hit)] <= 1


# --- shadow ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "factor", "after"),
    [
        ((255, 255, 255), 0.43, (102, 102, 102)),  # L* 100 -> 43
        ((119, 119, 119), 0.5, (59, 59, 59)),  # L* 50 -> 25
        ((0, 0, 0), 0.43, (0, 0, 0)),
        ((200, 30, 60), 1.0, (200, 30, 60)),
    ],
)
def test_lightness_is_scaled(
    before: tuple[int, int, int], factor: float, after: tuple[int, int, int]
) -> None:
    pixels = torch.tensor(before).view(1, 3, 1, 1) / 255
    found = scale_lightness(pixels, factor)
    assert (found.flatten() * 255).round().tolist() == list(after)


def test_a_red_stays_red_in_the_shadow() -> None:
    # L* 43.3, a* 65.4, b* 29.0 becomes L* 32.5 with the same a* and b*.
    dark = scale_lightness(torch.tensor([200, 30, 60]).view(1, 3, 1, 1) / 255, 0.75).flatten()
    assert dark[0] < 200 / 255 and dark[0] > 2 * dark[1] and dark[0] > 2 * dark[2]


def test_a_triangle_covers_the_middles_of_pixels_within_it() -> None:
    corner = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    inside = shadowed(corner, 4, 4)[0, 0]
    # Pixels above the diagonal, less the corner of the image, which is not on the sign.
    assert inside.int().tolist() == [[0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert torch.equal(shadowed(corner.flip(1), 4, 4)[0, 0], inside)  # either way round


@few
@given(seeds, st.integers(4, 40), st.integers(4, 40))
def test_a_shadow_stays_on_the_sign_and_only_darkens(seed: int, height: int, width: int) -> None:
    classifier = small_resnet(seed)
    pixels = to_tensor(
        np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    )
    result = Shadow(steps=3)(classifier, pixels, read(classifier, pixels))
    y, x = np.indices((height, width)) + 0.5
    beside = (x / width - 0.5) ** 2 + (y / height - 0.5) ** 2 > RADIUS**2
    clean = to_images(pixels)
    assert np.array_equal(result.adversarial[:, beside], clean[:, beside])
    dark = to_images(scale_lightness(pixels, 0.43))
    changed = (result.adversarial != clean).any(axis=3)
    assert np.array_equal(result.adversarial[changed], dark[changed])


def test_half_of_the_triangles_stay_ever_nearer_to_the_best_one() -> None:
    attack, task = Shadow(steps=10, tries=8), task_of(random_pixels(1, 0))
    best = torch.full((1, 6), 0.5)
    apart = [(attack.propose(task, n, best)[0, :4] - best).abs().max().item() for n in (1, 5, 9)]
    assert apart[0] <= 0.225 and apart[1] <= 0.125 and apart[2] <= 0.025
    fresh = attack.propose(task, 9, best)[0, 4:]
    assert (fresh - best).abs().max() > 0.2
    assert (fresh - best).abs().max() <= RADIUS


def test_the_search_ends_with_the_lowest_loss_where_nothing_is_misread() -> None:
    # The darker the middle the nearer class 1; out of reach. The best shadow is the largest.
    weights = torch.stack([torch.ones(300), -torch.ones(300)]) / 300
    classifier = linear(weights, torch.tensor([5.0, 0.0]), side=10)
    pixels = torch.full((1, 3, 10, 10), 200 / 255)
    short, long = (Shadow(steps=steps)(classifier, pixels, torch.tensor([0])) for steps in (1, 15))
    assert not short.success[0] and not long.success[0] and long.steps[0] == 15
    assert long.l2[0] > short.l2[0] > 0


# --- sticker -----------------------------------------------------------------------------------


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


def test_a_solved_sticker_is_misread_from_its_views_too() -> None:
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


# --- the table and the refusals ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["sticker", "shadow", "spatial"])
def test_they_are_told_as_what_happens_to_real_signs(name: str) -> None:
    info = ATTACKS[name].info
    assert (info.family, info.takes_epsilon, info.targeted) == ("physical", False, True)
    assert info.norm == ("none" if name == "spatial" else "area")
    assert info.needs_gradients == (name == "sticker")


@pytest.mark.parametrize("name", ["sticker", "shadow", "spatial"])
def test_targeted_images_are_read_as_the_target(name: str) -> None:
    classifier, pixels = small_resnet(2), random_pixels(12, 2, side=16)
    attack = ATTACKS[name](**({"area": 0.25} if name == "sticker" else {}))
    labels, hits = read(classifier, pixels), 0
    for target in range(CLASSES):
        result = attack(classifier, pixels, labels, target=target)
        assert (read(classifier, to_tensor(result.adversarial))[result.success] == target).all()
        hits += result.success.sum()
    assert hits


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: Sticker(steps=0), "steps must be at least 1, got 0"),
        (lambda: Sticker(views=0), "views must be at least 1, got 0"),
        (lambda: Sticker(area=0.3), "area must lie in (0, 0.25] of the image, got 0.3"),
        (lambda: Sticker(step_size=0.0), "step_size must lie in (0, 1], got 0.0"),
        (lambda: Shadow(steps=0), "steps must be at least 1, got 0"),
        (lambda: Shadow(tries=1), "tries must be at least 2, got 1"),
        (lambda: Shadow(lightness=1.0), "lightness must lie in (0, 1), got 1.0"),
        (lambda: Spatial(steps=0), "steps must be at least 1, got 0"),
        (lambda: Spatial(angles=0), "angles must be at least 1, got 0"),
        (lambda: Spatial(max_angle=0.0), "max_angle must lie in (0, 180] degrees, got 0.0"),
        (lambda: Spatial(max_shift=0.6), "max_shift must lie in (0, 0.5] of the side, got 0.6"),
    ],
)
def test_settings_out_of_range_are_refused(refused: Callable[[], Attack], message: str) -> None:
    with raises(BadInput, message):
        refused()
