"""Budgets before and after rounding to 8 bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from core.attacks import (
    FGSM,
)
from core.attacks.budget import norm_of, project, to_saved
from core.model.classifier import to_images
from tests.support.attacked import grey, random_pixels, read, small_resnet


def test_a_budget_below_one_level_changes_no_image() -> None:
    classifier, pixels = small_resnet(), random_pixels(2, 1)
    result = FGSM()(classifier, pixels, read(classifier, pixels), epsilon=0.9 / 255)
    assert np.array_equal(result.adversarial, to_images(pixels))


def test_l2_rounding_stays_inside_the_budget() -> None:
    # Three values of 0.6 levels: length 1.04; rounded to 1 each 1.73, so two go back to 0.
    clean = grey()
    pixels = clean + 0.6 / 255
    saved = to_saved(pixels, clean, 1.05 / 255, "l2").astype(int) - 128
    assert sorted(saved.flatten().tolist()) == [0, 0, 1]
    assert to_saved(pixels, clean, 2 / 255, "l2").flatten().tolist() == [129, 129, 129]


def one_pixel(*images: tuple[float, float, float]) -> Tensor:
    """Images of one pixel each, in levels."""
    return torch.tensor(images).view(-1, 3, 1, 1) / 255


def test_each_value_stays_within_epsilon_and_the_range() -> None:
    clean = one_pixel((100, 100, 100), (2, 250, 100))
    pixels = one_pixel((90, 103, 106), (-20, 280, 95.5))
    found = project(pixels, clean, 5 / 255, "linf") * 255
    expected = torch.tensor([[95.0, 103, 105], [0, 255, 95.5]])
    torch.testing.assert_close(found.flatten(1), expected, atol=1e-4, rtol=0)


def test_each_image_is_shortened_by_itself_and_clipped() -> None:
    clean = one_pixel((100, 100, 100), (100, 100, 100), (100, 100, 254))
    pixels = one_pixel((106, 100, 108), (101.5, 98, 100), (106, 100, 262))
    found = project(pixels, clean, 5 / 255, "l2") * 255
    # Ten levels long: halved. Two and a half: as it is. Ten again, and beyond white.
    expected = torch.tensor([[103.0, 100, 104], [101.5, 98, 100], [103, 100, 255]])
    torch.testing.assert_close(found.flatten(1), expected, atol=1e-4, rtol=0)
    assert norm_of(pixels - clean).flatten() * 255 == pytest.approx([10, 2.5, 10], abs=1e-4)
    assert norm_of(torch.zeros(1, 3, 1, 1)).item() > 0


def test_saved_levels_are_whole_and_within_epsilon_in_both_directions() -> None:
    clean, pixels = one_pixel((100, 100, 3)), one_pixel((102.6, 97.4, 0.4))
    for levels, expected in ((2.0, [102, 98, 1]), (2.99, [102, 98, 1]), (3.0, [103, 97, 0])):
        saved = to_saved(pixels, clean, levels / 255, "linf")
        assert saved.flatten().tolist() == expected


def test_l2_rounding_takes_back_what_was_rounded_outwards_by_most() -> None:
    # Levels 1, -1, 1 and 2: length 2.65 of 2.5. Back goes the 0.6, rounded outwards by 0.4.
    clean = torch.full((1, 3, 1, 2), 100 / 255)
    change = torch.tensor([0.9, -0.8, 0.6, 1.9, 0.4, -0.3]).view(1, 3, 1, 2)
    saved = to_saved(clean + change / 255, clean, 2.5 / 255, "l2").astype(int) - 100
    assert saved.transpose(0, 3, 1, 2).flatten().tolist() == [1, -1, 0, 2, 0, 0]
    # 2.4 asks for 2 more: the -0.8 goes, too.
    saved = to_saved(clean + change / 255, clean, 2.35 / 255, "l2").astype(int) - 100
    assert saved.transpose(0, 3, 1, 2).flatten().tolist() == [1, 0, 0, 2, 0, 0]


def test_each_image_has_the_whole_l2_budget() -> None:
    pixels = one_pixel((103, 100, 100), (100, 96, 100))
    saved = to_saved(pixels, one_pixel(*[(100, 100, 100)] * 2), 4 / 255, "l2")
    assert saved.reshape(2, 3).tolist() == [[103, 100, 100], [100, 96, 100]]
    longer = to_saved(one_pixel((106, 92, 100)), one_pixel((100, 100, 100)), 5 / 255, "l2")
    assert longer.flatten().tolist() == [103, 96, 100]
    assert math.dist(longer.flatten().tolist(), [100, 100, 100]) == 5
