"""The rules on one window: what they measure, what they say, and when they cannot."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.rules.distances import (
    chi_squared_p_value,
    furthest_class,
    linf_robust,
    linf_simple,
)
from core.monitoring.rules.window import (
    WINDOW_RULES,
    CategoricalValues,
    ChiSquared,
    ClassShare,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
    WindowRule,
)
from core.records.monitoring import Outcome, RuleState, Violation, WindowFigures
from tests.support.expect import raises

EVEN = Baseline(4, {0: 100, 1: 100, 2: 100, 3: 100})
counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


def figures(counts: dict[int, int], **changes: Any) -> WindowFigures:
    values: dict[str, Any] = {"total": sum(counts.values()), "counts": counts}
    values |= {"mean_confidence": 0.9, "low_confidence": 0, "flagged": 0}
    return WindowFigures(**values | changes)


def says(outcome: Outcome) -> tuple[RuleState, float | None, str]:
    return outcome.state, outcome.figure, outcome.sentence


# Distances


def test_distances_by_hand() -> None:
    window = {0: 60, 1: 20, 5: 20}
    baseline = {0: 100, 1: 100}
    assert linf_simple(window, baseline) == pytest.approx(0.3)  # class 1: 0.2 against 0.5
    allowance = 1.8 * math.sqrt((100 + 200) / (100 * 200))
    assert linf_robust(window, baseline) == pytest.approx(0.3 - allowance)
    assert linf_robust({0: 1}, baseline) == 0


def test_the_class_that_differs_most_has_that_distance() -> None:
    assert furthest_class({0: 60, 1: 20, 5: 20}, {0: 100, 1: 100}) == 1
    assert furthest_class({3: 1}, {2: 1}) == 2


def test_chi_squared_by_hand() -> None:
    # Expected 50 and 50, seen 60 and 40: 2 * 100 / 50 = 4 with one degree of freedom.
    assert chi_squared_p_value({0: 60, 1: 40}, {0: 9, 1: 9}) == pytest.approx(chi2.sf(4, 1))


def test_rare_classes_are_joined_before_chi_squared() -> None:
    # Expected 88, 8, 3, 1: two of four are below 5, so 1 joins 3; then 4 joins 8 (a third of three
    # is too many); the two left, 88 and 12, are large enough.
    window, baseline = {0: 90, 1: 10}, {0: 88, 1: 8, 2: 3, 3: 1}
    expected = (90 - 88) ** 2 / 88 + (10 - 12) ** 2 / 12
    assert chi_squared_p_value(window, baseline) == pytest.approx(chi2.sf(expected, 1))


def test_chi_squared_needs_two_classes() -> None:
    assert chi_squared_p_value({0: 100}, {0: 5}) is None
    assert chi_squared_p_value({0: 3, 1: 3}, {0: 5, 1: 5}) is None
    assert chi_squared_p_value({7: 100}, {0: 5, 1: 5}) is None


@given(counts, counts)
def test_distances_keep_their_ranges(window: dict[int, int], baseline: dict[int, int]) -> None:
    simple, robust = linf_simple(window, baseline), linf_robust(window, baseline)
    assert 0 <= robust <= simple <= 1
    assert linf_simple(baseline, baseline) == 0
    p_value = chi_squared_p_value(window, baseline)
    assert p_value is None or 0 <= p_value <= 1


# Rules


def test_the_class_share_in_the_words_of_the_blog() -> None:
    outcome = ClassShare(0.5)(figures({14: 322, 1: 78}), None)
    words = "Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    assert outcome == Outcome(
        "class share (SageMaker-compatible)",
        RuleState.VIOLATED,
        0.805,
        0.5,
        words,
        (Violation("PredictedClass", "baseline_drift_check", words),),
    )
    held = ClassShare(0.5)(figures({14: 50, 1: 50}), None)
    assert says(held) == (RuleState.HOLDS, 0.5, "Class 1 holds the largest share, 50.00%")
    assert held.violations == ()


def test_completeness() -> None:
    partly = figures({1: 9}, total=10, unreadable=1)
    words = "90.00% of 10 records could be read"
    violated = Completeness(1.0)(partly, None)
    assert says(violated) == (RuleState.VIOLATED, 0.9, words)
    assert violated.violations == (
        Violation(
            "PredictedClass", "completeness_check", "1 of 10 records (10.00%) could not be read"
        ),
    )
    assert says(Completeness(0.9)(partly, None)) == (RuleState.HOLDS, 0.9, words)


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


def test_classes_outside_the_domain() -> None:
    window = figures({0: 96, 7: 3, 5: 1})
    violated = CategoricalValues(1.0)(window, EVEN)
    words = (
        "Only 96.00% of predictions are of the 4 classes of the baseline, expected at least "
        "100.00%; unknown: 5, 7"
    )
    assert says(violated) == (RuleState.VIOLATED, 0.96, words)
    assert violated.violations == (Violation("PredictedClass", "categorical_values_check", words),)
    held = CategoricalValues(0.9)(window, EVEN)
    assert says(held) == (RuleState.HOLDS, 0.96, "96.00% of predictions are of known classes")


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


def test_one_prediction_is_too_few_for_chi_squared() -> None:
    assert ChiSquared(0.1)(figures({1: 1}), EVEN).sentence == (
        "Not computed: fewer than two classes are expected often enough to compare"
    )


# The table


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
