"""Figures of attacks: every number in them is one of the data."""

from dataclasses import replace

import numpy as np
import pytest

from core.attacks.lab import Lab
from core.labels import class_name
from core.model.predictor import Predictor
from core.plots import attacks
from core.records.attacks import AttackPlan, Rate
from tests.support.images import blocks


def test_the_path_shows_both_confidences(predictor: Predictor) -> None:
    plan = AttackPlan("pgd", epsilon=8 / 255, steps=5)
    (result,) = Lab(predictor).attack(plan, [blocks(1)], None)
    true, goal = attacks.path(result).data
    assert np.array_equal(true.x, result.path[:, 0])
    assert np.array_equal(true.y, result.path[:, 1])
    assert np.array_equal(goal.y, result.path[:, 2])
    assert true.name == class_name(result.label)
    assert goal.name == "strongest wrong class"


@pytest.mark.parametrize(
    ("last", "stride"), [(1, 1), (3, 1), (10, 1), (11, 2), (50, 5), (100, 10), (1000, 100)]
)
def test_ticks_of_a_path_are_whole_steps(predictor: Predictor, last: int, stride: int) -> None:
    (result,) = Lab(predictor).attack(AttackPlan("fgsm", epsilon=0.1), [blocks(1)], None)
    traced = replace(result, path=np.array([[0, 0.9, 0.1], [last, 0.1, 0.9]]))
    assert attacks.path(traced).layout.xaxis.dtick == stride


def test_success_by_class_is_a_share_of_what_counts() -> None:
    saved, before = attacks.success_by_class({1: Rate(4, 3, 2), 2: Rate(1, 1, 0)}).data
    assert list(saved.y) == [class_name(2), class_name(1)]
    assert list(saved.x) == [0, 0.5]
    assert list(before.x) == [1, 0.75]
    assert [list(each) for each in saved.customdata] == [[0, 1], [2, 4]]


def test_the_matrix_shows_correct_predictions_in_another_colour() -> None:
    (matrix,) = attacks.confusion_matrix({(1, 1): 3, (1, 14): 2, (2, 14): 5}).data
    assert list(matrix.y) == [class_name(2), class_name(1)]
    assert list(matrix.x) == [class_name(1), class_name(14)]
    assert [list(line) for line in matrix.z] == [[0, 5], [-3, 2]]
    assert (matrix.zmin, matrix.zmax) == (-5, 5)
    assert [list(line) for line in matrix.text] == [["", "5"], ["3", "2"]]


@pytest.mark.parametrize("levels", [1, 8, 64])
def test_the_preview_uses_the_whole_budget_and_no_more(levels: int) -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    noisy = attacks.budget_preview(grey, levels / 255, "linf")
    assert set(np.unique(noisy)) == {128 - levels, 128 + levels}
    assert np.array_equal(noisy, attacks.budget_preview(grey, levels / 255, "linf"))


def test_the_preview_of_an_l2_budget_has_its_length() -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    change = (attacks.budget_preview(grey, 2.0, "l2").astype(float) - grey) / 255
    assert np.linalg.norm(change) == pytest.approx(2.0, rel=0.05)
