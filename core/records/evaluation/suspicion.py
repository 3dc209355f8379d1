"""How well suspicion finds attacks: `detection.json` beside the weights it was measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from core.records.evaluation.report import Report

ALPHA = 0.01  # the level that shares of flagged images are for
DETECTION_HEAD = (
    "misread by",
    "images",
    "AUROC",
    "AUROC of max-softmax",
    "found at 1 % of clean",
    "flagged",
)


@dataclass(frozen=True)
class FamilyFigures:
    """One way in which images are misread.

    images: how many, misread as saved in 8 bit; auroc: of the strangeness, and of one less the
    largest probability, against clean images; found: share above the strangeness that 1 % of
    these clean images reach; flagged: share with p <= ALPHA.
    """

    title: str
    images: int
    auroc: float
    softmax_auroc: float
    found: float
    flagged: float


@dataclass(frozen=True)
class Detection(Report):
    """How well suspicion tells misread images from others.

    clean: images read right, untouched; tracks: physical signs among them; false_positive_rate:
    of clean images at p <= ALPHA; families: attackers who do not know of it; errors: clean
    images that are misread, None if there are none; adaptive: an attacker who does know it,
    tried: how many images he took on.
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


def detection_rows(detection: Detection) -> list[tuple[str, ...]]:
    """Title, images, AUROC, AUROC of max-softmax, found at 1 %, flagged: as card and page list
    them."""
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
