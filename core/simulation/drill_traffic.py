"""What a drill sends: sample signs as often as the baseline has what is read in them, and attacked
ones, few of them and often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.attacks.lab import Lab
from core.errors import BadInput
from core.images import ImageFile
from core.jobs import Progress
from core.labels import class_name
from core.model.predictor import Predictor
from core.monitoring.baseline import Baseline
from core.monitoring.drift.bins import ClassBins
from core.records.attacks import AttackPlan
from core.records.captures import Prediction, Provenance
from core.records.drills import MARK, DrillPlan
from core.samples import all_samples
from core.simulation.replay import Message

DISTINCT = 8  # attacked images; an attack costs as much as hundreds of requests
MOST_STEPS = 10  # of an attack: enough for most signs, and the others are not needed
AT_ONCE = 32  # images read between two steps of the progress
LEAST_COVERED = 0.5  # of the baseline; with less of it the signs are not its traffic


@dataclass(frozen=True)
class Sign:
    """An image, and the class that it shows."""

    image: ImageFile
    label: int


@dataclass(frozen=True, eq=False)
class Clean:
    """Signs to draw from, each with its probability; uncovered: the share of the baseline whose
    bins hold no sign.
    """

    signs: Sequence[Sign]
    shares: NDArray[np.float64]
    uncovered: float


@dataclass(frozen=True)
class Turned:
    """A sign, and what an attack made of it."""

    clean: ImageFile
    adversarial: ImageFile
    label: int


def drawn_signs() -> list[Sign]:
    """The sample signs that the project draws."""
    return [Sign(each.image(), each.class_id) for each in all_samples()]


def read(
    predictor: Predictor,
    signs: Sequence[Sign],
    *,
    progress: Progress,
    cancelled: Callable[[], None],
) -> list[Prediction]:
    """What is read in each sign. cancelled: raises where nobody waits any more."""
    predictions: list[Prediction] = []
    for start in range(0, len(signs), AT_ONCE):
        cancelled()
        part = signs[start : start + AT_ONCE]
        predictions += predictor.predict([each.image.pixels for each in part])
        progress(len(predictions), len(signs), "sample signs read")
    return predictions


def clean_traffic(
    signs: Sequence[Sign], predictions: Sequence[Prediction], baseline: Baseline
) -> Clean:
    """Every bin_id (class, and flag where the baseline tells it) as often as in the baseline.

    Raises BadInput where the signs lie in bins that make up less than LEAST_COVERED of it.
    """
    by_flag = baseline.flagged is not None
    bins = ClassBins(baseline.classes, by_flag=by_flag).of(
        np.array([each.class_id for each in predictions], dtype=np.int64),
        np.array([each.suspicion.flagged for each in predictions], dtype=bool),
    )
    usual = np.array(baseline.bin_counts(by_flag=by_flag), dtype=np.float64)
    among = np.bincount(bins, minlength=len(usual))
    weights = usual[bins] / among[bins]
    covered = float(weights.sum() / usual.sum())
    if covered < LEAST_COVERED:
        raise BadInput(
            f"the sample signs are read as classes that make up only {covered:.0%} of the "
            "baseline in force, so they cannot stand for its traffic. Make a baseline from "
            "traffic like theirs: `replay --data data/samples`, then `baseline create`"
        )
    return Clean(signs, weights / weights.sum(), 1 - covered)


def turned_signs(
    predictor: Predictor,
    plan: DrillPlan,
    signs: Sequence[Sign],
    predictions: Sequence[Prediction],
    *,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> list[Turned]:
    """Up to DISTINCT signs, read rightly before, that the attack turns to the target.

    Judged on saved images. Raises BadInput where there is none, and Cancelled.
    """
    rows = [
        row
        for row in np.random.default_rng(plan.seed).permutation(len(signs)).tolist()
        if predictions[row].class_id == signs[row].label != plan.target
    ]
    if not rows:
        raise BadInput(
            f"there is nothing to attack: of {len(signs)} sample signs none is both read rightly "
            f"and not {class_name(plan.target)}"
        )
    lab = Lab(predictor)
    default = lab.settings(plan.attack).get("steps")
    steps = min(default, MOST_STEPS) if isinstance(default, int) else None
    attack = AttackPlan(plan.attack, plan.target, steps=steps, seed=plan.seed)
    made: list[Turned] = []
    for start in range(0, len(rows), DISTINCT):
        chosen = [signs[row] for row in rows[start : start + DISTINCT]]
        results = lab.attack(
            attack,
            [each.image.pixels for each in chosen],
            [each.label for each in chosen],
            progress,
            cancelled,
        )
        made += [
            Turned(
                ImageFile.from_pixels(each.clean),
                ImageFile.from_pixels(each.adversarial),
                each.label,
            )
            for each in results
            if each.after.class_id == plan.target
        ]
        if made:
            return made
    raise BadInput(
        f"{lab.info(plan.attack).title} turned none of {len(rows)} sample signs to "
        f"{class_name(plan.target)}; choose another attack or another target"
    )


class Traffic:
    """The requests of one drill, each from a source of its own; seeded."""

    def __init__(self, drill_id: str, plan: DrillPlan, clean: Clean, turned: Sequence[Turned]):
        self._prefix = f"{MARK}{drill_id}/"
        self._plan = plan
        self._clean = clean
        self._turned = turned
        self._random = np.random.default_rng([plan.seed, 1])
        self._number = 0
        self._kept: set[str] = set()

    def quiet(self, count: int) -> list[Message]:
        """Clean requests."""
        return [self._one() for _ in range(count)]

    def attacked(self, count: int) -> list[Message]:
        """Requests of which the plan's share is attacked, by chance; the first one is."""
        first = not self._kept
        chosen = self._random.random(count) < self._plan.share
        return [
            self._turn() if hit or (first and place == 0) else self._one()
            for place, hit in enumerate(chosen.tolist())
        ]

    def _one(self) -> Message:
        row = self._random.choice(len(self._clean.signs), p=self._clean.shares)
        sign = self._clean.signs[row]
        return Message(sign.image, None, Provenance(self._source(), sign.label))

    def _turn(self) -> Message:
        """The clean image is sent along the first time, to be kept beside it."""
        one = self._turned[int(self._random.integers(len(self._turned)))]
        sha256 = one.clean.sha256
        clean = None if sha256 in self._kept else one.clean
        self._kept.add(sha256)
        provenance = Provenance(
            self._source(), one.label, self._plan.attack, self._plan.target, sha256
        )
        return Message(one.adversarial, clean, provenance)

    def _source(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number}"
