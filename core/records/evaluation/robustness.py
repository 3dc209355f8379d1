"""The robustness report of a set of weights: `robustness.json` beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from core.records.evaluation.report import Report

BUDGETS = (0, 1, 2, 4, 8, 16)  # levels of 255, L-infinity
CLASS_BUDGET = 8  # of the figures by class and of the targeted attack


@dataclass(frozen=True)
class BudgetCurve:
    """Accuracy under one attack: a share of all images for each budget of BUDGETS."""

    attack: str
    title: str
    accuracy: tuple[float, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetedFigures:
    """An attack to one class: how many of `eligible` images are predicted as it."""

    attack: str
    title: str
    target: int
    levels: int
    eligible: int
    successes_before_rounding: int
    successes: int
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CorruptionCurve:
    """Accuracy under one corruption: a share of all images for each severity 1..5."""

    kind: str
    title: str
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class ClassRobustness:
    """One class: its images, and how many of them are classified correctly.

    clean: unchanged; attacked: after the first attack of the curves at CLASS_BUDGET; corrupted:
    under the worst corruption of all images.
    """

    class_id: int
    images: int
    clean: int
    attacked: int
    corrupted: int


@dataclass(frozen=True)
class Robustness(Report):
    """Accuracy of a classifier on attacked and on corrupted images.

    Attacked images count as saved: rounded to 8 bit and predicted as serving predicts.
    worst_corruption: kind and severity of the lowest accuracy.
    """

    FILE: ClassVar = "robustness.json"
    HOLDS: ClassVar = "robustness report"
    COMMAND: ClassVar = "python -m core attack --report"

    images: int
    curves: tuple[BudgetCurve, ...]
    targeted: TargetedFigures
    corruptions: tuple[CorruptionCurve, ...]
    worst_corruption: tuple[str, int]
    per_class: tuple[ClassRobustness, ...]

    @property
    def worst(self) -> str:
        """`Contrast at severity 5`."""
        kind, severity = self.worst_corruption
        (title,) = (each.title for each in self.corruptions if each.kind == kind)
        return f"{title} at severity {severity}"

    def to_json(self) -> dict[str, Any]:
        """What the file holds: the budgets too."""
        return {"budgets": BUDGETS, **super().to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Robustness:
        """The reverse of `to_json`."""
        if tuple(values.pop("budgets")) != BUDGETS:
            raise ValueError(f"its budgets are not {', '.join(map(str, BUDGETS))}")
        values["curves"] = tuple(map(_curve, values["curves"]))
        values["targeted"] = TargetedFigures(**values["targeted"])
        values["corruptions"] = tuple(map(_corruption, values["corruptions"]))
        kind, severity = values["worst_corruption"]
        values["worst_corruption"] = (str(kind), int(severity))
        values["per_class"] = tuple(ClassRobustness(**each) for each in values["per_class"])
        return cls(**values)


def _curve(values: dict[str, Any]) -> BudgetCurve:
    return BudgetCurve(**values | {"accuracy": tuple(values["accuracy"])})


def _corruption(values: dict[str, Any]) -> CorruptionCurve:
    return CorruptionCurve(**values | {"accuracy": tuple(values["accuracy"])})
