"""Momentum: its first step, and without decay."""

from __future__ import annotations

import torch

from core.attacks import (
    BIM,
    FGSM,
    MIFGSM,
)
from tests.support.attacked import random_pixels, read, small_resnet


def test_the_first_step_of_mi_fgsm_is_that_of_fgsm() -> None:
    classifier, pixels = small_resnet(1), random_pixels(3, 1)
    labels = read(classifier, pixels)
    momentum = MIFGSM(steps=1, stop_when_solved=False)(classifier, pixels, labels, epsilon=0.03)
    single = FGSM()(classifier, pixels, labels, epsilon=0.03)
    assert torch.equal(momentum.pixels, single.pixels)


def test_without_decay_mi_fgsm_is_bim() -> None:
    classifier, pixels = small_resnet(1), random_pixels(3, 1)
    labels = read(classifier, pixels)
    options = {"steps": 4, "step_size": 0.01, "stop_when_solved": False}
    momentum = MIFGSM(decay=0.0, **options)(classifier, pixels, labels, epsilon=0.03)
    plain = BIM(**options)(classifier, pixels, labels, epsilon=0.03)
    assert torch.equal(momentum.pixels, plain.pixels)
