"""Answers of attacks worked out by hand, on models of a few numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from core.attacks import APGDDLR, BIM, CW, FGSM, MIFGSM, PGDL2, Attack, AutoAttackLite, Square
from core.attacks.apgd import checkpoints_of
from core.attacks.budget import to_saved
from core.attacks.square import side_of
from core.attacks.task import Task, Walk, digests, lead
from core.errors import BadInput
from core.model.classifier import Classifier
from tests.core.attacks.test_attacks import (
    closed_form,
    far_from_every_boundary,
    linear,
    random_pixels,
    read,
    small_resnet,
)
from tests.support.expect import raises


def two_classes(weights: list[float], bias: float) -> Classifier:
    """Logits 0 and w.x + bias for images of one pixel."""
    return linear(torch.tensor([[0.0, 0.0, 0.0], weights]), torch.tensor([0.0, bias]), side=1)


def grey(batch: int = 1) -> Tensor:
    return torch.full((batch, 3, 1, 1), 128 / 255)


def test_pgd_l2_on_a_linear_model_ends_at_epsilon_along_the_gradient() -> None:
    # |w| = 3, so the unit vector is (2, -1, 2) / 3 and the end x - 0.3 (2, -1, 2) / 3.
    classifier = two_classes([2.0, -1.0, 2.0], 10.0)
    attack = PGDL2(steps=40, stop_when_solved=False)
    result = attack(classifier, grey(), torch.tensor([1]), epsilon=0.3)
    moved = (result.pixels - grey()).flatten().tolist()
    assert moved == pytest.approx([-0.2, 0.1, -0.2], abs=1e-3)


def test_pgd_l2_starts_anywhere_in_the_ball() -> None:
    pixels = random_pixels(40, 0, side=4) * 0.2 + 0.4
    labels = torch.zeros(40, dtype=torch.int64)
    task = Task(small_resnet(), pixels, labels, None, 0.3, digests(pixels), "l2")
    lengths = (PGDL2().start(task, 0) - pixels).flatten(start_dim=1).norm(dim=1)
    assert lengths.max() <= 0.3 + 1e-6 and 0.28 < lengths.median() < 0.3


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


@pytest.mark.parametrize("target", [None, 2])
def test_cw_finds_the_distance_to_the_boundary_of_a_linear_model(target: int | None) -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distances = closed_form(classifier, pixels)
    shortest = distances.min(dim=1).values if target is None else distances[:, target - 1]
    attack = CW(steps=150, searches=8, step_size=0.01)
    result = attack(classifier, pixels, labels, target=target)
    went = (result.pixels - pixels).flatten(start_dim=1).norm(dim=1)
    assert result.success.all()
    # From below by the law, from above by what the search and the stretch for rounding leave.
    assert (went >= shortest - 1e-4).all() and (went <= 1.12 * shortest).all()


def test_the_checkpoints_of_apgd() -> None:
    # Shares .22, .41, .57, .70, .80, .87, .93, .99: the gaps shrink by .03 down to .06.
    assert checkpoints_of(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints_of(10) == [3, 5, 6, 7, 8, 9, 10, 10]


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
    # Misread: z_y = 1, (1 - 5) / (5 - 1).
    assert dlr([5.0, 3.0, 1.0, 0.0], 2, None) == pytest.approx(-1.0)
    # Towards class 3: (5 - 0) / (5 - (1 + 0) / 2).
    assert dlr([5.0, 3.0, 1.0, 0.0], 0, 3) == pytest.approx(5 / 4.5)
    # Towards the strongest wrong class, 1: (5 - 3) / (5 - (1 + 0) / 2).
    assert dlr([5.0, 3.0, 1.0, 0.0], 0, None, candidates=2) == pytest.approx(2 / 4.5)
    # Three classes have no fourth.
    assert dlr([5.0, 3.0, 1.0], 0, 2) == pytest.approx(1.0)


def test_dlr_needs_three_classes() -> None:
    with raises(BadInput, "APGD-DLR needs a model of at least 3 classes, got 2; use apgd_ce"):
        APGDDLR(steps=1)(two_classes([1.0, 1.0, 1.0], 1.0), grey(), torch.tensor([1]), epsilon=0.1)


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


def test_autoattack_leaves_to_later_stages_only_what_is_left() -> None:
    # One image sits next to the boundary, the other out of reach: 2 + 2 * 1 + 5 steps for that.
    weights = torch.cat([torch.zeros(2, 12), torch.ones(1, 12)])
    classifier = linear(weights, torch.tensor([0.0, -1.0, -5.0]), side=2)
    pixels = torch.stack([torch.full((3, 2, 2), 108 / 255), torch.full((3, 2, 2), 250 / 255)])
    attack = AutoAttackLite(steps=2, candidates=1, queries=5)
    result = attack(classifier, pixels, torch.tensor([2, 2]), epsilon=8 / 255)
    assert result.success.tolist() == [True, False]
    assert result.steps[0] <= 2 and result.steps[1] == 9 == attack.rounds


def test_l2_rounding_stays_inside_the_budget() -> None:
    # Three values of 0.6 levels: length 1.04; rounded to 1 each 1.73, so two go back to 0.
    clean = grey()
    pixels = clean + 0.6 / 255
    saved = to_saved(pixels, clean, 1.05 / 255, "l2").astype(int) - 128
    assert sorted(saved.flatten().tolist()) == [0, 0, 1]
    assert to_saved(pixels, clean, 2 / 255, "l2").flatten().tolist() == [129, 129, 129]


@pytest.mark.parametrize("epsilon", [None, 0, -1.0, 1.8, math.nan])
def test_an_l2_epsilon_out_of_range_is_refused(epsilon: float | None) -> None:
    with raises(
        BadInput,
        "PGD-L2 needs an epsilon in (0, 1.732], the Euclidean length of the whole change in "
        f"pixels of [0, 1] (0.5 is common), got {epsilon}",
    ):
        PGDL2()(two_classes([1.0, 1.0, 1.0], 1.0), grey(), torch.tensor([1]), epsilon=epsilon)


@pytest.mark.parametrize(
    ("attack", "settings", "message"),
    [
        (MIFGSM, {"decay": -1.0}, "decay must be at least 0, got -1.0"),
        (CW, {"confidence": -0.5}, "confidence must be at least 0, got -0.5"),
        (CW, {"searches": 0}, "searches must be at least 1, got 0"),
        (CW, {"constant": 0.0}, "constant must be above 0, got 0.0"),
        (APGDDLR, {"candidates": -1}, "candidates must be at least 0, got -1"),
        (Square, {"share": 0.0}, "share must be above 0, got 0.0"),
        (AutoAttackLite, {"candidates": 0}, "candidates must be at least 1, got 0"),
        (AutoAttackLite, {"queries": 0}, "queries must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(
    attack: type[Attack], settings: dict[str, float], message: str
) -> None:
    with raises(BadInput, message):
        attack(**settings)
