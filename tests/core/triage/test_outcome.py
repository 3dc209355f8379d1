"""Precision and level of the flag, on cases that are worked out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.records.verdicts import GivenVerdict, Verdict
from core.store import CaptureLog
from core.triage.outcome import FEWEST, Reviewed, precision, suggest
from core.triage.verdicts import Verdicts
from tests.core.triage.conftest import delete, put
from tests.core.triage.test_session import ADA

RIGHT, WRONG = Verdict.ADVERSARIAL, Verdict.FALSE_POSITIVE


def reviewed(
    p_values: list[float], verdicts: list[Verdict], groups: NDArray[np.int64] | None = None
) -> Reviewed:
    return Reviewed(np.array(p_values, dtype=np.float64), tuple(verdicts), groups)


def test_precision_counts_verdicts() -> None:
    verdicts = [RIGHT, Verdict.MODEL_WRONG, Verdict.NOT_A_SIGN, WRONG, Verdict.UNREADABLE]
    found = precision(reviewed([0.001] * 5, verdicts))
    assert (found.right, found.reviewed, found.unclear) == (3, 4, 1)
    assert found.share.mean == 0.75


def test_nothing_reviewed_is_not_computed() -> None:
    for verdicts in ([], [Verdict.UNREADABLE]):
        found = precision(reviewed([0.001] * len(verdicts), verdicts))
        assert (found.right, found.reviewed, found.unclear) == (0, 0, len(verdicts))
        assert found.share is None


def test_flags_of_one_group_count_together() -> None:
    """Twenty groups of five, in which flags are right or wrong together."""
    verdicts = [RIGHT] * 50 + [WRONG] * 50
    alone = precision(reviewed([0.001] * 100, verdicts)).share
    grouped = precision(reviewed([0.001] * 100, verdicts, np.arange(100) // 5)).share
    assert alone.mean == grouped.mean == 0.5
    assert (alone.low, alone.high) == pytest.approx((0.40, 0.60), abs=0.005)
    assert (grouped.low, grouped.high) == pytest.approx((0.29, 0.71), abs=0.02)
    assert precision(reviewed([0.001] * 3, [RIGHT] * 3, np.zeros(3, np.int64))).share.low is None


def test_too_few_verdicts_suggest_nothing() -> None:
    few = FEWEST - 1
    suggestion = suggest(reviewed([0.001] * few, [RIGHT] * few), alpha=0.01)
    assert suggestion.alpha is None
    assert suggestion.sentence == "not computed: 29 verdicts on flags by p-value, 30 are needed"


def test_the_level_falls_to_where_flags_stop_being_worth_a_review() -> None:
    p_values = [0.001] * 20 + [0.004] * 5 + [0.009] * 15
    verdicts = [RIGHT] * 20 + [RIGHT, RIGHT, RIGHT, WRONG, WRONG] + [WRONG] * 13 + [RIGHT] * 2
    suggestion = suggest(reviewed(p_values, verdicts), alpha=0.01)
    assert suggestion.alpha == 0.004
    assert suggestion.sentence == "0.004: above it 2 of 15 flags were right, fewer than 50%"


def test_a_higher_demand_lowers_the_level() -> None:
    p_values = [0.001] * 20 + [0.004] * 5 + [0.009] * 15
    verdicts = [RIGHT] * 20 + [RIGHT, RIGHT, RIGHT, WRONG, WRONG] + [WRONG] * 15
    assert suggest(reviewed(p_values, verdicts), alpha=0.01, worth=0.7).alpha == 0.001


def test_the_level_stays_where_all_flags_are_worth_a_review() -> None:
    suggestion = suggest(reviewed([0.002] * 15 + [0.01] * 15, [RIGHT] * 30), alpha=0.01)
    assert suggestion.alpha == 0.01
    assert suggestion.sentence.startswith("keep 0.01: up to it, flags are worth a review.")


def test_no_level_is_suggested_where_none_would_help() -> None:
    suggestion = suggest(reviewed([0.002] * 40, [WRONG] * 30 + [RIGHT] * 10), alpha=0.01)
    assert suggestion.alpha is None
    assert suggestion.sentence == (
        "none: at no level up to 0.01 were 50% of the flags right; a lower level does not help, a "
        "better score would"
    )


def test_a_level_is_lowered_only_where_the_verdicts_show_it() -> None:
    """2 of 5 flags right above 0.004: fewer than half, as it may come by chance."""
    verdicts = [RIGHT] * 28 + [RIGHT, RIGHT, WRONG, WRONG, WRONG]
    suggestion = suggest(reviewed([0.001] * 28 + [0.004] * 5, verdicts), alpha=0.01)
    assert suggestion.alpha == 0.01
    assert suggestion.sentence == (
        "keep 0.01: the 33 verdicts do not show that fewer than 50% of the flags at some level "
        "are right"
    )
    many = reviewed([0.001] * 28 + [0.004] * 15, [RIGHT] * 28 + [WRONG] * 15)
    assert suggest(many, alpha=0.01).alpha == 0.001
    in_a_group = reviewed(
        [0.001] * 28 + [0.004] * 15, [RIGHT] * 28 + [WRONG] * 15, np.r_[np.arange(28), [99] * 15]
    )
    assert suggest(in_a_group, alpha=0.01).alpha == 0.01


def test_flags_that_are_right_as_often_at_every_level_seldom_lower_it() -> None:
    """At each level half of the flags are right, as many as are demanded; 200 runs of 30."""
    rng, lowered = np.random.default_rng(0), 0
    for _ in range(200):
        verdicts = [RIGHT if right else WRONG for right in rng.random(30) < 0.5]
        found = suggest(reviewed(list(rng.uniform(0, 0.01, 30)), verdicts), alpha=0.01)
        lowered += found.alpha != 0.01
    assert lowered <= 10


def test_flags_of_the_trust_rule_do_not_move_the_level() -> None:
    by_p_value = reviewed([0.002] * 30, [RIGHT] * 30)
    with_others = reviewed([0.002] * 30 + [0.7] * 50, [RIGHT] * 30 + [WRONG] * 50)
    assert suggest(with_others, alpha=0.01) == suggest(by_p_value, alpha=0.01)


def test_flags_without_a_p_value_count_for_the_precision_alone(
    verdicts: Verdicts, log: CaptureLog
) -> None:
    verdicts.decide([put(log, None), put(log, 0.003)], GivenVerdict(Verdict.NOT_A_SIGN), by=ADA)
    found = verdicts.reviewed()
    assert np.isnan(found.p_values).tolist() == [False, True]
    assert (precision(found).right, precision(found).reviewed) == (2, 2)
    assert suggest(found, alpha=1.0).sentence == (
        f"not computed: 1 verdicts on flags by p-value, {FEWEST} are needed"
    )


def test_the_verdict_that_counts_is_reviewed(verdicts: Verdicts, log: CaptureLog) -> None:
    first, second, gone = put(log, 0.003), put(log, 0.001), put(log, 0.002)
    verdicts.decide([first], GivenVerdict(Verdict.NOT_A_SIGN), by=ADA)
    verdicts.decide([first], GivenVerdict(WRONG), by=ADA)
    verdicts.decide([second, gone], GivenVerdict(Verdict.UNREADABLE), by=ADA)
    delete(log, gone)
    found = verdicts.reviewed()
    assert found.p_values.tolist() == [0.001, 0.003]
    assert found.verdicts == (Verdict.UNREADABLE, WRONG)
    assert found.groups.tolist() == [0, 0]
