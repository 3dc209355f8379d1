"""Means with intervals over tracks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.bootstrap import mean_by_track
from core.records.evaluation.report import Estimate


def test_what_never_varies_has_no_width() -> None:
    values, tracks = np.full(6, 0.25), np.array([0, 0, 1, 1, 2, 3])
    assert mean_by_track(values, tracks, seed=0) == Estimate(0.25, 0.25, 0.25)


def test_a_single_track_says_nothing_about_others() -> None:
    values, track = np.array([0.0, 1.0, 1.0, 1.0]), np.zeros(4, np.int64)
    assert mean_by_track(values, track, seed=0) == Estimate(0.75, 0.75, 0.75)


def test_frames_of_one_sign_count_as_one() -> None:
    # Twenty independent images against two signs of ten frames each.
    values = np.repeat([0.0, 1.0], 10)
    alone = mean_by_track(values, np.arange(20), seed=0)
    together = mean_by_track(values, np.repeat([5, 9], 10), seed=0)
    assert alone.mean == together.mean == 0.5
    assert (together.low, together.high) == (0.0, 1.0)
    # Of a binomial mean: 0.5 -+ 1.96 sqrt(0.25 / 20).
    assert abs(alone.low - 0.28) <= 0.05 and abs(alone.high - 0.72) <= 0.05


def test_it_is_a_95_percent_interval() -> None:
    # Of 400 independent images: 0.5 -+ 1.96 sqrt(0.25 / 400); 90 % would be 1.645 of them.
    values = np.repeat([0.0, 1.0], 200)
    found = mean_by_track(values, np.arange(400), seed=0)
    assert (found.low, found.high) == pytest.approx((0.451, 0.549), abs=0.004)


def test_a_long_track_weighs_as_many_images_as_it_has() -> None:
    # A track of 90 ones beside ten tracks of a single zero. Drawn three times among eleven, which
    # 1.3 % of the draws exceed and 7.1 % reach, it has 270 of 278 images.
    values, tracks = np.repeat([1.0, 0.0], [90, 10]), np.repeat(np.arange(11), [90, *[1] * 10])
    assert mean_by_track(values, tracks, seed=0) == Estimate(0.9, 0.0, 270 / 278)


@given(
    values=st.lists(st.floats(-10, 10), min_size=1, max_size=20),
    seed=st.integers(0, 100),
)
def test_the_interval_lies_within_the_values(values: list[float], seed: int) -> None:
    found = mean_by_track(np.array(values), np.arange(len(values)) // 2, seed=seed)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found == mean_by_track(np.array(values), np.arange(len(values)) // 2, seed=seed)


def test_it_reads_as_a_figure() -> None:
    assert str(Estimate(0.98, 0.9612, 1.0)) == "0.980 (0.961 to 1.000)"
