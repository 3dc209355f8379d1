"""FGSM worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.attacks import (
    FGSM,
)
from tests.support.attacked import linear


def test_fgsm_moves_each_pixel_by_epsilon_against_its_weight() -> None:
    # Logits 0 and w.x: the loss of class 1 rises where w falls, so x' = x - epsilon sign(w).
    weights = torch.tensor([[0.0, 0.0, 0.0], [2.0, -1.0, 0.0]])
    classifier = linear(weights, torch.tensor([0.0, 0.0]), side=1)
    pixels = torch.tensor([100, 60, 200]).view(1, 3, 1, 1) / 255

    result = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=10 / 255)

    assert result.adversarial.tolist() == [[[[90, 70, 200]]]]
    assert result.pixels.flatten().tolist() == pytest.approx([90 / 255, 70 / 255, 200 / 255])
    assert result.steps.tolist() == [1]
    # 2 * 90 - 70 > 0: still class 1.
    assert (result.success.tolist(), result.success_before_rounding.tolist()) == ([False], [False])
    assert result.linf.tolist() == pytest.approx([10 / 255])
    assert result.l2.tolist() == pytest.approx([math.sqrt(200) / 255])
    assert result.psnr.tolist() == pytest.approx([10 * math.log10(3 * 255**2 / 200)])


def test_fgsm_is_clipped_at_black_and_white() -> None:
    classifier = linear(
        torch.tensor([[0.0, 0.0, 0.0], [1.0, -1.0, -1.0]]), torch.tensor([0.0, 2.0]), side=1
    )
    pixels = torch.tensor([3, 250, 100]).view(1, 3, 1, 1) / 255
    result = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=10 / 255)
    assert result.adversarial.tolist() == [[[[0, 255, 110]]]]


def test_targeted_fgsm_follows_the_weights_of_the_target() -> None:
    # CE(target 2) falls along w_2 - (softmax-weighted mean of all w): here +, +, -.
    weights = torch.tensor([[1.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [2.0, 3.0, -1.0]])
    classifier = linear(weights, torch.tensor([5.0, 0.0, 0.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    result = FGSM()(classifier, pixels, torch.tensor([0]), epsilon=8 / 255, target=2)
    assert result.adversarial.tolist() == [[[[136, 136, 120]]]]


def test_the_path_of_fgsm_by_hand() -> None:
    # Logits 0 and w.x; three channels at grey, each moved by 10 levels.
    weights = torch.tensor([[0.0, 0.0, 0.0], [2.0, -1.0, 1.0]])
    classifier = linear(weights, torch.tensor([0.0, 0.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    result = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=10 / 255, trace=True)
    sure = [1 / (1 + math.exp(-logit / 255)) for logit in (2 * 128, 2 * 128 - 40)]
    expected = np.array([[0, sure[0], 1 - sure[0]], [1, sure[1], 1 - sure[1]]])
    assert result.path[0] == pytest.approx(expected, abs=1e-6)
