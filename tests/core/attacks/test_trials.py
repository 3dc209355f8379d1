"""Trials: what is refused beforehand, what a result says, what counts in rates."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core.attacks.trials import (
    Plan,
    Rate,
    Trial,
    compare,
    in_one_sentence,
    rates_by_class,
    readings,
    run,
    size_in_words,
)
from core.errors import Cancelled
from core.model.predictor import Predictor
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.records import make_prediction


def make_trial(
    predictor: Predictor,
    label: int,
    read_as: int,
    *,
    eligible: bool = True,
    before_rounding: bool = True,
    success: bool = True,
) -> Trial:
    (made,) = run(predictor, Plan("fgsm", epsilon=8 / 255), [blocks(1)], None)
    crafted = replace(
        made.crafted,
        label=label,
        eligible=eligible,
        success=eligible and success,
        success_before_rounding=eligible and before_rounding,
    )
    return replace(made, crafted=crafted, after=make_prediction(read_as))


def test_what_would_show_nothing_is_objected_to() -> None:
    plan = Plan("pgd", target=14)
    assert plan.objection(label=1, read_as=1) is None
    assert plan.objection(label=1, read_as=2) == (
        "This sign is 1 Speed limit 30 km/h, and the classifier reads 2 Speed limit 50 km/h "
        "without any attack. Take another image."
    )
    assert plan.objection(label=14, read_as=14) == (
        "14 Stop is what the sign is and what it shall be read as. "
        "Take another target or another image."
    )
    assert Plan("pgd").objection(label=14, read_as=14) is None


def test_one_image_keeps_its_path_and_its_predictions(predictor: Predictor) -> None:
    (trial,) = run(predictor, Plan("pgd", epsilon=8 / 255, steps=5), [blocks(1)], None)
    clean, adversarial = predictor.predict([blocks(1), trial.crafted.adversarial])
    assert trial.crafted.label == trial.before.class_id == clean.class_id
    assert trial.after.class_id == adversarial.class_id
    assert trial.crafted.path is not None
    assert trial.crafted.path[0, 0] == 0
    changed = np.any(trial.crafted.adversarial != blocks(1), axis=2)
    assert trial.changed == changed.mean()


def test_plans_are_compared_in_order_with_one_progress(predictor: Predictor) -> None:
    reports: list[tuple[int, int]] = []
    plans = [Plan("fgsm", epsilon=8 / 255), Plan("pgd", epsilon=2 / 255, steps=3)]
    label = predictor.predict([blocks(2)])[0].class_id
    trials = compare(
        predictor,
        plans,
        blocks(2),
        label,
        progress=lambda done, total, text: reports.append((done, total)),
    )
    assert [trial.plan for trial in trials] == plans
    shares = [done / total for done, total in reports]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_cancel_goes_through_to_the_attack(predictor: Predictor) -> None:
    plan = Plan("pgd", epsilon=8 / 255, steps=4)
    with raises(Cancelled, "PGD was cancelled after 0 of 4 steps; no image was kept"):
        run(predictor, plan, [blocks(1)], None, cancelled=lambda: True)


def test_rates_and_readings_count_what_is_eligible(predictor: Predictor) -> None:
    trials = [
        make_trial(predictor, 1, 14),
        make_trial(predictor, 1, 1, success=False),
        make_trial(predictor, 2, 2, success=False, before_rounding=False),
        make_trial(predictor, 3, 5, eligible=False),
    ]
    assert Rate.of(trials) == Rate(eligible=3, before_rounding=2, saved=1)
    assert rates_by_class(trials) == {1: Rate(2, 2, 1), 2: Rate(1, 0, 0)}
    assert readings(trials) == Counter({(1, 14): 1, (1, 1): 1, (2, 2): 1})


def test_the_size_of_a_change_in_words(predictor: Predictor) -> None:
    trial = make_trial(predictor, 1, 14)
    assert size_in_words(trial) == "at most 8 of 255 levels per colour value"
    spot = trial.crafted.clean.copy()
    spot[:4, :8] = 255 - spot[:4, :8]
    small = replace(trial, crafted=replace(trial.crafted, adversarial=spot, linf=200 / 255))
    assert size_in_words(small) == (
        "at most 200 of 255 levels per colour value, in 3.1% of the pixels"
    )
    still = replace(trial, crafted=replace(trial.crafted, adversarial=trial.crafted.clean, linf=0))
    assert size_in_words(still) == "nothing was changed"


@pytest.mark.parametrize(
    ("success", "before_rounding", "said"),
    [
        (
            True,
            True,
            "The sign still shows **1 Speed limit 30 km/h**. The change is at most 8 of "
            "255 levels per colour value, and the classifier now reads **14 Stop** with ",
        ),
        (
            False,
            True,
            "The change worked only on exact numbers: saved as an image file, where "
            "every value is rounded to a whole level, the classifier reads **14 Stop** with ",
        ),
        (False, False, "The classifier was not fooled: it still reads **14 Stop** with "),
    ],
)
def test_a_result_in_one_sentence(
    success: bool, before_rounding: bool, said: str, predictor: Predictor
) -> None:
    trial = make_trial(predictor, 1, 14, success=success, before_rounding=before_rounding)
    assert in_one_sentence(trial).startswith(said)
    assert f"{trial.after.confidence:.1%} confidence" in in_one_sentence(trial)
