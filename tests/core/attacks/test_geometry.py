"""Where pixels move to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from core.attacks.geometry import moved
from tests.support import stepping
from tests.support.attacked import random_pixels


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


@pytest.mark.parametrize("shape", [(9, 9), (6, 14), (15, 7)])
def test_turns_and_shifts_together_in_images_of_any_shape(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(shape[0])
    images = rng.random((4, 3, *shape))
    changes = rng.uniform([-180, -0.4, -0.4], [180, 0.4, 0.4], (4, 3))
    found = moved(torch.from_numpy(images), *torch.from_numpy(changes.T))
    for image, change, each in zip(images, changes, found.numpy(), strict=True):
        assert each == pytest.approx(stepping.moved(image, *change), abs=1e-6)
