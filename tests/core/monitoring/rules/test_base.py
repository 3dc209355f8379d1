"""The rules on one window: what they measure, what they say, and when they cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.rules import (
    WINDOW_RULES,
    CategoricalValues,
    ChiSquared,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)
from core.records.monitoring import RuleState
from tests.support.expect import raises
from tests.support.windows import EVEN, figures, says

counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


# Not computed
EMPTY = figures({}, mean_confidence=None)


@pytest.mark.parametrize("rule", WINDOW_RULES.values(), ids=lambda rule: rule.__name__)
def test_an_empty_window_is_not_computed(rule: type[WindowRule]) -> None:
    outcome = rule(0.5)(EMPTY, EVEN)
    what = "record" if rule is Completeness else "prediction"
    assert says(outcome) == (
        RuleState.NOT_COMPUTED,
        None,
        f"Not computed: the window holds no {what}",
    )
    assert outcome.violations == ()
    assert outcome.threshold == 0.5


@pytest.mark.parametrize("rule", [LInfinitySimple, LInfinityRobust, ChiSquared, CategoricalValues])
def test_without_a_baseline_nothing_is_compared(rule: type[WindowRule]) -> None:
    assert says(rule(0.5)(figures({1: 1}), None)) == (
        RuleState.NOT_COMPUTED,
        None,
        "Not computed: there is no baseline to compare with. Create one first",
    )


@pytest.mark.parametrize("rule", [LInfinitySimple, LInfinityRobust, ChiSquared])
def test_an_empty_baseline_compares_with_nothing(rule: type[WindowRule]) -> None:
    assert rule(0.5)(figures({1: 1}), Baseline(4, {})).sentence == (
        "Not computed: the baseline holds no prediction. Create it anew"
    )


@pytest.mark.parametrize("rule", WINDOW_RULES.values(), ids=lambda rule: rule.__name__)
def test_every_rule_says_what_it_is(rule: type[WindowRule]) -> None:
    assert rule.name and rule.parameter and rule.explanation.endswith(".")
    for odd in (0, -0.1, 1.5, float("nan")):
        with raises(BadInput, f"{rule.name}: {rule.parameter} must lie in (0, 1], got {odd}"):
            rule(odd)


@given(counts, st.sampled_from(sorted(WINDOW_RULES)), st.floats(0.001, 1))
def test_a_violated_rule_has_violations_and_no_other_has(
    window: dict[int, int], name: str, threshold: float
) -> None:
    outcome = WINDOW_RULES[name](threshold)(figures(window), EVEN)
    assert bool(outcome.violations) == (outcome.state is RuleState.VIOLATED)
    assert (outcome.figure is None) == (outcome.state is RuleState.NOT_COMPUTED)
