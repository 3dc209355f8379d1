"""How well suspicion finds attacks: `detection.json` beside the weights it was measured on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import BadInput

DETECTION_FILE = "detection.json"
ALPHA = 0.01  # the level that shares of flagged pictures are for


@dataclass(frozen=True)
class FamilyFigures:
    """One way in which pictures are misread.

    images: how many, misread as saved in 8 bit; auroc: of the strangeness, and of one less the
    largest probability, against clean pictures; found: share above the strangeness that 1 % of
    these clean pictures reach; flagged: share with p <= ALPHA.
    """

    title: str
    images: int
    auroc: float
    softmax_auroc: float
    found: float
    flagged: float


@dataclass(frozen=True)
class Detection:
    """What was measured of suspicion, on which weights and which pictures.

    clean: pictures read right, untouched; tracks: physical signs among them; false_positive_rate:
    of clean pictures at p <= ALPHA; families: attackers who do not know of it; errors: clean
    pictures that are misread, None if there are none; adaptive: an attacker who does know it,
    tried: how many pictures he took on; measured_on: ISO 8601 date, UTC.
    """

    weights_sha256: str
    data: str
    fold: str
    seed: int
    measured_on: str
    clean: int
    tracks: int
    false_positive_rate: float
    families: tuple[FamilyFigures, ...]
    errors: FamilyFigures | None
    adaptive: FamilyFigures | None
    tried: int

    def measures(self, sha256: str) -> bool:
        """Whether the weights of that checksum are those that it was measured on."""
        return self.weights_sha256 == sha256

    def write(self, directory: Path) -> None:
        """Write detection.json into `directory`, which is made if need be."""
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / DETECTION_FILE).write_text(text + "\n")

    @staticmethod
    def read(directory: Path) -> Detection | None:
        """What is in `directory`, None where there is nothing; BadInput if it is damaged."""
        path = directory / DETECTION_FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text())
            for name in ("errors", "adaptive"):
                values[name] = values[name] and FamilyFigures(**values[name])
            families = tuple(FamilyFigures(**each) for each in values["families"])
            return Detection(**values | {"families": families})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(
                f"{path} holds no figures of suspicion ({error}); "
                "`python -m core model detect --data PATH` makes it anew"
            ) from error


def detection_rows(detection: Detection) -> list[tuple[str, ...]]:
    """Title, pictures, AUROC, AUROC of max-softmax, found at 1 %, flagged: as card and page list
    them."""
    listed = (*detection.families, detection.errors, detection.adaptive)
    return [
        (each.title, f"{each.images:,}", f"{each.auroc:.3f}", f"{each.softmax_auroc:.3f}",
         f"{each.found:.0%}", f"{each.flagged:.0%}")
        for each in listed if each is not None
    ]  # fmt: skip
