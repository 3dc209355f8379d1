"""The verdict: on saved images, through the public predict path."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.attacks import (
    ATTACKS,
    FGSM,
    AttackResult,
    DeepFool,
)
from tests.support.attacked import (
    call,
    every_attack,
    far_from_every_boundary,
    random_pixels,
    read,
    small_resnet,
    two_classes,
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


def test_a_summary_by_hand() -> None:
    distances = np.array([0.1, 0.2, 0.4, 0.8, 0.05])
    result = AttackResult(
        attack="pgd",
        epsilon=0.03,
        adversarial=np.zeros((5, 1, 1, 3), np.uint8),
        pixels=torch.zeros(5, 3, 1, 1),
        eligible=np.array([True, True, True, True, False]),
        success_before_rounding=np.array([True, True, True, False, False]),
        success=np.array([True, False, True, False, False]),
        steps=np.ones(5, np.int64),
        linf=distances,
        l2=2 * distances,
        psnr=np.zeros(5),
    )
    assert result.summary() == {
        "attack": "pgd",
        "epsilon": 0.03,
        "images": 5,
        "eligible": 4,
        "successes_before_rounding": 3,
        "successes": 2,
        "success_rate_before_rounding": 0.75,
        "success_rate": 0.5,
        "median_linf": pytest.approx(0.25),
        "median_l2": pytest.approx(0.5),
    }


def test_the_verdict_before_and_after_rounding_by_hand() -> None:
    # FGSM by 1.4 levels, so by one as an image. Class 1 where red falls below the clean 100 less
    # 1.2, 0.9 and 2: exactly alone, both, and neither.
    limits = [98.8, 99.1, 98.0]
    for limit, exactly, saved in zip(
        limits, (True, True, False), (False, True, False), strict=True
    ):
        classifier = two_classes([-255.0, 0.0, 0.0], limit)
        pixels = torch.full((2, 3, 1, 1), 100 / 255)
        pixels[1, 0] = 140 / 255
        result = FGSM()(classifier, pixels, torch.tensor([0, 0]), epsilon=1.4 / 255)
        assert result.success_before_rounding.tolist() == [exactly, False]
        assert result.success.tolist() == [saved, False]
        assert result.adversarial[:, 0, 0].tolist() == [[99, 100, 100], [139, 100, 100]]
        assert (result.pixels[:, 0].flatten() * 255).tolist() == pytest.approx([98.6, 138.6])


def test_distances_of_each_image_by_hand() -> None:
    # Class 1 where all colours together are dark; each image changes by its own levels at the edge.
    classifier = two_classes([-25.5, -25.5, -25.5], 0.35)
    pixels = torch.tensor([[100.0, 100, 100], [3, 100, 100], [0, 0, 4]]).view(3, 3, 1, 1) / 255
    result = FGSM()(classifier, pixels, torch.tensor([0, 0, 0]), epsilon=6 / 255)
    assert result.linf * 255 == pytest.approx([6, 6, 4])
    assert result.l2 * 255 == pytest.approx([math.sqrt(108), 9, 4])
    mean_squares = [36, 27, 16 / 3]
    assert result.psnr == pytest.approx([10 * math.log10(255**2 / each) for each in mean_squares])
    assert result.success.tolist() == [False, False, True]


def test_what_counts_is_decided_by_the_image_and_by_the_target() -> None:
    # Class 1 above 100.2 levels of red: 100.4 is 100 as an image, and 99.6 too; 100.6 is 101.
    classifier = two_classes([255.0, 0.0, 0.0], -100.2)
    pixels = torch.full((4, 3, 1, 1), 0.2)
    pixels[:, 0, 0, 0] = torch.tensor([100.4, 99.6, 100.6, 100.6]) / 255
    labels = torch.tensor([0, 1, 1, 0])
    assert FGSM()(classifier, pixels, labels, epsilon=0.01).eligible.tolist() == [
        True,
        False,
        True,
        False,
    ]
    aimed = FGSM()(classifier, pixels, labels, epsilon=0.01, target=torch.tensor([0, 0, 0, 1]))
    assert aimed.eligible.tolist() == [False, False, True, False]
