"""Carlini and Wagner on a model whose distances are known, and step by step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.attacks import (
    CW,
)
from tests.support.attacked import closed_form, far_from_every_boundary, random_pixels
from tests.support.stepping import Array, Curved, flat, lead, slope


@pytest.mark.parametrize("target", [None, 2])
def test_cw_finds_the_distance_to_the_boundary_of_a_linear_model(target: int | None) -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distances = closed_form(classifier, pixels)
    shortest = distances.min(dim=1).values if target is None else distances[:, target - 1]
    attack = CW(steps=70, searches=6, step_size=0.02)
    result = attack(classifier, pixels, labels, target=target)
    went = (result.pixels - pixels).flatten(start_dim=1).norm(dim=1)
    assert result.success.all()
    # From below by the law, from above by what the search and the stretch for rounding leave.
    assert (went >= shortest - 1e-4).all() and (went <= 1.12 * shortest).all()


def algorithm(
    network: Curved, clean: Array, label: int, target: int | None, attack: CW
) -> tuple[Array, list[bool]]:
    """The shortest success for one image, or the image; and which values of c succeeded.

    Adam as Kingma and Ba have it, on |x' - x|^2 + c f(x') as a function of w.
    """

    def pixels(w: Array) -> Array:
        return (np.tanh(w) + 1) / 2

    def short_of(w: Array) -> Array:
        logits = network.logits(pixels(w))
        margin = lead(logits, label) if target is None else -lead(logits, target)
        return margin + attack.confidence

    c, low, high = attack.constant, 0.0, np.inf
    best, length, succeeded = clean, np.inf, []
    for _ in range(attack.searches):

        def objective(w: Array, c: float = c) -> Array:
            change = np.square(pixels(w) - clean).sum(axis=-1)
            return change + c * short_of(w).clip(min=0)

        w = np.arctanh((2 * clean - 1) * (1 - 1e-6))
        mean = square = np.zeros_like(w)
        found = False
        for t in range(1, attack.steps + 1):
            if network.reached(pixels(w), label, target) and short_of(w) <= 0:
                found, went = True, np.linalg.norm(pixels(w) - clean)
                if went < length:
                    best, length = pixels(w), went
            gradient = slope(objective, w)
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            ahead = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
            w = w - attack.step_size * ahead
        succeeded.append(found)
        low, high = (low, c) if found else (c, high)
        c = 10 * c if np.isinf(high) else (low + high) / 2
    return best, succeeded


@pytest.mark.parametrize(("targeted", "confidence"), [(False, 0.0), (True, 0.0), (False, 0.5)])
def test_every_step_on_a_curved_network(targeted: bool, confidence: float) -> None:
    network, pixels = Curved.drawn(4), random_pixels(6, 4, side=2)
    clean = flat(pixels)
    labels = network.predicted(clean)
    targets = (labels + 1) % 4
    attack = CW(steps=30, searches=6, step_size=0.05, constant=0.02, confidence=confidence)
    result = attack(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        target=torch.from_numpy(targets) if targeted else None,
    )
    searches = set()
    for row, label in enumerate(labels):
        aim = int(targets[row]) if targeted else None
        best, succeeded = algorithm(network, clean[row], label, aim, attack)
        searches.add(tuple(succeeded))
        assert result.success_before_rounding[row] == any(succeeded)
        settled = network.settled(clean[row], best, label, aim)
        expected = best if settled is None else settled
        assert flat(result.pixels)[row] == pytest.approx(expected, abs=1e-4)
        if any(succeeded):  # by the confidence, unless it was stretched
            z = network.logits(flat(result.pixels)[row])
            assert (lead(z, aim) if targeted else -lead(z, label)) >= confidence - 1e-4
    assert len(searches) > 1  # c goes other ways for other images
    assert any(False in ways[ways.index(True) :] for ways in searches if True in ways)
