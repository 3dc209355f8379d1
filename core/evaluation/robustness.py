"""Measures accuracy under attacks and corruptions: the robustness report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.attacks import get_attack
from core.attacks.lab import attack_images
from core.datasets import Dataset, Fold
from core.errors import Cancelled
from core.jobs import IsCancelled, Progress, in_silence, never
from core.model.classifier import Classifier
from core.model.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from core.records.evaluation.robustness import (
    BUDGETS,
    CLASS_BUDGET,
    BudgetCurve,
    ClassRobustness,
    CorruptionCurve,
    Robustness,
    TargetedFigures,
)
from core.records.window import now

# One curve each; another attack is one line. The figures by class are of the first.
CURVES: dict[str, dict[str, int]] = {
    "pgd": {"steps": 40},
    "autoattack": {"steps": 25, "candidates": 2, "queries": 200},
}
TARGETED, TARGET = {"steps": 50}, 14  # PGD to Stop
PARTS = len(CURVES) * (len(BUDGETS) - 1) + 1 + len(CORRUPTIONS)
FINE = 1000  # of progress within a part

Right = NDArray[np.bool_]  # (N,), whether an image is classified correctly


def measure(
    classifier: Classifier,
    dataset: Dataset,
    *,
    fold: Fold,
    seed: int = 0,
    progress: Progress = in_silence,
    cancelled: IsCancelled = never,
) -> Robustness:
    """Attack and corrupt every image of `dataset`.

    Parameters
    ----------
    fold
        Only recorded.
    seed
        Of attacks and corruptions.
    progress
        Called with (done, total, text), often.
    cancelled
        Asked as often; True ends the measurement.

    Raises
    ------
    Cancelled
        `cancelled` returned True.
    """
    run = _Run(classifier, dataset, seed, progress, cancelled)
    clean = run.right(dataset.images)
    held = {name: run.under_attack(name, clean) for name in CURVES}
    targeted = run.to_target(clean)
    corrupted = {kind: run.under_corruption(kind) for kind in CORRUPTIONS}
    worst = min(
        ((kind, severity) for kind in CORRUPTIONS for severity in SEVERITIES),
        key=lambda place: corrupted[place[0]][place[1] - 1].mean(),
    )
    first = next(iter(CURVES))
    return Robustness(
        weights_sha256=classifier.manifest.sha256,
        data=dataset.name,
        fold=fold,
        images=len(dataset),
        seed=seed,
        measured_on=now().date().isoformat(),
        curves=tuple(
            BudgetCurve(name, get_attack(name).info.title, _shares(held[name]), settings)
            for name, settings in CURVES.items()
        ),
        targeted=targeted,
        corruptions=tuple(
            CorruptionCurve(kind, each.title, _shares(corrupted[kind]))
            for kind, each in CORRUPTIONS.items()
        ),
        worst_corruption=worst,
        per_class=_by_class(
            dataset.labels,
            clean,
            held[first][BUDGETS.index(CLASS_BUDGET)],
            corrupted[worst[0]][worst[1] - 1],
        ),
    )


class _Run:
    """One measurement and its progress."""

    def __init__(
        self,
        classifier: Classifier,
        dataset: Dataset,
        seed: int,
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._classifier, self._dataset, self._seed = classifier, dataset, seed
        self._progress, self._cancelled = progress, cancelled
        self._parts = 0  # done

    def right(self, images: Sequence[NDArray[np.uint8]]) -> Right:
        """Which versions of the set's images, one each, are classified correctly."""
        classes = self._classifier.predict_logits(images).argmax(axis=1)
        right: Right = classes == self._dataset.labels
        return right

    def under_attack(self, name: str, clean: Right) -> list[Right]:
        """Which images are still classified correctly, for each budget.

        A larger budget includes the smaller ones, so images misclassified within one are not
        attacked again.
        """
        held = [clean]
        for levels in BUDGETS[1:]:
            rows = np.flatnonzero(held[-1])
            _, _, success = self._attack(name, CURVES[name], rows, levels, None)
            after = held[-1].copy()
            after[rows] = ~success
            held.append(after)
        return held

    def to_target(self, clean: Right) -> TargetedFigures:
        """PGD to TARGET, on correctly classified images of other classes."""
        rows = np.flatnonzero(clean & (self._dataset.labels != TARGET))
        counts = self._attack("pgd", TARGETED, rows, CLASS_BUDGET, TARGET).sum(axis=1).tolist()
        return TargetedFigures(
            "pgd",
            get_attack("pgd").info.title,
            TARGET,
            CLASS_BUDGET,
            eligible=counts[0],
            successes_before_rounding=counts[1],
            successes=counts[2],
            settings=TARGETED,
        )

    def under_corruption(self, kind: str) -> list[Right]:
        """Which images are classified correctly at each severity."""
        right = []
        for severity in SEVERITIES:
            title = f"{CORRUPTIONS[kind].title} at severity {severity}"
            self._report(severity - 1, len(SEVERITIES), title)
            images = [
                corrupt(image, kind, severity=severity, seed=self._seed)
                for image in self._dataset.images
            ]
            right.append(self.right(images))
        self._finish(CORRUPTIONS[kind].title)
        return right

    def _attack(
        self,
        name: str,
        settings: dict[str, Any],
        rows: NDArray[np.int64],
        levels: int,
        target: int | None,
    ) -> NDArray[np.bool_]:
        """(3, rows): eligible, success before rounding, success as saved."""
        attack = get_attack(name)(**({"seed": self._seed} | settings))
        title = f"{attack.info.title} at {levels}/255"
        groups = attack_images(
            self._classifier,
            attack,
            [self._dataset.images[row] for row in rows],
            self._dataset.labels[rows].tolist(),
            epsilon=levels / 255,
            target=target,
            progress=lambda done, total, text: self._report(done, total, f"{title}, {text}"),
        )
        judged = np.zeros((3, len(rows)), dtype=bool)
        for places, _, result in groups:
            judged[:, places] = result.eligible, result.success_before_rounding, result.success
        self._finish(title)
        return judged

    def _report(self, done: int, total: int, text: str) -> None:
        if self._cancelled():
            raise Cancelled("the robustness report was cancelled; nothing of it was kept")
        self._progress(self._parts * FINE + FINE * done // max(total, 1), PARTS * FINE, text)

    def _finish(self, title: str) -> None:
        self._report(1, 1, title)
        self._parts += 1


def _shares(right: Sequence[Right]) -> tuple[float, ...]:
    return tuple(float(each.mean()) for each in right)


def _by_class(
    labels: NDArray[np.int64], clean: Right, attacked: Right, corrupted: Right
) -> tuple[ClassRobustness, ...]:
    return tuple(
        ClassRobustness(
            int(class_id),
            *(
                int(each[labels == class_id].sum())
                for each in (np.ones_like(clean), clean, attacked, corrupted)
            ),
        )
        for class_id in np.unique(labels)
    )
