"""Distances from the baseline as rules: figures, sentences, violations."""

import math

import pytest
from hypothesis import strategies as st
from scipy.stats import chi2

from core.monitoring.baseline import Baseline
from core.monitoring.rules import (
    ChiSquared,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)
from core.records.monitoring import RuleState, Violation
from tests.support.windows import EVEN, figures, says

counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


def test_drift_by_l_infinity() -> None:
    window = figures({0: 60, 1: 40})
    violated = LInfinitySimple(0.1)(window, EVEN)
    words = "Baseline drift distance: 0.3500 exceeds threshold: 0.1"
    assert says(violated) == (RuleState.VIOLATED, pytest.approx(0.35), words)
    assert violated.violations == (Violation("PredictedClass", "baseline_drift_check", words),)
    robust = 0.35 - 1.8 * math.sqrt(500 / 40_000)
    assert says(LInfinityRobust(0.2)(window, EVEN)) == (
        RuleState.HOLDS,
        pytest.approx(robust),
        f"Baseline drift distance: {robust:.4f}",
    )


def test_drift_by_chi_squared() -> None:
    p_value = chi2.sf(4, 3)  # seen 30, 30, 20, 20 of 25 each
    held = ChiSquared(0.1)(figures({0: 30, 1: 30, 2: 20, 3: 20}), EVEN)
    assert says(held) == (
        RuleState.HOLDS,
        pytest.approx(p_value),
        f"Baseline drift p-value: {p_value:.3g}",
    )
    violated = ChiSquared(0.1)(figures({0: 100}), EVEN)
    p_value = chi2.sf(300, 3)
    assert violated.sentence == f"Baseline drift p-value: {p_value:.3g} is below threshold: 0.1"
    assert violated.violations[0].constraint_check_type == "baseline_drift_check"


@pytest.mark.parametrize("counts", [{99: 30}, {3: 30}, {0: 15, 1: 15, 3: 30}])
@pytest.mark.parametrize("rule", [LInfinitySimple(0.1), LInfinityRobust(0.1), ChiSquared(0.1)])
def test_a_class_that_the_baseline_never_had_violates_every_rule(
    rule: WindowRule, counts: dict[int, int]
) -> None:
    outcome = rule(figures(counts), Baseline(4, {0: 1_000, 1: 1_000}))
    assert outcome.state is RuleState.VIOLATED


def test_chi_squared_counts_what_the_baseline_never_had() -> None:
    lacking = Baseline(4, {0: 100, 1: 100})
    p_value = 60 / 260 * 59 / 259  # both of two among 60 of 260
    held = ChiSquared(0.05)(figures({0: 29, 1: 29, 3: 2}), lacking)
    assert says(held) == (
        RuleState.HOLDS,
        pytest.approx(2 * p_value),
        f"Baseline drift p-value: {2 * p_value:.3g}; 2 of classes that the baseline never saw",
    )
    alone = ChiSquared(0.05)(figures({3: 2}), Baseline(4, {0: 8}))
    assert alone.figure == pytest.approx(2 / 10 * 1 / 9)


def test_one_prediction_is_too_few_for_chi_squared() -> None:
    assert ChiSquared(0.1)(figures({1: 1}), EVEN).sentence == (
        "Not computed: fewer than two classes are expected often enough to compare"
    )
