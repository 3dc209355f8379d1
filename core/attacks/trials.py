"""Attacks as the lab runs them: what is asked for, what came of it, and what that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.attacks import AttackInfo, get_attack, lab
from core.attacks.lab import Crafted
from core.jobs import Progress
from core.labels import class_name
from core.model.predictor import Predictor
from core.records.captures import Prediction

LEVELS = 255
FEW_PIXELS = 0.5  # share of changed pixels below which it is told


@dataclass(frozen=True)
class Plan:
    """An attack that is asked for.

    attack: name in `ATTACKS`; target: the class to be read, None: any wrong one; epsilon: the
    budget in the unit of the attack's norm, None where it takes none; steps: None: its own;
    persistent: go on after the first misreading, for a surer one.
    """

    attack: str
    target: int | None = None
    epsilon: float | None = None
    steps: int | None = None
    seed: int = 0
    persistent: bool = False

    @property
    def info(self) -> AttackInfo:
        """What is told about the attack; raises BadInput for one that does not exist."""
        return get_attack(self.attack).info

    @property
    def goal(self) -> str:
        """`14 Stop`, or any wrong class."""
        return "any wrong class" if self.target is None else class_name(self.target)

    def objection(self, label: int, read_as: int) -> str | None:
        """Why an attack on a sign of class `label`, read as `read_as`, would show nothing."""
        if read_as != label:
            return (
                f"This sign is {class_name(label)}, and the classifier reads "
                f"{class_name(read_as)} without any attack. Take another image."
            )
        if self.target == label:
            return (
                f"{class_name(label)} is what the sign is and what it shall be read as. "
                "Take another target or another image."
            )
        return None


@dataclass(frozen=True)
class Trial:
    """One image attacked; before, after: what is read in `crafted.clean`, `.adversarial`."""

    plan: Plan
    crafted: Crafted
    before: Prediction
    after: Prediction

    @property
    def changed(self) -> float:
        """The share of pixels that were changed at all, in [0, 1]."""
        return float(np.any(self.crafted.adversarial != self.crafted.clean, axis=2).mean())


def run(
    predictor: Predictor,
    plan: Plan,
    images: Sequence[NDArray[np.uint8]],
    labels: Sequence[int] | None,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Trial]:
    """One attack on every image; labels None: each counts as what it is read as.

    Raises BadInput and Cancelled.
    """
    if labels is None:
        labels = [each.class_id for each in predictor.predict(images)]
    attack = lab.build_attack(
        plan.attack, steps=plan.steps, seed=plan.seed, stop_when_solved=not plan.persistent
    )
    crafted = lab.craft(
        predictor.classifier,
        attack,
        images,
        labels,
        epsilon=plan.epsilon,
        target=plan.target,
        progress=progress,
        cancelled=cancelled,
        trace=len(images) == 1,
    )
    before = predictor.predict([each.clean for each in crafted])
    after = predictor.predict([each.adversarial for each in crafted])
    return [Trial(plan, *each) for each in zip(crafted, before, after, strict=True)]


def compare(
    predictor: Predictor,
    plans: Sequence[Plan],
    image: NDArray[np.uint8],
    label: int,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Trial]:
    """Every plan on one image, in order; raises BadInput and Cancelled."""
    trials = []
    for number, plan in enumerate(plans):

        def report(done: int, total: int, text: str, number: int = number) -> None:
            if progress is not None:
                progress(number * total + done, len(plans) * total, text)

        trials += run(predictor, plan, [image], [label], progress=report, cancelled=cancelled)
    return trials


@dataclass(frozen=True)
class Rate:
    """Of `eligible` images, how many were misread before rounding and as saved PNG."""

    eligible: int
    before_rounding: int
    saved: int

    @staticmethod
    def of(trials: Sequence[Trial]) -> Rate:
        """Only those that were read correctly, and are not of the target class, count."""
        return Rate(
            sum(each.crafted.eligible for each in trials),
            sum(each.crafted.success_before_rounding for each in trials),
            sum(each.crafted.success for each in trials),
        )


def rates_by_class(trials: Sequence[Trial]) -> dict[int, Rate]:
    """true class -> rate, in the order of classes; those without an eligible image left out."""
    labels = sorted({each.crafted.label for each in trials if each.crafted.eligible})
    return {k: Rate.of([each for each in trials if each.crafted.label == k]) for k in labels}


def readings(trials: Sequence[Trial]) -> Counter[tuple[int, int]]:
    """(true class, class read in the saved image) -> how often, among eligible images."""
    return Counter(
        (each.crafted.label, each.after.class_id) for each in trials if each.crafted.eligible
    )


def size_in_words(trial: Trial) -> str:
    """`at most 8 of 255 levels per colour value`, and where only few pixels changed, how many."""
    levels = round(trial.crafted.linf * LEVELS)
    if levels == 0:
        return "nothing was changed"
    size = f"at most {levels} of {LEVELS} levels per colour value"
    if trial.changed < FEW_PIXELS:
        size += f", in {trial.changed:.1%} of the pixels"
    return size


def in_one_sentence(trial: Trial) -> str:
    """What happened, for somebody who has never heard of it."""
    read = f"**{class_name(trial.after.class_id)}** with {trial.after.confidence:.1%} confidence"
    sign = f"**{class_name(trial.crafted.label)}**"
    if trial.crafted.success:
        return (
            f"The sign still shows {sign}. The change is {size_in_words(trial)}, and the "
            f"classifier now reads {read}."
        )
    if trial.crafted.success_before_rounding:
        return (
            "The change worked only on exact numbers: saved as an image file, where every value "
            f"is rounded to a whole level, the classifier reads {read}."
        )
    return f"The classifier was not fooled: it still reads {read}, not {trial.plan.goal}."
