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


def test_chi_squared_tells_of_classes_that_the_baseline_never_saw() -> None:
    lacking = Baseline(4, {0: 100, 1: 100})
    held = ChiSquared(0.1)(figures({0: 30, 1: 30, 3: 1_200}), lacking)
    assert says(held) == (
        RuleState.HOLDS,
        1.0,
        "Baseline drift p-value: 1; left out: 1,200 of classes that the baseline never saw",
    )


def test_one_prediction_is_too_few_for_chi_squared() -> None:
    assert ChiSquared(0.1)(figures({1: 1}), EVEN).sentence == (
        "Not computed: fewer than two classes are expected often enough to compare"
    )
