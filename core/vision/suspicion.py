"""How suspicious is a single prediction? A conformal p-value of the logit margin, two-sided.

Weakly moved examples (DeepFool) sit next to a boundary, so their margin is smaller than on clean
images; strongly pushed ones (PGD) are more certain than any clean image, so it is larger. Beside
it stands the trust rule: top three classes from unrelated sign groups, each below 50 %.
An attacker who knows the calibration can aim at an ordinary margin and get round it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.labels import class_name, label
from core.types import Suspicion

CALIBRATION_FILE = "suspicion.json"


@dataclass(frozen=True)
class MarginCalibration:
    """margins: (n,) sorted logit margins of clean calibration images, none of them trained on."""

    margins: NDArray[np.float64]

    @staticmethod
    def fit(logits: NDArray[np.float32]) -> MarginCalibration:
        """From the logits (n, classes) of clean images."""
        return MarginCalibration(np.sort(margin(logits)))

    def write(self, directory: Path) -> None:
        """Write suspicion.json into the model's folder."""
        values = [round(float(value), 4) for value in self.margins]
        (directory / CALIBRATION_FILE).write_text(json.dumps({"margins": values}) + "\n")

    @staticmethod
    def read(directory: Path) -> MarginCalibration | None:
        """The calibration beside a model; None where the model has none (imported weights)."""
        path = directory / CALIBRATION_FILE
        if not path.is_file():
            return None
        try:
            margins = np.asarray(json.loads(path.read_text())["margins"], dtype=np.float64)
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path} is not a calibration file: {error}") from error
        if margins.ndim != 1 or len(margins) == 0 or not np.isfinite(margins).all():
            raise BadInput(f"{path}: `margins` must be a list of finite numbers")
        return MarginCalibration(np.sort(margins))

    def ranks(self, value: float) -> tuple[float, float]:
        """Conformal p-values (too small, too large), each (1 + count) / (n + 1)."""
        count = len(self.margins)
        smaller = int(np.searchsorted(self.margins, value, side="right"))
        larger = count - int(np.searchsorted(self.margins, value, side="left"))
        return (1 + smaller) / (count + 1), (1 + larger) / (count + 1)


def margin(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Largest minus second largest logit: (n, classes) -> (n,)."""
    two = np.partition(logits.astype(np.float64), -2, axis=1)[:, -2:]
    largest_gap: NDArray[np.float64] = two[:, 1] - two[:, 0]
    return largest_gap


def unrelated(probabilities: NDArray[np.float32]) -> bool:
    """The trust rule on (classes,): top three from three sign groups, each below 50 %."""
    top = np.argsort(-probabilities, kind="stable")[:3]
    groups = {label(int(class_id)).group for class_id in top}
    return len(groups) == 3 and float(probabilities[top[0]]) < 0.5


def judge(
    logits: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    calibration: MarginCalibration | None,
    alpha: float,
) -> Suspicion:
    """Suspicion of one prediction: logits and probabilities (classes,); alpha in [0, 1]."""
    reasons: list[str] = []
    p_value = 1.0
    if calibration is not None:
        small, large = calibration.ranks(float(margin(logits[None])[0]))
        p_value = min(1.0, 2 * min(small, large))
        if p_value <= alpha:
            reasons.append(_margin_reason(probabilities, small, large))
    if unrelated(probabilities):
        reasons.append("top three from unrelated sign groups, each below 50 %")
    return Suspicion(p_value, bool(reasons), tuple(reasons))


def _margin_reason(probabilities: NDArray[np.float32], small: float, large: float) -> str:
    first, second = (int(k) for k in np.argsort(-probabilities, kind="stable")[:2])
    if small < large:
        return (
            f"undecided between {class_name(first)} and {class_name(second)}: "
            f"closer than on {_share(1 - small)} of clean images"
        )
    return f"more certain of {class_name(first)} than on {_share(1 - large)} of clean images"


def _share(value: float) -> str:
    """A share below 1, never rounded up to 100 %."""
    return "more than 99.9%" if value > 0.999 else f"{value:.1%}"
