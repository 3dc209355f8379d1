"""BIM: PGD from the image itself."""

import numpy as np
import pytest
import torch

from core.attacks import BIM, FGSM
from core.errors import BadInput
from tests.support.attacked import linear, random_pixels, read, small_resnet
from tests.support.expect import raises
from tests.support.stepping import Curved, flat, slope


def test_one_step_of_the_whole_budget_is_fgsm() -> None:
    classifier, pixels = small_resnet(2), random_pixels(3, 2)
    labels = read(classifier, pixels)
    attack = BIM(steps=1, step_size=0.03, stop_when_solved=False)
    single = FGSM()(classifier, pixels, labels, epsilon=0.03)
    assert torch.equal(attack(classifier, pixels, labels, epsilon=0.03).pixels, single.pixels)


def test_three_steps_by_hand() -> None:
    # Logits 0 and 2 r - g + 3: each step moves r down and g up by 2 levels, b stays.
    weights = torch.tensor([[0.0, 0.0, 0.0], [2.0, -1.0, 0.0]])
    classifier = linear(weights, torch.tensor([0.0, 3.0]), side=1)
    pixels = torch.tensor([100, 60, 200]).view(1, 3, 1, 1) / 255
    attack = BIM(steps=3, step_size=2 / 255, stop_when_solved=False)
    result = attack(classifier, pixels, torch.tensor([1]), epsilon=5 / 255)
    assert result.pixels.flatten().mul(255).tolist() == pytest.approx([95, 65, 200], abs=1e-3)
    assert result.steps.tolist() == [3]


@pytest.mark.parametrize("targeted", [False, True])
def test_every_step_on_a_curved_network(targeted: bool) -> None:
    network, pixels = Curved.drawn(3), random_pixels(5, 3, side=2)
    clean = flat(pixels)
    labels = network.predicted(clean)
    targets = (labels + 1) % 4
    attack = BIM(steps=7, step_size=0.05, stop_when_solved=False)
    result = attack(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        epsilon=0.2,
        target=torch.from_numpy(targets) if targeted else None,
    )
    for row, x in enumerate(clean):
        for _ in range(7):
            loss = network.entropy(targets[row]) if targeted else network.entropy(labels[row])
            step = 0.05 * np.sign(slope(loss, x)) * (-1 if targeted else 1)
            x = (x + step).clip(clean[row] - 0.2, clean[row] + 0.2).clip(0, 1)
        assert flat(result.pixels)[row] == pytest.approx(x, abs=1e-6)


def test_it_has_no_chance_and_no_restarts() -> None:
    attack = BIM(steps=7)
    assert (attack.rounds, attack.restarts) == (7, 1)
    with raises(BadInput, "steps must be at least 1, got 0"):
        BIM(steps=0)
