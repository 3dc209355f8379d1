"""Where a shadow falls, and what it changes."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.attacks import (
    Shadow,
)
from core.attacks.lab_colour import scale_lightness
from core.attacks.shadow import RADIUS, shadowed
from core.model.classifier import to_images, to_tensor
from tests.support.attacked import random_pixels, read, small_resnet, task_of

few = settings(max_examples=25)


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
