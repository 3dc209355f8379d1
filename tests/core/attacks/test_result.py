"""The verdict: on saved images, through the public predict path."""

from __future__ import annotations

import numpy as np
import pytest

from core.attacks import (
    ATTACKS,
    DeepFool,
)
from tests.support.attacked import (
    call,
    every_attack,
    far_from_every_boundary,
    random_pixels,
    read,
    small_resnet,
)


@every_attack
def test_success_is_what_the_public_predict_path_says(name: str) -> None:
    classifier, pixels = small_resnet(2), random_pixels(8, 2)
    labels = read(classifier, pixels)
    info = ATTACKS[name].info
    ample = {"epsilon": {"linf": 0.2, "l2": 2.0}[info.norm]} if info.takes_epsilon else {}
    for target in (None, 1) if info.targeted else (None,):
        result = call(name, classifier, pixels, labels, target=target, **ample)
        classes = classifier.predict_logits(list(result.adversarial)).argmax(axis=1)
        hit = classes != labels.numpy() if target is None else classes == target
        assert np.array_equal(result.success, result.eligible & hit)
        assert result.success.any()


def test_the_summary_counts_and_takes_medians_over_successes() -> None:
    classifier, pixels, labels = far_from_every_boundary()
    labels[1] = 3
    result = DeepFool()(classifier, pixels, labels)
    assert result.summary() == {
        "attack": "deepfool",
        "epsilon": None,
        "images": 3,
        "eligible": 2,
        "successes_before_rounding": 2,
        "successes": 2,
        "success_rate_before_rounding": 1.0,
        "success_rate": 1.0,
        "median_linf": pytest.approx((result.linf[0] + result.linf[2]) / 2),
        "median_l2": pytest.approx((result.l2[0] + result.l2[2]) / 2),
    }
