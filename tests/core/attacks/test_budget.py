"""Budgets before and after rounding to 8 bit."""

from __future__ import annotations

import numpy as np

from core.attacks import (
    FGSM,
)
from core.attacks.budget import to_saved
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
