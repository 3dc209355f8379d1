"""Distances between class counts of a window and of a baseline, as Model Monitor measures them.

The definitions are those of its analyser, Deequ (com.amazon.deequ.analyzers.Distance).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from scipy.stats import chisquare, hypergeom

Counts = Mapping[int, int]
# Two-sample Kolmogorov-Smirnov critical value at alpha = .003 (Knuth, TAOCP 2, 3.3.1, eq. 15).
ROBUST_C = 1.8
MIN_EXPECTED, MIN_EXPECTED_OF_TWO = 5, 10
SMALL_SHARE = 0.2


def linf_simple(window: Counts, baseline: Counts) -> float:
    """Largest difference of a class's share, in [0, 1]. Neither side may be empty."""
    n, m = sum(window.values()), sum(baseline.values())
    classes = window.keys() | baseline.keys()
    return max(abs(window.get(k, 0) / n - baseline.get(k, 0) / m) for k in classes)


def furthest_class(window: Counts, baseline: Counts) -> int:
    """The class whose share differs most, as in `linf_simple`; the lowest id of several."""
    n, m = sum(window.values()), sum(baseline.values())
    classes = sorted(window.keys() | baseline.keys())
    return max(classes, key=lambda k: abs(window.get(k, 0) / n - baseline.get(k, 0) / m))


def linf_robust(window: Counts, baseline: Counts) -> float:
    """`linf_simple` less what chance explains: max(0, d - 1.8 sqrt((n + m) / (n m)))."""
    n, m = sum(window.values()), sum(baseline.values())
    return max(0.0, linf_simple(window, baseline) - ROBUST_C * sqrt((n + m) / (n * m)))


def chi_squared_p_value(window: Counts, baseline: Counts) -> float | None:
    """p-value of the window's counts under the baseline's shares; None with one class only.

    Deequ leaves out classes that the baseline lacks. Here they are a test of their own, by Fisher's
    exact one: of as many predictions of such classes, all fall into the window. With them, the
    result is twice the smaller of the two p-values (Bonferroni), at most 1.

    The rarest class is joined to the next rarest while expected counts are too small: more than a
    fifth of them below 5 (Yates, Moore and McCabe), or any below 10 where two are left (Cochran).
    """
    known = _of_known_classes(window, baseline)
    unseen = unseen_predictions(window, baseline)
    if not unseen:
        return known
    n, m = sum(window.values()), sum(baseline.values())
    alone = float(hypergeom.pmf(unseen, n + m, unseen, n))
    return alone if known is None else min(1.0, 2 * min(known, alone))


def unseen_predictions(window: Counts, baseline: Counts) -> int:
    """How many predictions are of classes that the baseline never had."""
    return sum(count for k, count in window.items() if not baseline.get(k))


def _of_known_classes(window: Counts, baseline: Counts) -> float | None:
    total = sum(window.get(k, 0) for k in baseline)
    scale = total / sum(baseline.values())
    groups = sorted((count * scale, window.get(k, 0)) for k, count in baseline.items() if count)
    while len(groups) > 1 and _too_small([expected for expected, _ in groups]):
        (first, seen), (second, seen_too), *rest = groups
        groups = sorted([(first + second, seen + seen_too), *rest])
    if len(groups) < 2:
        return None
    expected, observed = zip(*groups, strict=True)
    return float(chisquare(observed, expected).pvalue)


def _too_small(expected: list[float]) -> bool:
    if len(expected) == 2:
        return min(expected) < MIN_EXPECTED_OF_TWO
    return sum(each < MIN_EXPECTED for each in expected) > int(SMALL_SHARE * len(expected))
