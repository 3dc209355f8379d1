"""Where a shadow falls, and what it changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.attacks import (
    Shadow,
)
from core.attacks.lab_colour import scale_lightness
from core.attacks.shadow import RADIUS, shadowed
from core.model.classifier import to_images, to_tensor
from tests.support.attacked import random_pixels, read, small_resnet, task_of
from tests.support.stepping import Array, Curved, rounded

few = settings(max_examples=10)


seeds = st.integers(0, 1000)


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


def in_shadow(corners: Array, height: int, width: int) -> NDArray[np.bool_]:
    """Middles of pixels on the sign whose coordinates in the triangle are all positive."""
    y, x = (np.indices((height, width)) + 0.5) / np.array([height, width])[:, None, None]
    a, b, c = corners.reshape(3, 2)
    edges = np.linalg.inv(np.stack([b - a, c - a], axis=1))
    u, v = np.tensordot(edges, np.stack([x - a[0], y - a[1]]), axes=1)
    return (u > 0) & (v > 0) & (u + v < 1) & (np.hypot(x - 0.5, y - 0.5) <= 0.4)


@pytest.mark.parametrize("targeted", [False, True])
def test_every_round_on_a_curved_network(targeted: bool) -> None:
    network = Curved.drawn(9, values=3 * 9 * 12, steep=0.5)
    pixels = to_tensor(np.random.default_rng(3).integers(0, 256, (8, 9, 12, 3), dtype=np.uint8))
    clean = pixels.double().numpy()
    dark = scale_lightness(pixels.double(), 0.3).numpy()
    labels = network.predicted(clean.reshape(8, -1))
    targets = network.logits(clean.reshape(8, -1)).argsort(axis=1)[:, -2]
    result = Shadow(steps=5, tries=7, lightness=0.3, seed=8)(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        target=torch.from_numpy(targets) if targeted else None,
    )
    for row, label in enumerate(labels):
        aim = int(targets[row]) if targeted else None
        best, chosen, lowest, solved, taken = np.zeros(6), clean[row], np.inf, False, 0
        while not solved and taken < 5:
            draws = task_of(pixels).uniform(8, taken, shape=(7, 6))[row].double().numpy()
            corners = 0.1 + 0.8 * draws
            if taken:  # three of seven near the best one
                corners[:3] = best + 0.25 * (1 - taken / 5) * (2 * draws[:3] - 1)
            for triangle in corners:
                image = rounded(np.where(in_shadow(triangle, 9, 12), dark[row], clean[row]))
                entropy = network.entropy(label if aim is None else aim)(image.flatten())
                loss = -entropy if aim is None else entropy
                if solved := network.reached(image.flatten(), label, aim):
                    chosen = image
                    break
                if loss < lowest:
                    lowest, best, chosen = loss, triangle, image
            taken += 1
        assert (result.steps[row], result.success[row]) == (taken, solved)
        apart = np.abs(result.adversarial[row] / 255 - chosen.transpose(1, 2, 0)).max()
        assert apart < 1.1 / 255
    assert {True, False} == set(result.success.tolist())
