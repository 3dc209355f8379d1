"""Square: the size of its squares, its first queries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from core.attacks import (
    Square,
)
from core.attacks.square import side_of
from core.attacks.task import Task, Walk, lead
from tests.support import stepping
from tests.support.attacked import random_pixels, read, small_resnet, task_of, two_classes
from tests.support.stepping import Array, Curved, flat


@pytest.mark.parametrize(
    ("query", "side"),
    # sqrt(p 1024) with p = .8, .4, .2, .1, .05, .025, .0125, .00625, .003125, .0015625
    [
        (1, 29),
        (10, 29),
        (11, 20),
        (51, 14),
        (201, 10),
        (501, 7),
        (1001, 5),
        (2001, 4),
        (4001, 3),
        (6001, 2),
        (8001, 1),
        (9999, 1),
    ],
)
def test_the_squares_shrink(query: int, side: int) -> None:
    assert side_of(0.8, query, 10_000, 32, 32) == side
    assert side_of(0.8, query, 10_000, 4, 4) <= 4


@pytest.mark.parametrize(("square", "side"), [(0, 29), (1, 29), (2, 20), (5, 20), (6, 14)])
def test_they_shrink_in_proportion_where_there_are_fewer(square: int, side: int) -> None:
    # Of a thousand, number 1 stands for 10, number 2 for 20 and number 6 for 60 of ten thousand.
    assert side_of(0.8, square, 1_000, 32, 32) == side
    assert side_of(0.8, square, 1_000, 16, 64) == min(side, 16)


def test_square_begins_with_stripes_of_the_whole_budget_where_they_help() -> None:
    classifier, pixels = small_resnet(0), random_pixels(12, 0) * 0.5 + 0.25
    labels = read(classifier, pixels)
    kept, striped = (
        Square(steps=steps, stop_when_solved=False)(classifier, pixels, labels, epsilon=0.1)
        for steps in (1, 2)
    )
    assert torch.equal(kept.pixels, pixels)
    moved = striped.pixels - pixels
    helped = moved.flatten(1).any(dim=1)
    assert helped.any() and not helped.all()
    assert torch.allclose(moved[helped].abs(), torch.tensor(0.1), atol=1e-6)
    assert torch.equal(moved.sign(), moved.sign()[:, :, :1].expand_as(moved))
    with torch.no_grad():
        before, after = lead(classifier(pixels), labels), lead(classifier(striped.pixels), labels)
    assert (after[helped] < before[helped]).all()


def test_no_query_of_square_repeats_what_it_holds_already() -> None:
    changed = []

    class Asking(Square):
        def _proposed(self, task: Task, walk: Walk, rows: Tensor, number: int) -> Tensor:
            moved = super()._proposed(task, walk, rows, number)
            changed.append((moved != walk.pixels[rows]).flatten(1).any(dim=1))
            return moved

    # Images of one pixel: every square covers it all, and one in eight would be there already.
    classifier, pixels = two_classes([1.0, 1.0, 1.0], -0.9), torch.full((16, 3, 1, 1), 0.5)
    pixels += torch.arange(16)[:, None, None, None] / 1000
    attack = Asking(steps=40, stop_when_solved=False)
    attack(classifier, pixels, torch.ones(16).long(), epsilon=0.1)
    assert len(changed) == 40
    assert torch.stack(changed[2:]).all()


def algorithm(
    network: Curved, pixels: Tensor, row: int, label: int, target: int | None, steps: int
) -> tuple[Array, int]:
    """Random search over squares for one image, until it is solved; queries that it took."""
    epsilon, task, shape = 6 / 255, task_of(pixels), pixels[row].shape
    clean = pixels[row].double().numpy()

    def margin(x: Array) -> float:
        logits = network.logits(x.flatten())
        return float(
            stepping.lead(logits, label) if target is None else -stepping.lead(logits, target)
        )

    best, lowest = clean, np.inf
    for query in range(1, steps + 1):
        if query == 1:
            x = clean
        elif query == 2:
            columns = task.uniform(4, 1, shape=(3, 1, shape[2]))[row].numpy()
            x = (clean + epsilon * np.where(columns > 0.5, 1, -1)).clip(0, 1)
        else:
            side = side_of(0.3, query - 3, steps - 2, *shape[1:])
            down, right, *signs = task.uniform(4, query, shape=(5,))[row].tolist()
            top, left = int(down * (shape[1] - side + 1)), int(right * (shape[2] - side + 1))
            square = np.s_[:, top : top + side, left : left + side]
            colour = epsilon * np.where(np.array(signs) > 0.5, 1, -1)[:, None, None]
            for change in (colour, -colour):
                x = best.copy()
                x[square] = (clean[square] + change).clip(0, 1)
                if not np.allclose(x, best, atol=1e-6):
                    break
        if (value := margin(x)) < lowest - 1e-9:
            best, lowest = x, value
            if network.solved(best.flatten(), label, target):
                return best, query
    return best, steps


@pytest.mark.parametrize("targeted", [False, True])
def test_every_query_on_a_curved_network(targeted: bool) -> None:
    network = Curved.drawn(6, values=3 * 4 * 6, steep=2)  # images six wide and four high
    pixels = torch.from_numpy(
        np.random.default_rng(1).integers(60, 200, (8, 3, 4, 6)).astype(np.float32) / 255
    )
    labels = network.predicted(flat(pixels))
    targets = (labels + 1) % 4
    result = Square(steps=40, share=0.3, seed=4)(
        network.classifier(),
        pixels,
        torch.from_numpy(labels),
        epsilon=6 / 255,
        target=torch.from_numpy(targets) if targeted else None,
    )
    for row, label in enumerate(labels):
        aim = int(targets[row]) if targeted else None
        best, queries = algorithm(network, pixels, row, label, aim, 40)
        assert result.steps[row] == queries
        assert result.pixels[row].double().numpy() == pytest.approx(best, abs=1e-6)
    assert {True, False} == set(result.success.tolist())
