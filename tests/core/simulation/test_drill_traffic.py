"""What a drill sends."""

from collections import Counter

import numpy as np
import pytest

from core.errors import BadInput, Cancelled
from core.jobs import in_silence, never
from core.model.predictor import Predictor
from core.monitoring.baseline import Baseline
from core.records.captures import Provenance
from core.records.drills import DrillPlan
from core.simulation.drill_traffic import (
    DISTINCT,
    CleanMix,
    DrillTraffic,
    Sign,
    adversarial_signs,
    clean_mix,
    drawn_signs,
    predict_signs,
)
from core.simulation.traffic import SimulatedRequest
from tests.support.drilling import PLAN
from tests.support.records import make_prediction


def test_clean_traffic_is_drawn_as_often_as_the_baseline_has_it(
    predictor: Predictor, signs: list[Sign]
) -> None:
    missing = 42
    signs = [each for each in signs if each.label != missing]
    predictions = predictor.predict([each.image.pixels for each in signs])
    inside = [each.class_id for each in predictions]
    common, rare = list(dict.fromkeys(inside))[:2]
    baseline = Baseline(43, {common: 70, rare: 10, missing: 20})
    mix = clean_mix(signs, predictions, baseline)
    shares = {k: mix.shares[np.array(inside) == k].sum() for k in set(inside)}
    assert shares[common] == pytest.approx(70 / 80)
    assert shares[rare] == pytest.approx(10 / 80)
    assert mix.uncovered == pytest.approx(0.2)
    with pytest.raises(BadInput, match="make up only 10% of the baseline in force"):
        clean_mix(signs, predictions, Baseline(43, {rare: 1, missing: 9}))


def test_flagged_predictions_are_drawn_as_often_as_the_baseline_has_them(
    signs: list[Sign],
) -> None:
    predictions = [make_prediction(1), *[make_prediction(1, flagged=True)] * 2, make_prediction(2)]
    baseline = Baseline(43, {1: 50, 2: 40, 3: 10}, {1: 20, 3: 10})
    mix = clean_mix(signs[:4], predictions, baseline)
    # 30 unflagged ones of class 1, 20 flagged ones, 40 of class 2; nothing is predicted as 3.
    assert mix.shares == pytest.approx(np.array([30, 10, 10, 40]) / 90)
    assert mix.uncovered == pytest.approx(0.1)


@pytest.mark.parametrize("share", [0.05, 0.8, 1.0])
def test_the_plan_s_share_of_the_requests_is_attacked(share: float, signs: list[Sign]) -> None:
    mix = CleanMix(signs, np.full(len(signs), 1 / len(signs)), 0.0)
    plan = DrillPlan(share, 14, "fgsm")
    attacked = [
        SimulatedRequest(each.image, signs[-1].image, Provenance(None, 1, "fgsm", 14, str(number)))
        for number, each in enumerate(signs[:3])
    ]
    traffic = DrillTraffic("a", plan, mix, attacked)
    sent = [each for _ in range(50) for each in traffic.attacked(40)]
    hit = [each for each in sent if each.provenance.attack]
    assert len(hit) == pytest.approx(2_000 * share, abs=4 * (2_000 * share * (1 - share)) ** 0.5)
    assert Counter(each.image.sha256 for each in hit).keys() == {
        each.image.sha256 for each in signs[:3]
    }
    for each in sent:
        if not each.provenance.attack:
            assert each.provenance.label == next(
                sign.label for sign in signs if sign.image.sha256 == each.image.sha256
            )


def test_only_signs_are_attacked_that_are_classified_correctly_and_as_another_class(
    predictor: Predictor, signs: list[Sign]
) -> None:
    predictions = predictor.predict([each.image.pixels for each in signs])
    target = predictions[0].class_id
    others = [row for row, each in enumerate(predictions) if each.class_id != target]
    another = next(k for k in range(43) if k not in {each.class_id for each in predictions})
    wrong = [
        Sign(each.image, each.label if row in others[:6] else another)
        for row, each in enumerate(signs)
    ]
    made = adversarial_signs(
        predictor,
        DrillPlan(0.5, target, "fgsm"),
        wrong,
        predictions,
        progress=in_silence,
        cancelled=never,
    )
    assert made
    assert {each.provenance.clean_sha256 for each in made} <= {
        signs[row].image.sha256 for row in others[:6]
    }


def test_the_same_seed_sends_the_same_requests(predictor: Predictor, signs: list[Sign]) -> None:
    predictions = predictor.predict([each.image.pixels for each in signs])
    mix = clean_mix(signs, predictions, Baseline(43, dict.fromkeys(range(43), 9)))
    first, again, other = (
        [each.image.sha256 for each in DrillTraffic("a", plan, mix, []).clean(30)]
        for plan in (PLAN, PLAN, DrillPlan(0.5, 14, "fgsm", seed=3))
    )
    assert first == again
    assert first != other


def test_an_attacked_share_names_its_clean_image_and_keeps_it_once(
    predictor: Predictor, signs: list[Sign]
) -> None:
    predictions = predictor.predict([each.image.pixels for each in signs])
    adversarial = adversarial_signs(
        predictor, PLAN, signs, predictions, progress=in_silence, cancelled=never
    )
    assert 1 <= len(adversarial) <= DISTINCT
    after = predictor.predict([each.image.pixels for each in adversarial])
    assert {each.class_id for each in after} == {14}
    mix = CleanMix(signs, np.full(len(signs), 1 / len(signs)), 0.0)
    sent = DrillTraffic("a", PLAN, mix, adversarial).attacked(60)
    attacked = [each for each in sent if each.provenance.attack]
    assert sent[0] is attacked[0]
    assert 15 <= len(attacked) <= 45
    assert [each.provenance.source for each in sent] == [f"drill/a/{n}" for n in range(1, 61)]
    kept = [each.clean.sha256 for each in attacked if each.clean is not None]
    assert sorted(kept) == sorted({each.provenance.clean_sha256 for each in attacked})


def test_predicting_the_signs_can_be_cancelled(predictor: Predictor, signs: list[Sign]) -> None:
    reported: list[tuple[int, int, str]] = []

    def stop_if_cancelled() -> None:
        if reported:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        predict_signs(
            predictor,
            signs,
            progress=lambda *each: reported.append(each),
            stop_if_cancelled=stop_if_cancelled,
        )
    assert reported == [(32, 96, "sample signs predicted")]


def test_the_drawn_signs_are_the_samples() -> None:
    signs = drawn_signs()
    assert {each.label for each in signs} == set(range(43))
