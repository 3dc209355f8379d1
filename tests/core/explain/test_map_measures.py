"""Boxes, pointing, energy, least salient pixels and rank correlation, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.explain.map_measures import (
    energy_inside,
    inside_boxes,
    least_salient,
    pointing_hits,
    spearman,
)

# Pixel centres at 1/8, 3/8, 5/8, 7/8.
BOX = np.array([[0.25, 0.0, 0.75, 0.5]])


def test_pixels_whose_centre_is_in_the_box() -> None:
    assert inside_boxes(BOX, 4, 4)[0].tolist() == [
        [False, True, True, False],
        [False, True, True, False],
        [False, False, False, False],
        [False, False, False, False],
    ]
    assert inside_boxes(np.array([[0.0, 0.0, 1.0, 1.0]]), 2, 3).all()


def test_a_box_begins_with_a_centre_on_its_edge_and_ends_before_one() -> None:
    (inside,) = inside_boxes(np.array([[0.375, 0.125, 0.875, 0.625]]), 4, 4)
    assert inside.any(axis=0).tolist() == [False, True, True, False]
    assert inside.any(axis=1).tolist() == [True, True, False, False]


def test_pointing_and_energy() -> None:
    inside = inside_boxes(BOX, 4, 4).repeat(3, axis=0)
    maps = np.zeros((3, 4, 4))
    maps[0, 1, 2], maps[0, 3, 3] = 3, 1  # largest inside
    maps[1, 1, 2], maps[1, 3, 3] = 1, 4  # largest outside; the third is empty
    assert pointing_hits(maps, inside).tolist() == [1, 0, 0]
    assert energy_inside(maps, inside).tolist() == [0.75, 0.2, 0]


def test_the_least_salient_pixels() -> None:
    maps = np.array([[[5.0, 1.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]])
    assert least_salient(maps, 0.5, seed=0).tolist() == [
        [[False, True], [True, False]],
        [[True, True], [False, False]],
    ]


def test_among_equal_pixels_chance_decides() -> None:
    chosen = [least_salient(np.zeros((1, 10, 10)), 0.3, seed=seed) for seed in (0, 0, 1)]
    assert [each.sum() for each in chosen] == [30, 30, 30]
    assert np.array_equal(chosen[0], chosen[1])
    assert not np.array_equal(chosen[0], chosen[2])
    assert chosen[0][0, 5:].any()  # not only the first rows


def test_rank_correlation_by_hand() -> None:
    left = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    assert spearman(left, left**3) == pytest.approx([1])
    assert spearman(left, -left) == pytest.approx([-1])
    assert spearman(left, np.ones((1, 2, 2))).tolist() == [0]
    # Ranks 1, 2, 3, 4 and 1.5, 1.5, 3, 4: covariance 4.5, variances 5 and 4.5.
    assert spearman(left, np.array([[[0.0, 0.0], [1.0, 2.0]]])) == pytest.approx(
        [4.5 / np.sqrt(5 * 4.5)]
    )


@given(seed=st.integers(0, 1000), levels=st.integers(2, 50))
def test_rank_correlation_is_scipys(seed: int, levels: int) -> None:
    left, right = np.random.default_rng(seed).integers(0, levels, (2, 3, 4, 5)).astype(float)
    for own, one, other in zip(spearman(left, right), left, right, strict=True):
        expected = stats.spearmanr(one.ravel(), other.ravel()).statistic
        assert own == pytest.approx(expected, abs=1e-12)
