"""Every window rule on one window; those that the constraints choose decide its status.

Model Monitor compares by one method, which constraints.json names. The other methods are shown
beside it, for comparison: each more rule that decides would be one more source of false alarms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import Constraints
from core.monitoring.formats.monitoring_config import MonitoringConfig
from core.monitoring.rules import (
    WINDOW_RULES,
    CategoricalValues,
    ChiSquared,
    ClassShare,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)
from core.monitoring.rules.outcomes import not_computed
from core.records.monitoring import Execution, Outcome, WindowFigures

_DISTANCE = MonitoringConfig().categorical_comparison_threshold
# What rules are compared with that the constraints do not choose.
BESIDE: dict[type[WindowRule], float] = {
    Completeness: 1.0,
    LInfinitySimple: _DISTANCE,
    LInfinityRobust: _DISTANCE,
    ChiSquared: _DISTANCE,
    CategoricalValues: MonitoringConfig().domain_content_threshold,
}
WITHOUT_BASELINE = (ClassShare, Completeness)


@dataclass(frozen=True)
class Against:
    """What windows are compared with: a baseline and its constraints, or nothing.

    problem: why the baseline that was chosen does not serve; it is None then.
    """

    baseline: Baseline | None = None
    constraints: Constraints = Constraints.suggested(Baseline(0, {}))
    baseline_id: str | None = None
    problem: str = ""


NOTHING = Against()


def rules_in_force(against: Against, threshold: float) -> tuple[tuple[WindowRule, bool], ...]:
    """Every rule with its parameter, and whether it decides. threshold: the class share's."""
    chosen: dict[type[WindowRule], WindowRule] = {
        type(rule): rule for rule in (*against.constraints.rules(), ClassShare(threshold))
    }
    return tuple(
        (chosen[kind], True) if kind in chosen else (kind(BESIDE[kind]), False)
        for kind in WINDOW_RULES.values()
    )


def outcomes(figures: WindowFigures, against: Against, threshold: float) -> Iterator[Outcome]:
    """The outcome of every rule on a window, the class share first."""
    for rule, decides in rules_in_force(against, threshold):
        yield replace(outcome(rule, figures, against), decides=decides)


def outcome(rule: WindowRule, figures: WindowFigures, against: Against) -> Outcome:
    """The outcome of one rule on a window."""
    if against.problem and not isinstance(rule, WITHOUT_BASELINE):
        return not_computed(rule.name, rule.threshold, against.problem)
    return rule(figures, against.baseline)


def classes_in_question(execution: Execution, expected: Mapping[int, int]) -> list[int]:
    """Every class above the threshold, then those that alarms name; else the one that gained most.

    expected: class id -> predictions of the baseline that the window was compared with; empty where
    there was none, and then the class that gained most is the one predicted most. [] for a window
    without predictions, and for one that was never read.
    """
    shares = execution.figures.shares() if execution.figures else {}
    above = [class_id for class_id, share in shares.items() if share > execution.threshold]
    named = [k for each in execution.outcomes if each.decides for k in each.class_ids]
    if above or named or not shares:
        return list(dict.fromkeys([*above, *named]))
    total = sum(expected.values()) or 1
    return [max(shares, key=lambda class_id: shares[class_id] - expected.get(class_id, 0) / total)]
