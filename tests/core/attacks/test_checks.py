"""What an attack refuses, with the whole message."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from core.attacks import (
    APGDDLR,
    CW,
    FGSM,
    MIFGSM,
    PGD,
    PGDL2,
    Attack,
    AutoAttackLite,
    DeepFool,
    Shadow,
    Spatial,
    Square,
    Sticker,
)
from core.attacks.checks import (
    check_classes,
    check_count,
    check_epsilon,
    check_pixels,
    read_target,
)
from core.errors import BadInput
from tests.support.attacked import EPSILON, call, every_attack, grey, small_resnet, two_classes
from tests.support.expect import raises

PIXELS = torch.full((2, 3, 10, 10), 0.5)


LABELS = torch.tensor([0, 1])


REFUSED = [
    (
        {"pixels": PIXELS[0]},
        "pixels must be (batch, 3, height, width) with at least one image, got (3, 10, 10); "
        "`core.model.classifier.to_tensor` makes them from images",
    ),
    (
        {"pixels": PIXELS[:0], "labels": LABELS[:0]},
        "pixels must be (batch, 3, height, width) with at least one image, got (0, 3, 10, 10); "
        "`core.model.classifier.to_tensor` makes them from images",
    ),
    (
        {"pixels": PIXELS.double()},
        "pixels must be float32 in [0, 1], got torch.float64; convert them first",
    ),
    (
        {"pixels": PIXELS * 255},
        "pixels must lie in [0, 1], got 127.5..127.5; divide 8-bit levels by 255",
    ),
    (
        {"pixels": PIXELS * torch.nan},
        "pixels must lie in [0, 1], got nan..nan; divide 8-bit levels by 255",
    ),
    (
        {"labels": LABELS[:1]},
        "labels must be (2,) int64, one class an image, got (1,) torch.int64",
    ),
    (
        {"labels": LABELS.int()},
        "labels must be (2,) int64, one class an image, got (2,) torch.int32",
    ),
    ({"labels": LABELS + 5}, "labels must lie in 0..5, the model's classes, got 5..6"),
    ({"target": 6}, "target must lie in 0..5, the model's classes, got 6..6"),
    ({"target": -1}, "target must lie in 0..5, the model's classes, got -1..-1"),
    (
        {"target": torch.tensor([1, 2, 3])},
        "target must be (2,) int64, one class an image, got (3,) torch.int64",
    ),
    (
        {"target": 1.5},
        "target must be (2,) int64, one class an image, got (2,) torch.float32",
    ),
]


@every_attack
@pytest.mark.parametrize(("wrong", "message"), REFUSED)
def test_wrong_data_is_refused(name: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as error:
        call(name, small_resnet(), **({"pixels": PIXELS, "labels": LABELS} | wrong))
    assert str(error.value) == message


@pytest.mark.parametrize("epsilon", [None, 0, -0.1, 1.5, math.nan])
def test_epsilon_out_of_range_is_refused(epsilon: float | None) -> None:
    with pytest.raises(BadInput) as error:
        PGD()(small_resnet(), PIXELS, LABELS, epsilon=epsilon)
    assert str(error.value) == (
        "PGD needs an epsilon in (0, 1], the largest change of a pixel (8 levels are 8/255), "
        f"got {epsilon}"
    )


def test_what_lies_on_the_border_is_taken() -> None:
    info = {attack: attack.info for attack in (PGD, PGDL2)}
    check_epsilon(info[PGD], 1, 300)
    check_epsilon(info[PGD], 1e-9, 300)
    check_epsilon(info[PGDL2], math.sqrt(300), 300)
    check_classes("labels", torch.tensor([0, 5]), 2, 6)
    check_pixels(torch.tensor([0.0, 1.0, 0.5]).view(1, 3, 1, 1))
    check_count("steps", 1)
    assert read_target(5, 2, 6, torch.device("cpu")).tolist() == [5, 5]
    assert read_target(torch.tensor([0, 5]), 2, 6, torch.device("cpu")).tolist() == [0, 5]
    assert read_target(None, 2, 6, torch.device("cpu")) is None
    sizes = (Sticker(area=0.25, step_size=1), Spatial(max_angle=180, max_shift=0.5))
    assert (sizes[0].area, sizes[1].max_shift) == (0.25, 0.5)
    assert (MIFGSM(decay=0).decay, CW(confidence=0).confidence, Shadow(tries=2).tries) == (0, 0, 2)


def test_an_epsilon_that_nobody_reads_is_refused() -> None:
    with pytest.raises(BadInput) as error:
        DeepFool()(small_resnet(), PIXELS, LABELS, epsilon=0.5)
    assert str(error.value) == ("DeepFool takes no epsilon; leave it out, got 0.5")


def test_a_target_for_an_attack_that_cannot_aim_is_refused() -> None:
    class Aimless(FGSM):
        info = replace(FGSM.info, title="Aimless", targeted=False)

    with pytest.raises(BadInput) as error:
        Aimless()(small_resnet(), PIXELS, LABELS, epsilon=EPSILON, target=2)
    assert str(error.value) == "Aimless has no targeted form; leave target out, got 2"


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: PGD(steps=0), "steps must be at least 1, got 0"),
        (lambda: PGD(restarts=0), "restarts must be at least 1, got 0"),
        (lambda: PGD(step_size=0.0), "step_size must be above 0, got 0.0"),
        (lambda: DeepFool(steps=-3), "steps must be at least 1, got -3"),
        (lambda: DeepFool(overshoot=math.nan), "overshoot must be above 0, got nan"),
        (lambda: DeepFool(candidates=0), "candidates must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(refused: Callable[[], Attack], message: str) -> None:
    with pytest.raises(BadInput) as error:
        refused()
    assert str(error.value) == message


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
def test_settings_of_gradient_and_query_attacks_are_refused(
    attack: type[Attack], settings: dict[str, float], message: str
) -> None:
    with raises(BadInput, message):
        attack(**settings)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: Sticker(steps=0), "steps must be at least 1, got 0"),
        (lambda: Sticker(views=0), "views must be at least 1, got 0"),
        (lambda: Sticker(area=0.3), "area must lie in (0, 0.25] of the image, got 0.3"),
        (lambda: Sticker(step_size=0.0), "step_size must lie in (0, 1], got 0.0"),
        (lambda: Shadow(steps=0), "steps must be at least 1, got 0"),
        (lambda: Shadow(tries=1), "tries must be at least 2, got 1"),
        (lambda: Shadow(lightness=1.0), "lightness must lie in (0, 1), got 1.0"),
        (lambda: Spatial(steps=0), "steps must be at least 1, got 0"),
        (lambda: Spatial(angles=0), "angles must be at least 1, got 0"),
        (lambda: Spatial(max_angle=0.0), "max_angle must lie in (0, 180] degrees, got 0.0"),
        (lambda: Spatial(max_shift=0.6), "max_shift must lie in (0, 0.5] of the side, got 0.6"),
    ],
)
def test_settings_of_physical_attacks_are_refused(
    refused: Callable[[], Attack], message: str
) -> None:
    with raises(BadInput, message):
        refused()
