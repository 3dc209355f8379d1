"""DeepFool on models whose boundaries are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.attacks import (
    DeepFool,
)
from core.model.classifier import to_images, to_tensor
from tests.support.attacked import (
    closed_form,
    far_from_every_boundary,
    linear,
    random_pixels,
    read,
)
from tests.support.stepping import Array, Curved, flat, slope

PUSH = 1e-4  # beyond the boundary


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


def test_several_steps_by_hand() -> None:
    # z_0 - z_1 = (r - 0.1)^2 - 0.04 falls with r towards the boundary at 0.3. Where s = r - 0.1,
    # a step goes (s^2 - 0.04) / 2 s, and 1e-4 on; all of them together are stretched by a tenth.
    network = Curved(
        inner=np.array([[1.0, 0.0, 0.0]]),
        shift=np.array([-0.1]),
        outer=np.array([[1.0], [0.0]]),
        bias=np.array([-0.04, 0.0]),
    )
    pixels = torch.tensor([0.9, 0.5, 0.5]).view(1, 3, 1, 1)
    one = (0.8**2 - 0.04) / 1.6 + PUSH
    s = 0.8 - 1.1 * one
    two = (s**2 - 0.04) / (2 * s) + PUSH
    s = 0.8 - 1.1 * (one + two)
    three = (s**2 - 0.04) / (2 * s) + PUSH
    ends = [0.9 - 1.1 * sum([one, two, three][:steps]) for steps in (1, 2, 3)]
    assert ends[1] > 0.3 > ends[2]  # the third step is over the boundary
    for steps, end in zip((1, 2, 3, 100), [*ends, ends[2]], strict=True):
        attack = DeepFool(steps=steps, overshoot=0.1)
        result = attack(network.classifier(), pixels, torch.tensor([0]))
        assert result.pixels.flatten().tolist() == pytest.approx([end, 0.5, 0.5], abs=1e-6)
        assert result.steps.tolist() == [min(steps, 3)]
        assert result.success.tolist() == [steps >= 3]


def shortest(network: Curved, x: Array, own: int, others: list[int]) -> Array:
    """The shortest of the steps to where own's and another linearised logit are equal."""
    steps = []
    for other in others:

        def behind(x: Array, other: int = other) -> Array:
            logits = network.logits(x)
            return logits[..., own] - logits[..., other]

        normal = -slope(behind, x)
        length = np.linalg.norm(normal)
        steps.append((behind(x[None])[0] / length + PUSH) * normal / length)
    return min(steps, key=np.linalg.norm)


@pytest.mark.parametrize(("targeted", "candidates"), [(False, 4), (False, 1), (True, 4)])
def test_every_step_on_a_curved_network(targeted: bool, candidates: int) -> None:
    network, pixels = Curved.drawn(2, classes=5), random_pixels(12, 2, side=2) * 0.4 + 0.3
    pixels = to_tensor(to_images(pixels))
    clean = flat(pixels)
    labels = network.predicted(clean)
    targets = (labels + 1) % 5
    attack = DeepFool(steps=30, overshoot=0.05, candidates=candidates)
    result = attack(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        target=torch.from_numpy(targets) if targeted else None,
    )
    for row, (label, target) in enumerate(zip(labels, targets, strict=True)):
        x, walked, taken = clean[row], np.zeros(12), 0
        aim = target if targeted else None
        while taken < 30:
            if (settled := network.settled(clean[row], x, label, aim, 0.05)) is not None:
                x = settled
                break
            ranked = [int(k) for k in np.argsort(-network.logits(x))]
            if targeted:
                step = shortest(network, x, next(k for k in ranked if k != target), [target])
            else:
                others = [k for k in ranked if k != label]
                step = shortest(network, x, label, others[:candidates])
            walked, taken = walked + step, taken + 1
            x = clean[row] + 1.05 * walked
        assert x.min() > 0 and x.max() < 1  # nothing was clipped
        assert result.steps[row] == taken
        assert flat(result.pixels)[row] == pytest.approx(x, abs=1e-4)
    assert len(set(result.steps.tolist())) > 1
