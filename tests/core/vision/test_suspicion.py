"""How suspicious is one prediction: conformal p-values of the margin, and the trust rule."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest

from core.errors import BadInput
from core.labels import all_labels
from core.types import Suspicion
from core.vision.suspicion import MarginCalibration, judge, margin, unrelated
from tests.expect import raises

CLASSES = 43
finite = st.floats(-1e6, 1e6)


def calibration(*margins: float) -> MarginCalibration:
    return MarginCalibration(np.array(sorted(margins)))


def scores(first: int, second: int, gap: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits with that margin, and probabilities sure enough for the trust rule."""
    logits = np.full(CLASSES, -50.0, dtype=np.float32)
    logits[first], logits[second] = gap, 0
    probabilities = np.zeros(CLASSES, dtype=np.float32)
    probabilities[first], probabilities[second] = 0.75, 0.25
    return logits, probabilities


def spread(shares: dict[int, float]) -> NDArray[np.float32]:
    probabilities = np.zeros(CLASSES, dtype=np.float32)
    for class_id, share in shares.items():
        probabilities[class_id] = share
    return probabilities


# Margins and ranks


def test_the_margin_is_the_gap_between_the_two_largest_logits() -> None:
    logits = np.array([[1.0, 5.0, 3.5], [-1.0, -1.0, -9.0], [7.0, 0.0, -7.0]], dtype=np.float32)
    assert margin(logits).tolist() == [1.5, 0.0, 7.0]


def test_ranks_count_the_margin_itself() -> None:
    known = calibration(1.0, 2.0, 3.0, 4.0)
    assert known.ranks(0.5) == (1 / 5, 5 / 5)
    assert known.ranks(2.5) == (3 / 5, 3 / 5)
    assert known.ranks(4.5) == (5 / 5, 1 / 5)
    assert known.ranks(2.0) == (3 / 5, 4 / 5)  # a tie counts on both sides


@given(st.lists(finite, min_size=1, max_size=50), finite)
def test_ranks_are_what_counting_gives(margins: list[float], value: float) -> None:
    small, large = calibration(*margins).ranks(value)
    n = len(margins)
    assert small == (1 + sum(each <= value for each in margins)) / (n + 1)
    assert large == (1 + sum(each >= value for each in margins)) / (n + 1)
    assert small + large >= 1


def test_p_values_are_uniform_on_margins_like_the_calibration() -> None:
    """Exchangeable margins: P(p <= alpha) = alpha, on both sides and for both together."""
    draw = np.random.default_rng(0)
    lower, both = [], []
    for _ in range(400):
        margins = draw.gamma(3.0, 2.0, 120)
        known = MarginCalibration(np.sort(margins[:-20]))
        for value in margins[-20:]:
            small, large = known.ranks(float(value))
            lower.append(small)
            both.append(min(1.0, 2 * min(small, large)))
    for p_values in (np.array(lower), np.array(both)):
        for alpha in (0.02, 0.1, 0.25, 0.5):
            share = (p_values <= alpha + 1e-9).mean()
            assert share == pytest.approx(alpha, abs=0.035)
    assert kstest(lower, "uniform").statistic < 0.03


# Verdicts


def test_an_ordinary_margin_is_not_flagged() -> None:
    known = calibration(*np.linspace(1, 9, 399))
    suspicion = judge(*scores(14, 2, 5.0), known, 0.01)
    assert suspicion == Suspicion(1.0, False, ())


def test_a_small_margin_is_flagged_as_undecided() -> None:
    known = calibration(*np.linspace(1, 9, 399))
    suspicion = judge(*scores(14, 2, 0.5), known, 0.01)
    assert suspicion.p_value == 2 / 400
    assert suspicion.flagged
    assert suspicion.reasons == (
        "undecided between 14 Stop and 2 Speed limit 50 km/h: closer than on 99.8% of clean images",
    )


def test_a_large_margin_is_flagged_as_too_certain() -> None:
    known = calibration(*np.linspace(1, 9, 399))
    suspicion = judge(*scores(14, 2, 20.0), known, 0.01)
    assert suspicion.p_value == 2 / 400
    assert suspicion.flagged
    assert suspicion.reasons == ("more certain of 14 Stop than on 99.8% of clean images",)


def test_a_share_is_never_rounded_up_to_all() -> None:
    known = calibration(*np.linspace(1, 9, 3999))
    small, large = (judge(*scores(14, 2, gap), known, 0.01).reasons for gap in (0.5, 20.0))
    assert small == (
        "undecided between 14 Stop and 2 Speed limit 50 km/h: "
        "closer than on more than 99.9% of clean images",
    )
    assert large == ("more certain of 14 Stop than on more than 99.9% of clean images",)


def test_the_level_itself_is_flagged() -> None:
    known = calibration(*np.linspace(1, 9, 199))
    assert judge(*scores(14, 2, 0.5), known, 0.01).flagged
    assert not judge(*scores(14, 2, 0.5), known, 0.0099).flagged
    assert not judge(*scores(14, 2, 0.5), known, 0.0).flagged


@given(st.lists(finite, min_size=1, max_size=30), st.floats(0, 1e6), st.floats(0, 1))
def test_the_p_value_lies_in_0_1_and_decides(
    margins: list[float], gap: float, alpha: float
) -> None:
    suspicion = judge(*scores(14, 2, gap), calibration(*margins), alpha)
    assert 0 < suspicion.p_value <= 1
    assert suspicion.flagged == (suspicion.p_value <= alpha)
    assert len(suspicion.reasons) == suspicion.flagged


def test_without_a_calibration_only_the_trust_rule_flags() -> None:
    assert judge(*scores(14, 2, 0.0), None, 0.01) == Suspicion(1.0, False, ())
    logits, _ = scores(14, 2, 0.0)
    suspicion = judge(logits, spread({14: 0.4, 2: 0.3, 25: 0.2}), None, 0.01)
    assert suspicion == Suspicion(
        1.0, True, ("top three from unrelated sign groups, each below 50 %",)
    )


def test_both_reasons_can_be_given() -> None:
    logits, _ = scores(14, 2, 0.5)
    known = calibration(*np.linspace(1, 9, 399))
    suspicion = judge(logits, spread({14: 0.4, 2: 0.3, 25: 0.2}), known, 0.01)
    assert len(suspicion.reasons) == 2
    assert suspicion.reasons[1] == "top three from unrelated sign groups, each below 50 %"


@pytest.mark.parametrize(
    ("shares", "answer"),
    [
        ({14: 0.4, 2: 0.3, 25: 0.2}, True),
        ({14: 0.49, 2: 0.3, 25: 0.2}, True),
        ({14: 0.5, 2: 0.3, 25: 0.2}, False),  # the first is not below 50 %
        ({1: 0.4, 2: 0.3, 25: 0.2}, False),  # two speed limits
        ({14: 0.4, 13: 0.3, 25: 0.2}, False),  # two signs of a shape of their own
        ({14: 0.4, 2: 0.3, 25: 0.16, 1: 0.14}, True),  # the fourth does not count
    ],
)
def test_the_trust_rule(shares: dict[int, float], answer: bool) -> None:
    assert unrelated(spread(shares)) is answer


def test_the_trust_rule_knows_the_groups() -> None:
    groups = {label.class_id: label.group for label in all_labels()}
    draw = np.random.default_rng(0)
    for _ in range(200):
        three = draw.choice(CLASSES, 3, replace=False).tolist()
        shares = dict(zip(three, (0.4, 0.3, 0.2), strict=True))
        assert unrelated(spread(shares)) == (len({groups[k] for k in three}) == 3)


# The calibration's file


def test_a_calibration_is_sorted_margins() -> None:
    logits = np.array([[9.0, 0.0], [1.0, 0.0], [0.0, 4.0]], dtype=np.float32)
    assert MarginCalibration.fit(logits).margins.tolist() == [1.0, 4.0, 9.0]


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=30))
def test_a_written_calibration_comes_back(
    tmp_path_factory: pytest.TempPathFactory, margins: list[float]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    calibration(*margins).write(folder)
    again = MarginCalibration.read(folder)
    assert again is not None
    assert again.margins == pytest.approx(np.sort(margins), abs=5.1e-5)


def test_imported_weights_have_none(tmp_path: Path) -> None:
    assert MarginCalibration.read(tmp_path) is None


def test_an_unsorted_file_is_sorted(tmp_path: Path) -> None:
    (tmp_path / "suspicion.json").write_text('{"margins": [3, 1, 2]}')
    again = MarginCalibration.read(tmp_path)
    assert again is not None
    assert again.margins.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", " is not a calibration file: Expecting property name enclosed in double quotes: "
         "line 1 column 2 (char 1)"),
        ("{}", " is not a calibration file: 'margins'"),
        ("[]", " is not a calibration file: list indices must be integers or slices, not str"),
        ('{"margins": ["a"]}',
         " is not a calibration file: could not convert string to float: 'a'"),
        ('{"margins": []}', ": `margins` must be a list of finite numbers"),
        ('{"margins": 3}', ": `margins` must be a list of finite numbers"),
        ('{"margins": [[1, 2]]}', ": `margins` must be a list of finite numbers"),
        ('{"margins": [1, NaN]}', ": `margins` must be a list of finite numbers"),
    ],
)  # fmt: skip
def test_a_file_of_another_make_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "suspicion.json"
    path.write_text(text)
    with raises(BadInput, f"{path}{problem}"):
        MarginCalibration.read(tmp_path)


def test_the_file_is_plain(tmp_path: Path) -> None:
    calibration(0.123456, 2.0).write(tmp_path)
    assert json.loads((tmp_path / "suspicion.json").read_text()) == {"margins": [0.1235, 2.0]}
