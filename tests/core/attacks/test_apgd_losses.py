"""The difference of logits ratio, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.attacks import (
    APGDDLR,
)
from core.attacks.task import Task, digests
from core.errors import BadInput
from tests.support.attacked import grey, linear, two_classes
from tests.support.expect import raises


def dlr(logits: list[float], label: int, target: int | None, candidates: int = 0) -> float:
    pixels = grey()
    task = Task(
        linear(torch.zeros(len(logits), 3), torch.tensor(logits), side=1),
        pixels,
        torch.tensor([label]),
        None if target is None else torch.tensor([target]),
        0.1,
        digests(pixels),
    )
    attack = APGDDLR(candidates=candidates)
    return attack.loss(task, torch.tensor([logits]), attack.aims(task, 0)).item()


def test_the_difference_of_logits_ratio() -> None:
    # z_y = 5, the best other 3, z_3 = 1: (5 - 3) / (5 - 1).
    assert dlr([5.0, 3.0, 1.0, 0.0], 0, None) == pytest.approx(0.5)
    # Misclassified: z_y = 1, (1 - 5) / (5 - 1).
    assert dlr([5.0, 3.0, 1.0, 0.0], 2, None) == pytest.approx(-1.0)
    # Towards class 3: (5 - 0) / (5 - (1 + 0) / 2).
    assert dlr([5.0, 3.0, 1.0, 0.0], 0, 3) == pytest.approx(5 / 4.5)
    # Towards the strongest wrong class, 1: (5 - 3) / (5 - (1 + 0) / 2).
    assert dlr([5.0, 3.0, 1.0, 0.0], 0, None, candidates=2) == pytest.approx(2 / 4.5)
    # Five classes: the fourth, not the last. Towards class 4: (6 - 0) / (6 - (3 + 2) / 2).
    assert dlr([6.0, 5.0, 3.0, 2.0, 0.0], 0, 4) == pytest.approx(6 / 3.5)
    # Three classes have no fourth.
    assert dlr([5.0, 3.0, 1.0], 0, 2) == pytest.approx(1.0)


def test_each_restart_aims_at_the_next_strongest_wrong_class() -> None:
    pixels, logits = grey(2), torch.tensor([1.0, 4.0, 2.0, 3.0])
    classifier = linear(torch.zeros(4, 3), logits, side=1)
    task = Task(classifier, pixels, torch.tensor([1, 3]), None, 0.1, digests(pixels))
    attack = APGDDLR(candidates=4)
    aims = [attack.aims(task, restart).tolist() for restart in range(4)]
    assert aims == [[3, 1], [2, 2], [0, 0], [3, 1]]  # there are no more: from the beginning
    assert (attack.restarts, APGDDLR(restarts=2).restarts) == (4, 2)
    aimed = replace(task, targets=torch.tensor([0, 2]))
    assert attack.aims(aimed, 1).tolist() == [0, 2]


def test_dlr_needs_three_classes() -> None:
    with raises(BadInput, "APGD-DLR needs a model of at least 3 classes, got 2; use apgd_ce"):
        APGDDLR(steps=1)(two_classes([1.0, 1.0, 1.0], 1.0), grey(), torch.tensor([1]), epsilon=0.1)
