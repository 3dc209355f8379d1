"""P-values beside clean scores: worked by hand, counted, and uniform."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.suspicion.conformal import Smooth, TwoSided, Values, conformal

TEN = np.arange(11.0)  # its 0.9 quantile is 9, above which only 10 lies, 1 further
finite = st.floats(-1e6, 1e6)


def p_values(clean: Values, values: Values) -> Values:
    """Of images that are each a sign of their own."""
    return conformal(clean, np.ones(len(clean)), values)


def test_ranks_count_the_value_itself() -> None:
    reference = np.array([1.0, 2.0, 3.0, 4.0])
    values = np.array([0.5, 2.0, 2.5, 4.0, 4.5])
    assert p_values(reference, values).tolist() == [5 / 5, 4 / 5, 3 / 5, 2 / 5, 1 / 5]


def test_a_sign_weighs_one_however_many_frames_it_has() -> None:
    # A sign of four frames, of which three lie above 2.5; a sign of one frame at 9.
    reference, weights = np.array([1.0, 3.0, 4.0, 5.0, 9.0]), np.array([0.25] * 4 + [1.0])
    values = np.array([2.5, 5.0, 5.5, 9.0, 10.0, 1.0])
    above = np.array([1.75, 1.25, 1.0, 1.0, 0.0, 2.0])
    assert conformal(reference, weights, values) == pytest.approx((0.4 + above) / 2.4)


@given(st.lists(finite, min_size=1, max_size=50), finite)
def test_ranks_are_what_counting_gives(clean: list[float], value: float) -> None:
    (p_value,) = p_values(np.sort(clean), np.array([value]))
    assert p_value == (1 + sum(each >= value for each in clean)) / (len(clean) + 1)


@given(st.lists(finite, min_size=1, max_size=50), finite, st.floats(0.01, 1))
def test_equal_weights_are_none(clean: list[float], value: float, weight: float) -> None:
    reference, values = np.sort(clean), np.array([value])
    weighed = conformal(reference, np.full(len(clean), weight), values)
    assert weighed == pytest.approx(p_values(reference, values))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40, unique=True))
def test_p_values_are_uniform_on_scores_like_the_calibration(scores: list[float]) -> None:
    """Whichever of exchangeable scores is the new one: every rank comes up once."""
    found = [
        p_values(np.sort(scores[:new] + scores[new + 1 :]), np.array([scores[new]]))[0]
        for new in range(len(scores))
    ]
    ranks = np.arange(1, len(scores) + 1) / len(scores)
    assert np.sort(found) == pytest.approx(ranks)


def test_smooth_p_values_are_ranks_up_to_the_tail_and_exponential_in_it() -> None:
    logs = Smooth.of(TEN).logs(np.array([-1.0, 5.0, 9.0, 10.0, 11.0, 1009.0]))
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
    assert Smooth.of(np.arange(21.0)).logs(np.array([21.0])) == pytest.approx(
        [np.log(0.1) - 3 / 1.5]
    )


def test_where_all_are_alike_there_is_no_tail() -> None:
    assert np.exp(Smooth.of(np.ones(3)).logs(np.array([1.0, 5.0]))) == pytest.approx([1.0, 0.25])


def test_two_sided_p_values_take_the_odder_side_twice() -> None:
    logs = TwoSided.of(TEN).logs(np.array([-1.0, 5.0, 11.0, 9.0]))
    expected = [np.log(0.2) - 2, 0.0, np.log(0.2) - 2, np.log(6 / 12)]
    assert logs == pytest.approx(expected)
