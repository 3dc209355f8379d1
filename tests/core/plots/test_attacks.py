"""Figures of attacks: every number in them is one of the data."""

import numpy as np
import pytest

from core.attacks.trials import Plan, Rate, run
from core.labels import class_name
from core.model.predictor import Predictor
from core.plots import attacks
from tests.support.images import blocks


def test_the_path_shows_both_confidences(predictor: Predictor) -> None:
    (trial,) = run(predictor, Plan("pgd", epsilon=8 / 255, steps=5), [blocks(1)], None)
    true, goal = attacks.path(trial).data
    assert np.array_equal(true.x, trial.crafted.path[:, 0])
    assert np.array_equal(true.y, trial.crafted.path[:, 1])
    assert np.array_equal(goal.y, trial.crafted.path[:, 2])
    assert true.name == class_name(trial.crafted.label)
    assert goal.name == "strongest wrong class"


def test_success_by_class_is_a_share_of_what_counts() -> None:
    saved, before = attacks.success_by_class({1: Rate(4, 3, 2), 2: Rate(1, 1, 0)}).data
    assert list(saved.y) == [class_name(2), class_name(1)]
    assert list(saved.x) == [0, 0.5]
    assert list(before.x) == [1, 0.75]
    assert [list(each) for each in saved.customdata] == [[0, 1], [2, 4]]


def test_the_matrix_tells_what_stayed_right_from_what_is_misread() -> None:
    (matrix,) = attacks.reading_matrix({(1, 1): 3, (1, 14): 2, (2, 14): 5}).data
    assert list(matrix.y) == [class_name(2), class_name(1)]
    assert list(matrix.x) == [class_name(1), class_name(14)]
    assert [list(line) for line in matrix.z] == [[0, 5], [-3, 2]]
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
