"""Plans and results of attacks: what is refused beforehand, what a result says, what counts."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.records.attacks import AttackedImage, AttackPlan, Rate, confusions, rates_by_class
from tests.support.records import make_prediction


def make_result(label: int, predicted: int, **changes: Any) -> AttackedImage:
    """An image of grey whose every value moved by 8 levels."""
    clean = np.full((32, 32, 3), 128, np.uint8)
    values: dict[str, Any] = {
        "plan": AttackPlan("fgsm", epsilon=8 / 255),
        "clean": clean,
        "adversarial": clean + np.uint8(8),
        "label": label,
        "eligible": True,
        "success_before_rounding": True,
        "success": True,
        "steps": 1,
        "linf": 8 / 255,
        "l2": 8 / 255 * np.sqrt(clean.size),
        "psnr": 30.0,
        "before": make_prediction(label),
        "after": make_prediction(predicted, 0.75),
    }
    return AttackedImage(**values | changes)


def test_an_attack_that_shows_nothing_is_objected_to() -> None:
    plan = AttackPlan("pgd", target=14)
    assert plan.objection(label=1, predicted=1) is None
    assert plan.objection(label=1, predicted=2) == (
        "The classifier predicts 2 Speed limit 50 km/h for this 1 Speed limit 30 km/h sign "
        "without an attack. Choose another image."
    )
    assert plan.objection(label=14, predicted=14) == (
        "14 Stop is the true class already. Choose another target or another image."
    )
    assert AttackPlan("pgd").objection(label=14, predicted=14) is None


def test_the_goal_of_a_plan() -> None:
    assert AttackPlan("pgd", target=14).goal == "14 Stop"
    assert AttackPlan("pgd").goal == "any wrong class"


def test_rates_and_confusions_count_what_is_eligible() -> None:
    results = [
        make_result(1, 14),
        make_result(1, 1, success=False),
        make_result(2, 2, success=False, success_before_rounding=False),
        make_result(3, 5, eligible=False, success=False, success_before_rounding=False),
    ]
    assert Rate.of(results) == Rate(eligible=3, before_rounding=2, saved=1)
    assert rates_by_class(results) == {1: Rate(2, 2, 1), 2: Rate(1, 0, 0)}
    assert confusions(results) == Counter({(1, 14): 1, (1, 1): 1, (2, 2): 1})


def test_the_size_of_a_change_in_words() -> None:
    result = make_result(1, 14)
    assert result.changed == 1
    assert result.size == "at most 8 of 255 levels per colour value"
    spot = result.clean.copy()
    spot[:4, :8] = 255 - spot[:4, :8]
    small = replace(result, adversarial=spot, linf=200 / 255)
    assert small.size == "at most 200 of 255 levels per colour value, in 3.1% of the pixels"
    still = replace(result, adversarial=result.clean, linf=0)
    assert still.size == "nothing changed"


@pytest.mark.parametrize(
    ("success", "before_rounding", "sentence"),
    [
        (
            True,
            True,
            "The sign still shows **1 Speed limit 30 km/h**, and the classifier predicts "
            "**14 Stop** (75.0%). The change: at most 8 of 255 levels per colour value.",
        ),
        (
            False,
            True,
            "The attack works on exact numbers only. In the saved image every value is a whole "
            "level, and the classifier predicts **14 Stop** (75.0%).",
        ),
        (
            False,
            False,
            "The attack failed: the classifier predicts **14 Stop** (75.0%). "
            "Goal: any wrong class.",
        ),
    ],
)
def test_a_result_in_one_sentence(success: bool, before_rounding: bool, sentence: str) -> None:
    result = make_result(1, 14, success=success, success_before_rounding=before_rounding)
    assert result.sentence == sentence
