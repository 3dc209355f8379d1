"""Suspicion of single predictions: a conformal p-value, and the reasons in words.

`Calibration` defines the scores. The trust rule flags as well: the top three classes are from
unrelated sign groups, each below 50 %. An adaptive attacker, who includes the scores in the
optimisation, can evade both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.labels import class_name, label
from core.model.suspicion.calibration import Calibration, Values
from core.model.suspicion.features import Outputs
from core.model.suspicion.transforms import TRANSFORMS
from core.records.captures import Suspicion

UNRELATED = "top three from unrelated sign groups, each below 50 %"


def judge(
    outputs: Outputs,
    probabilities: NDArray[np.float32],
    calibration: Calibration | None,
    alpha: float,
) -> list[Suspicion]:
    """Suspicion of n images.

    Parameters
    ----------
    outputs
        Of the images and, where there is a calibration, of their transforms.
    probabilities
        (n, classes), calibrated.
    calibration
        None: the trust rule alone flags, and there are no p-values.
    alpha
        In [0, 1]; images with p <= alpha are flagged.
    """
    judged = calibration and calibration.judge(outputs)
    found = []
    for row, shares in enumerate(probabilities):
        reasons = []
        if calibration and judged and judged.p_values[row] <= alpha:
            logs = {name: float(values[row]) for name, values in judged.logs.items()}
            for name in _extreme(logs, alpha):
                value, reference = float(judged.scores[name][row]), calibration.references[name]
                reasons.append(_WORDS[name](outputs, row, value, reference))
        if unrelated(shares):
            reasons.append(UNRELATED)
        p_value = float(judged.p_values[row]) if judged else None
        found.append(Suspicion(p_value, bool(reasons), tuple(reasons)))
    return found


def _extreme(logs: dict[str, float], alpha: float) -> list[str]:
    """Names of scores with p <= alpha, smallest first; if there is none, of the smallest."""
    order = sorted(logs, key=lambda name: logs[name])
    return [name for name in order if np.exp(logs[name]) <= alpha] or order[:1]


def unrelated(probabilities: NDArray[np.float32]) -> bool:
    """The trust rule for probabilities (classes,): top three groups differ, each below 50 %."""
    top = np.argsort(-probabilities, kind="stable")[:3]
    groups = {label(int(class_id)).group for class_id in top}
    return len(groups) == 3 and float(probabilities[top[0]]) < 0.5


def _features(outputs: Outputs, row: int, value: float, reference: Values) -> str:
    shown = label(int(outputs.logits[row].argmax())).name
    return f"unlike {shown} signs in the features: further than {_below(reference, value)}"


def _inconsistency(outputs: Outputs, row: int, value: float, reference: Values) -> str:
    own = int(outputs.logits[row].argmax())
    for name, copy in zip(TRANSFORMS, outputs.transformed, strict=True):
        other = int(copy[row].argmax())
        if other != own:
            return f"flips to {class_name(other)} under {name}"
    return f"less sure under {_transforms()}: by more than {_below(reference, value)}"


def _margin(outputs: Outputs, row: int, value: float, reference: Values) -> str:
    first, second = (int(k) for k in np.argsort(-outputs.logits[row], kind="stable")[:2])
    if value < np.median(reference):
        return (
            f"undecided between {class_name(first)} and {class_name(second)}: "
            f"closer than {_above(reference, value)}"
        )
    return f"more certain of {class_name(first)} than {_below(reference, value)}"


def _change(outputs: Outputs, row: int, value: float, reference: Values) -> str:
    if value < np.median(reference):
        return f"steadier under {_transforms()} than {_above(reference, value)}"
    return f"loses its lead under {_transforms()}: by more than {_below(reference, value)}"


_WORDS = {
    "features": _features,
    "inconsistency": _inconsistency,
    "margin": _margin,
    "change": _change,
}


def _transforms() -> str:
    return " and ".join(TRANSFORMS)


def _below(reference: Values, value: float) -> str:
    """The share of clean images with a smaller score, in words."""
    return _images(float((reference < value).mean()))


def _above(reference: Values, value: float) -> str:
    """The share of clean images with a larger score, in words."""
    return _images(float((reference > value).mean()))


def _images(share: float) -> str:
    if share == 1:
        return "any clean image"
    return f"{'more than 99.9%' if share > 0.999 else f'{share:.1%}'} of clean images"
