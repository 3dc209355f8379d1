"""What a drill sends: sample signs as often as the baseline has their predictions, and attacked
ones, few of them and often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.attacks.lab import Lab
from core.errors import BadInput
from core.images import ImageFile
from core.jobs import IsCancelled, Progress
from core.labels import class_name
from core.model.predictor import Predictor
from core.monitoring.baseline import Baseline
from core.monitoring.drift.bins import ClassBins
from core.records.attacks import AttackPlan
from core.records.captures import Prediction
from core.records.drills import MARK, DrillPlan
from core.samples import all_samples
from core.simulation.traffic import SimulatedRequest, adversarial_request, clean_request

DISTINCT = 8  # attacked images; an attack costs as much as hundreds of requests
MOST_STEPS = 10  # of an attack: enough for most signs, and the others are not needed
AT_ONCE = 32  # images predicted between two reports of progress
LEAST_COVERED = 0.5  # of the baseline; with less of it the signs are not its traffic


@dataclass(frozen=True)
class Sign:
    """An image, and the class that it shows."""

    image: ImageFile
    label: int


@dataclass(frozen=True, eq=False)
class CleanMix:
    """Signs to draw from.

    Parameters
    ----------
    signs, shares
        The signs, and ``(signs,)`` the probability of each.
    uncovered
        The share of the baseline in bins without a sign.
    """

    signs: Sequence[Sign]
    shares: NDArray[np.float64]
    uncovered: float


def drawn_signs() -> list[Sign]:
    """The sample signs that the project draws."""
    return [Sign(each.image(), each.class_id) for each in all_samples()]


def predict_signs(
    predictor: Predictor,
    signs: Sequence[Sign],
    *,
    progress: Progress,
    stop_if_cancelled: Callable[[], None],
) -> list[Prediction]:
    """The prediction of each sign."""
    predictions: list[Prediction] = []
    for start in range(0, len(signs), AT_ONCE):
        stop_if_cancelled()
        part = signs[start : start + AT_ONCE]
        predictions += predictor.predict([each.image.pixels for each in part])
        progress(len(predictions), len(signs), "sample signs predicted")
    return predictions


def clean_mix(
    signs: Sequence[Sign], predictions: Sequence[Prediction], baseline: Baseline
) -> CleanMix:
    """Every bin (class, and flag where the baseline has flags) as often as in the baseline.

    Raises
    ------
    BadInput
        Where the signs lie in bins that make up less than LEAST_COVERED of the baseline.
    """
    by_flag = baseline.flagged is not None
    bins = ClassBins(baseline.classes, by_flag=by_flag).of(
        np.array([each.class_id for each in predictions], dtype=np.int64),
        np.array([each.suspicion.flagged for each in predictions], dtype=bool),
    )
    expected = np.array(baseline.bin_counts(by_flag=by_flag), dtype=np.float64)
    among = np.bincount(bins, minlength=len(expected))
    weights = expected[bins] / among[bins]
    covered = float(weights.sum() / expected.sum())
    if covered < LEAST_COVERED:
        raise BadInput(
            f"the sample signs are predicted as classes that make up only {covered:.0%} of the "
            "baseline in force, so they are no traffic like it. Create a baseline from the sample "
            "signs: `replay --data data/samples`, then `baseline create`"
        )
    return CleanMix(signs, weights / weights.sum(), 1 - covered)


def adversarial_signs(
    predictor: Predictor,
    plan: DrillPlan,
    signs: Sequence[Sign],
    predictions: Sequence[Prediction],
    *,
    progress: Progress,
    cancelled: IsCancelled,
) -> list[SimulatedRequest]:
    """Up to DISTINCT signs, classified correctly before, that the attack moves to the target.

    Judged on saved images; their source is not set yet.

    Raises
    ------
    BadInput
        Where there is none.
    Cancelled
        Once `cancelled` says so.
    """
    rows = [
        row
        for row in np.random.default_rng(plan.seed).permutation(len(signs)).tolist()
        if predictions[row].class_id == signs[row].label != plan.target
    ]
    if not rows:
        raise BadInput(
            f"there is nothing to attack: of {len(signs)} sample signs none is classified "
            f"correctly and not {class_name(plan.target)}"
        )
    lab = Lab(predictor)
    default = lab.settings(plan.attack).get("steps")
    steps = min(default, MOST_STEPS) if isinstance(default, int) else None
    attack = AttackPlan(plan.attack, plan.target, steps=steps, seed=plan.seed)
    for start in range(0, len(rows), DISTINCT):
        chosen = [signs[row] for row in rows[start : start + DISTINCT]]
        images, labels = [each.image.pixels for each in chosen], [each.label for each in chosen]
        results = lab.attack(attack, images, labels, progress, cancelled)
        made = [each for each in results if each.after.class_id == plan.target]
        if made:
            return [adversarial_request(each, MARK) for each in made]
    raise BadInput(
        f"{lab.info(plan.attack).title} moved none of {len(rows)} sample signs to "
        f"{class_name(plan.target)}. Choose another attack or another target"
    )


class DrillTraffic:
    """The requests of one drill, each from a source of its own.

    Parameters
    ----------
    drill_id, plan
        Which drill; its seed decides what is sent.
    mix
        Clean signs.
    adversarial
        What is sent instead of a share of them.
    """

    def __init__(
        self,
        drill_id: str,
        plan: DrillPlan,
        mix: CleanMix,
        adversarial: Sequence[SimulatedRequest],
    ) -> None:
        self._prefix = f"{MARK}{drill_id}/"
        self._share = plan.share
        self._mix = mix
        self._adversarial = adversarial
        self._random = np.random.default_rng([plan.seed, 1])
        self._number = 0
        self._kept: set[str | None] = set()

    def clean(self, count: int) -> list[SimulatedRequest]:
        """Clean requests."""
        return [self._clean() for _ in range(count)]

    def attacked(self, count: int) -> list[SimulatedRequest]:
        """Requests of which the plan's share is attacked, by chance; the first one is."""
        first = not self._kept
        chosen = self._random.random(count) < self._share
        return [
            self._attacked() if hit or (first and place == 0) else self._clean()
            for place, hit in enumerate(chosen.tolist())
        ]

    def _clean(self) -> SimulatedRequest:
        row = self._random.choice(len(self._mix.signs), p=self._mix.shares)
        sign = self._mix.signs[row]
        return clean_request(sign.image, sign.label, self._source())

    def _attacked(self) -> SimulatedRequest:
        """The clean image is sent along the first time, to be kept beside it."""
        one = self._adversarial[int(self._random.integers(len(self._adversarial)))]
        known = one.provenance.clean_sha256 in self._kept
        self._kept.add(one.provenance.clean_sha256)
        provenance = replace(one.provenance, source=self._source())
        return replace(one, clean=None if known else one.clean, provenance=provenance)

    def _source(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number}"
