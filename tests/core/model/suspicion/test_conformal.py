"""P-values beside clean scores: worked by hand, counted, and uniform."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.suspicion.conformal import conformal, log_two_sided, log_upper

TEN = np.arange(11.0)  # its 0.9 quantile is 9, above which only 10 lies, 1 further
finite = st.floats(-1e6, 1e6)


def test_ranks_count_the_value_itself() -> None:
    reference = np.array([1.0, 2.0, 3.0, 4.0])
    values = np.array([0.5, 2.0, 2.5, 4.0, 4.5])
    assert conformal(reference, values).tolist() == [5 / 5, 4 / 5, 3 / 5, 2 / 5, 1 / 5]


@given(st.lists(finite, min_size=1, max_size=50), finite)
def test_ranks_are_what_counting_gives(clean: list[float], value: float) -> None:
    (p_value,) = conformal(np.sort(clean), np.array([value]))
    assert p_value == (1 + sum(each >= value for each in clean)) / (len(clean) + 1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40, unique=True))
def test_p_values_are_uniform_on_scores_like_the_calibration(scores: list[float]) -> None:
    """Whichever of exchangeable scores is the new one: every rank comes up once."""
    found = [
        conformal(np.sort(scores[:new] + scores[new + 1 :]), np.array([scores[new]]))[0]
        for new in range(len(scores))
    ]
    ranks = np.arange(1, len(scores) + 1) / len(scores)
    assert np.sort(found) == pytest.approx(ranks)


@given(st.lists(st.integers(0, 3).map(float), min_size=2, max_size=20), st.floats(0, 1))
def test_ties_flag_no_more_than_alpha(scores: list[float], alpha: float) -> None:
    found = [
        conformal(np.sort(scores[:new] + scores[new + 1 :]), np.array([scores[new]]))[0]
        for new in range(len(scores))
    ]
    assert np.mean(np.array(found) <= alpha) <= alpha


def test_smooth_p_values_are_ranks_up_to_the_tail_and_exponential_in_it() -> None:
    logs = log_upper(TEN, np.array([-1.0, 5.0, 9.0, 10.0, 11.0, 1009.0]))
    expected = [
        np.log(12 / 12),
        np.log(7 / 12),
        np.log(3 / 12),
        np.log(0.1) - 1,
        np.log(0.1) - 2,
        np.log(0.1) - 1000,
    ]
    assert logs == pytest.approx(expected)


def test_the_tail_falls_with_the_mean_excess() -> None:
    # Of 0 to 20 the 0.9 quantile is 18; 19 and 20 exceed it by 1.5 on average.
    assert log_upper(np.arange(21.0), np.array([21.0])) == pytest.approx([np.log(0.1) - 3 / 1.5])


def test_where_all_are_alike_there_is_no_tail() -> None:
    assert np.exp(log_upper(np.ones(3), np.array([1.0, 5.0]))) == pytest.approx([1.0, 0.25])


def test_two_sided_p_values_take_the_odder_side_twice() -> None:
    logs = log_two_sided(TEN, np.array([-1.0, 5.0, 11.0, 9.0]))
    expected = [np.log(0.2) - 2, 0.0, np.log(0.2) - 2, np.log(6 / 12)]
    assert logs == pytest.approx(expected)
