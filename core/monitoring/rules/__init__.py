"""Rules that a run evaluates: one file a rule on the window, and one line in a table.

- `WINDOW_RULES`: the rules on the figures of one window, by name
- `in_force`: which of them decide, by the constraints, and the outcomes of all
- `volume`: traffic that stopped or doubled, compared with the windows before
- `descriptions`: what each rule means, for people
"""

from core.monitoring.rules.base import FEATURE, NO_BASELINE, WindowRule
from core.monitoring.rules.baseline_drift import ChiSquared, LInfinityRobust, LInfinitySimple
from core.monitoring.rules.categorical_values import CategoricalValues
from core.monitoring.rules.class_share import ClassShare
from core.monitoring.rules.completeness import Completeness

WINDOW_RULES: dict[str, type[WindowRule]] = {
    rule.name: rule
    for rule in (
        ClassShare,
        Completeness,
        LInfinitySimple,
        LInfinityRobust,
        ChiSquared,
        CategoricalValues,
    )
}

__all__ = [
    "FEATURE",
    "NO_BASELINE",
    "WINDOW_RULES",
    "CategoricalValues",
    "ChiSquared",
    "ClassShare",
    "Completeness",
    "LInfinityRobust",
    "LInfinitySimple",
    "WindowRule",
]
