"""How suspicious is a single prediction? A conformal p-value, and why in words.

`Calibration` says what is measured. Beside it stands the trust rule: top three classes from
unrelated sign groups, each below 50 %. All of it is for attackers who do not know of it: one who
does can make the scores part of what he optimises, and get round it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.labels import class_name, label
from core.model.suspicion.calibration import Calibration, Values
from core.model.suspicion.features import Observation
from core.model.suspicion.transforms import ALTERATIONS
from core.records.captures import Suspicion

UNRELATED = "top three from unrelated sign groups, each below 50 %"


def judge(
    seen: Observation,
    probabilities: NDArray[np.float32],
    calibration: Calibration | None,
    alpha: float,
) -> list[Suspicion]:
    """Suspicion of n images, seen with their altered copies; without a calibration, by the
    trust rule alone.

    probabilities: (n, classes), calibrated; alpha in [0, 1]: flagged at p <= alpha.
    """
    judged = calibration and calibration.judge(seen)
    found = []
    for row, shares in enumerate(probabilities):
        reasons = []
        if calibration and judged and judged.p_values[row] <= alpha:
            for name in _odd({name: float(logs[row]) for name, logs in judged.logs.items()}, alpha):
                value, reference = float(judged.scores[name][row]), calibration.references[name]
                reasons.append(_WORDS[name](seen, row, value, reference))
        if unrelated(shares):
            reasons.append(UNRELATED)
        p_value = float(judged.p_values[row]) if judged else None
        found.append(Suspicion(p_value, bool(reasons), tuple(reasons)))
    return found


def _odd(logs: dict[str, float], alpha: float) -> list[str]:
    """The scores that are odd by themselves, the oddest first; of none, the oddest."""
    order = sorted(logs, key=lambda name: logs[name])
    return [name for name in order if np.exp(logs[name]) <= alpha] or order[:1]


def unrelated(probabilities: NDArray[np.float32]) -> bool:
    """The trust rule on (classes,): top three from three sign groups, each below 50 %."""
    top = np.argsort(-probabilities, kind="stable")[:3]
    groups = {label(int(class_id)).group for class_id in top}
    return len(groups) == 3 and float(probabilities[top[0]]) < 0.5


def _features(seen: Observation, row: int, value: float, reference: Values) -> str:
    shown = label(int(seen.logits[row].argmax())).name
    return f"unlike {shown} signs in the features: further than {_below(reference, value)}"


def _inconsistency(seen: Observation, row: int, value: float, reference: Values) -> str:
    own = int(seen.logits[row].argmax())
    for name, copy in zip(ALTERATIONS, seen.altered, strict=True):
        other = int(copy[row].argmax())
        if other != own:
            return f"flips to {class_name(other)} under {name}"
    return f"less sure under {_alterations()}: by more than {_below(reference, value)}"


def _margin(seen: Observation, row: int, value: float, reference: Values) -> str:
    first, second = (int(k) for k in np.argsort(-seen.logits[row], kind="stable")[:2])
    if value < np.median(reference):
        return (
            f"undecided between {class_name(first)} and {class_name(second)}: "
            f"closer than {_above(reference, value)}"
        )
    return f"more certain of {class_name(first)} than {_below(reference, value)}"


def _change(seen: Observation, row: int, value: float, reference: Values) -> str:
    if value < np.median(reference):
        return f"steadier under {_alterations()} than {_above(reference, value)}"
    return f"loses its lead under {_alterations()}: by more than {_below(reference, value)}"


_WORDS = {
    "features": _features,
    "inconsistency": _inconsistency,
    "margin": _margin,
    "change": _change,
}


def _alterations() -> str:
    return " and ".join(ALTERATIONS)


def _below(reference: Values, value: float) -> str:
    """The clean images whose score is smaller."""
    return _images(float((reference < value).mean()))


def _above(reference: Values, value: float) -> str:
    """The clean images whose score is larger."""
    return _images(float((reference > value).mean()))


def _images(share: float) -> str:
    if share == 1:
        return "any clean image"
    return f"{'more than 99.9%' if share > 0.999 else f'{share:.1%}'} of clean images"
