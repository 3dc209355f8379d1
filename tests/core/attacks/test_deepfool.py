"""DeepFool on models whose boundaries are known."""

from __future__ import annotations

import math

import pytest
import torch

from core.attacks import (
    DeepFool,
)
from core.model.classifier import to_tensor
from tests.support.attacked import closed_form, far_from_every_boundary, linear, read


def test_deepfool_goes_the_closed_form_distance_to_the_nearest_boundary() -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distance = closed_form(classifier, pixels).min(dim=1).values
    result = DeepFool()(classifier, pixels, labels)
    went = (result.pixels - pixels).flatten(start_dim=1).norm(dim=1)
    assert went.tolist() == pytest.approx((1.02 * (distance + 1e-4)).tolist(), rel=1e-4)
    assert result.l2.tolist() == pytest.approx(went.tolist(), rel=0.01)
    assert result.steps.tolist() == [1, 1, 1]
    assert result.success.all() and result.success_before_rounding.all()


def test_targeted_deepfool_ends_behind_all_other_classes() -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distance = closed_form(classifier, pixels)[:, 1]
    result = DeepFool()(classifier, pixels, labels, target=2)
    assert result.success.all()
    assert (torch.from_numpy(result.l2) >= distance).all()
    assert read(classifier, to_tensor(result.adversarial)).tolist() == [2, 2, 2]


def test_deepfool_with_one_candidate_goes_to_the_runner_up_even_if_another_is_nearer() -> None:
    # Class 1 is the runner-up but its boundary is far (small weights); class 2's is near.
    weights = torch.zeros(3, 3)
    weights[1, 0], weights[2, 1] = 1.0, 40.0
    classifier = linear(weights, torch.tensor([0.6, 0.0, -20.2]), side=1)
    pixels = torch.tensor([128, 128, 128]).view(1, 3, 1, 1) / 255
    runner_up = DeepFool(candidates=1)(classifier, pixels, torch.tensor([0]))
    nearest = DeepFool()(classifier, pixels, torch.tensor([0]))
    assert read(classifier, to_tensor(runner_up.adversarial)).tolist() == [1]
    assert read(classifier, to_tensor(nearest.adversarial)).tolist() == [2]
    assert nearest.l2[0] < runner_up.l2[0]


def test_deepfool_doubles_the_overshoot_until_the_rounded_image_is_misclassified() -> None:
    # A boundary 0.001 away moves each channel by 0.16 levels; overshoot 2.56 makes that 0.57.
    weights = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    bias = torch.tensor([0.0, -3 * 128 / 255 - 0.001 * math.sqrt(3)])
    classifier = linear(weights, bias, side=1)

    result = DeepFool()(classifier, pixels, torch.tensor([0]))

    went = (result.pixels - pixels).norm().item()
    assert went == pytest.approx(3.56 * (0.001 + 1e-4), rel=1e-3)
    assert result.adversarial.tolist() == [[[[129, 129, 129]]]]
    assert result.success.tolist() == [True] and result.steps.tolist() == [1]
