"""Distances between class counts, worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from core.monitoring.rules.distances import (
    chi_squared_p_value,
    furthest_class,
    linf_robust,
    linf_simple,
)

counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


def test_distances_by_hand() -> None:
    window = {0: 60, 1: 20, 5: 20}
    baseline = {0: 100, 1: 100}
    assert linf_simple(window, baseline) == pytest.approx(0.3)  # class 1: 0.2 against 0.5
    allowance = 1.8 * math.sqrt((100 + 200) / (100 * 200))
    assert linf_robust(window, baseline) == pytest.approx(0.3 - allowance)
    assert linf_robust({0: 1}, baseline) == 0


def test_a_class_that_is_gone_differs_by_its_share_of_the_baseline() -> None:
    window, baseline = {0: 50, 1: 50}, {0: 80, 1: 80, 2: 240}
    assert linf_simple(window, baseline) == pytest.approx(0.6)
    assert linf_robust(window, baseline) == pytest.approx(0.6 - 1.8 * math.sqrt(500 / 40_000))
    assert furthest_class(window, baseline) == 2


def test_chi_squared_counts_a_class_that_is_gone_and_none_that_is_new() -> None:
    # Expected 20, 20 and 60 of the 100 that the baseline knows, seen 50, 50 and none.
    window, baseline = {0: 50, 1: 50, 7: 900}, {0: 80, 1: 80, 2: 240}
    expected = 2 * (50 - 20) ** 2 / 20 + 60
    assert chi_squared_p_value(window, baseline) == pytest.approx(chi2.sf(expected, 2))


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
    # Of two, each must be expected ten times; of more, five times are enough for four in five.
    assert chi_squared_p_value({0: 91, 1: 9}, {0: 91, 1: 9}) is None
    assert chi_squared_p_value({0: 90, 1: 10}, {0: 9, 1: 1}) == 1.0
    assert chi_squared_p_value({0: 50, 1: 45, 2: 5}, {0: 50, 1: 45, 2: 5}) == 1.0
    five = {0: 24, 1: 24, 2: 24, 3: 24, 4: 4}
    assert chi_squared_p_value(five | {0: 28, 1: 20}, five) == pytest.approx(chi2.sf(32 / 24, 4))
    assert chi_squared_p_value({7: 2}, {0: 4, 1: 4}) == pytest.approx(2 / 10 * 1 / 9)


@given(counts, counts)
def test_distances_keep_their_ranges(window: dict[int, int], baseline: dict[int, int]) -> None:
    simple, robust = linf_simple(window, baseline), linf_robust(window, baseline)
    assert 0 <= robust <= simple <= 1
    assert linf_simple(baseline, baseline) == 0
    p_value = chi_squared_p_value(window, baseline)
    assert p_value is None or 0 <= p_value <= 1
