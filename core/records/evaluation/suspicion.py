"""How well suspicion finds attacks: `detection.json` beside the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from core.records.evaluation.report import Estimate, Report

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
    Their intervals are by track; in files of earlier versions there are none.
    """

    title: str
    images: int
    auroc: Estimate
    softmax_auroc: Estimate
    found: Estimate
    flagged: Estimate

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FamilyFigures:
        """The reverse of `asdict`."""
        for name in ("auroc", "softmax_auroc", "found", "flagged"):
            values[name] = Estimate.of(values[name])
        return cls(**values)


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
    false_positive_rate: Estimate
    families: tuple[FamilyFigures, ...]
    errors: FamilyFigures | None
    adaptive: FamilyFigures | None
    tried: int

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Detection:
        """The reverse of `to_json`."""
        for name in ("errors", "adaptive"):
            values[name] = values[name] and FamilyFigures.from_json(values[name])
        values["families"] = tuple(map(FamilyFigures.from_json, values["families"]))
        values["false_positive_rate"] = Estimate.of(values["false_positive_rate"])
        return cls(**values)


def evasion(detection: Detection) -> str:
    """How far the adaptive attack evades suspicion, in a sentence."""
    adaptive = detection.adaptive
    unflagged = round(adaptive.images * (1 - adaptive.flagged.mean)) if adaptive else 0
    return (
        f"An adaptive attacker can evade detection: of {detection.tried:,} images, {unflagged:,} "
        f"{'was' if unflagged == 1 else 'were'} misclassified without a flag."
    )


def clean_flagged(detection: Detection) -> str:
    """How many clean images are flagged, in a sentence."""
    rate = detection.false_positive_rate
    interval = "" if rate.low is None else f" (95 % confidence interval by track: {rate.within()})"
    return (
        f"Of {detection.clean:,} clean images of {detection.tracks:,} physical signs, "
        f"{rate.mean:.2%} are flagged at 1 %{interval}."
    )


def detection_rows(detection: Detection) -> list[tuple[str, ...]]:
    """The rows of card and page, in the columns of DETECTION_HEAD."""
    listed = (*detection.families, detection.errors, detection.adaptive)
    return [
        (
            each.title,
            f"{each.images:,}",
            f"{each.auroc.mean:.3f}",
            f"{each.softmax_auroc.mean:.3f}",
            each.found.in_percent(),
            each.flagged.in_percent(),
        )
        for each in listed
        if each is not None
    ]
