"""The attack lab."""

import numpy as np

from core.records.attacks import AttackPlan
from core.services import Services
from tests.support.images import blocks


def test_images_are_attacked_with_the_model_that_serves(signwatch: Services) -> None:
    pixels = blocks(1)
    (before,) = signwatch.model.predict([pixels])
    reported: list[tuple[int, int, str]] = []
    (result,) = signwatch.lab.attack(
        AttackPlan("pgd", epsilon=8 / 255, steps=3, seed=1),
        [pixels],
        None,
        progress=lambda *report: reported.append(report),
    )
    assert result.eligible
    assert result.success
    assert np.abs(result.adversarial.astype(int) - pixels).max() <= 8
    (after,) = signwatch.model.predict([result.adversarial])
    assert after.class_id != before.class_id
    assert reported[-1][:2] == (3, 3)
