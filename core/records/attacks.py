"""Attacks: what is known of each, what somebody asks for, and what came of every image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.labels import class_name
from core.records.captures import Prediction

LEVELS = 255
FEW_PIXELS = 0.5  # share of changed pixels below which a summary names it
# Attacks measured by area, or not at all, keep their own bounds and take no epsilon.
Norm = Literal["linf", "l2", "area", "none"]


@dataclass(frozen=True)
class AttackInfo:
    """What pages, the command line and the documents say of an attack.

    name: key in `core.attacks.ATTACKS`; explanation: one sentence; source: the paper; norm: how the
    change is measured; takes_epsilon: whether a budget is given in the call; targeted: whether it
    can aim; family: strongest within a budget, smallest change that works, or what happens to real
    signs; needs_gradients: whether it needs more than logits; default_epsilon: a common budget.
    """

    name: str
    title: str
    explanation: str
    formula: str
    source: str
    norm: Norm
    takes_epsilon: bool
    targeted: bool
    family: Literal["budget", "smallest", "physical"] = "budget"
    needs_gradients: bool = True
    default_epsilon: float | None = None


@dataclass(frozen=True)
class AttackPlan:
    """An attack that somebody asks for.

    attack: name in `core.attacks.ATTACKS`; target: the class to be predicted, None: any wrong one;
    epsilon: the budget in the unit of the attack's norm, None: its default; steps: None: its
    default; persistent: take all steps, although the image is misclassified already.
    """

    attack: str
    target: int | None = None
    epsilon: float | None = None
    steps: int | None = None
    seed: int = 0
    persistent: bool = False

    @property
    def goal(self) -> str:
        """`14 Stop`, or any wrong class."""
        return "any wrong class" if self.target is None else class_name(self.target)

    def objection(self, label: int, predicted: int) -> str | None:
        """Why an attack on a sign of class `label`, predicted as `predicted`, shows nothing."""
        if predicted != label:
            return (
                f"The classifier predicts {class_name(predicted)} for this {class_name(label)} "
                "sign without an attack. Choose another image."
            )
        if self.target == label:
            return (
                f"{class_name(label)} is the true class already. "
                "Choose another target or another image."
            )
        return None


@dataclass(frozen=True, eq=False)
class AttackedImage:
    """One image before and after an attack, both (height, width, 3) uint8.

    plan: what was asked for; label: the true class; eligible: the clean image is classified
    correctly and is not of the target class; success_before_rounding: judged on exact numbers;
    success: judged on the 8-bit image, saved and read again; steps: used; linf and l2 of the 8-bit
    images in pixels of [0, 1], psnr in dB; before, after: predictions of both images; path: None
    unless traced, (points, 3): step, confidence of the true class, confidence of the target or of
    the strongest wrong class.
    """

    plan: AttackPlan
    clean: NDArray[np.uint8]
    adversarial: NDArray[np.uint8]
    label: int
    eligible: bool
    success_before_rounding: bool
    success: bool
    steps: int
    linf: float
    l2: float
    psnr: float
    before: Prediction
    after: Prediction
    path: NDArray[np.float64] | None = None

    @property
    def changed(self) -> float:
        """The share of pixels that differ at all, in [0, 1]."""
        return float(np.any(self.adversarial != self.clean, axis=2).mean())

    @property
    def size(self) -> str:
        """`at most 8 of 255 levels per colour value`; if few pixels changed, also how many."""
        levels = round(self.linf * LEVELS)
        if levels == 0:
            return "nothing changed"
        size = f"at most {levels} of {LEVELS} levels per colour value"
        if self.changed < FEW_PIXELS:
            size += f", in {self.changed:.1%} of the pixels"
        return size

    @property
    def sentence(self) -> str:
        """What happened, for somebody who has never heard of it."""
        predicted = f"**{class_name(self.after.class_id)}** ({self.after.confidence:.1%})"
        if self.success:
            return (
                f"The sign still shows **{class_name(self.label)}**, and the classifier predicts "
                f"{predicted}. The change: {self.size}."
            )
        if self.success_before_rounding:
            return (
                "The attack works on exact numbers only. In the saved image every value is a whole "
                f"level, and the classifier predicts {predicted}."
            )
        return f"The attack failed: the classifier predicts {predicted}. Goal: {self.plan.goal}."


@dataclass(frozen=True)
class Rate:
    """Of `eligible` images, how many are misclassified before rounding and as saved PNG."""

    eligible: int
    before_rounding: int
    saved: int

    @staticmethod
    def of(results: Sequence[AttackedImage]) -> Rate:
        """Counts images classified correctly before the attack, target class excluded."""
        return Rate(
            sum(each.eligible for each in results),
            sum(each.success_before_rounding for each in results),
            sum(each.success for each in results),
        )


def rates_by_class(results: Sequence[AttackedImage]) -> dict[int, Rate]:
    """True class -> rate, in the order of classes; those without an eligible image left out."""
    labels = sorted({each.label for each in results if each.eligible})
    return {k: Rate.of([each for each in results if each.label == k]) for k in labels}


def confusions(results: Sequence[AttackedImage]) -> Counter[tuple[int, int]]:
    """(true class, class predicted for the saved image) -> count, among eligible images."""
    return Counter((each.label, each.after.class_id) for each in results if each.eligible)
