"""How well suspicion finds attacks: `detection.json` beside the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from core.records.evaluation.report import Report

ALPHA = 0.01  # the level that shares of flagged images are for
DETECTION_HEAD = (
    "misclassified by",
    "images",
    "AUROC",
    "AUROC of max-softmax",
    "found at 1 % of clean",
    "flagged",
)


@dataclass(frozen=True)
class FamilyFigures:
    """Images misclassified in one way, saved in 8 bit, against clean ones.

    auroc: of the combined score; softmax_auroc: of 1 minus the largest probability; found: share
    above the combined score that 1 % of the clean images exceed; flagged: share with p <= ALPHA.
    """

    title: str
    images: int
    auroc: float
    softmax_auroc: float
    found: float
    flagged: float


@dataclass(frozen=True)
class Detection(Report):
    """How well suspicion separates misclassified images from clean ones.

    clean: unchanged images that are classified correctly; tracks: physical signs among them;
    false_positive_rate: share of clean images with p <= ALPHA; families: attacks that ignore
    suspicion; errors: images misclassified without an attack, None if there are none; adaptive:
    an attack that evades suspicion, on `tried` images.
    """

    FILE: ClassVar = "detection.json"
    HOLDS: ClassVar = "figures of suspicion"
    COMMAND: ClassVar = "python -m core model detect --data PATH"

    clean: int
    tracks: int
    false_positive_rate: float
    families: tuple[FamilyFigures, ...]
    errors: FamilyFigures | None
    adaptive: FamilyFigures | None
    tried: int

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Detection:
        """The reverse of `to_json`."""
        for name in ("errors", "adaptive"):
            values[name] = values[name] and FamilyFigures(**values[name])
        values["families"] = tuple(FamilyFigures(**each) for each in values["families"])
        return cls(**values)


def evasion(detection: Detection) -> str:
    """How far the adaptive attack evades suspicion, in a sentence."""
    adaptive = detection.adaptive
    unflagged = round(adaptive.images * (1 - adaptive.flagged)) if adaptive else 0
    return (
        f"An adaptive attacker can evade detection: of {detection.tried:,} images, {unflagged:,} "
        f"{'was' if unflagged == 1 else 'were'} misclassified without a flag."
    )


def detection_rows(detection: Detection) -> list[tuple[str, ...]]:
    """The rows of card and page, in the columns of DETECTION_HEAD."""
    listed = (*detection.families, detection.errors, detection.adaptive)
    return [
        (
            each.title,
            f"{each.images:,}",
            f"{each.auroc:.3f}",
            f"{each.softmax_auroc:.3f}",
            f"{each.found:.0%}",
            f"{each.flagged:.0%}",
        )
        for each in listed
        if each is not None
    ]
