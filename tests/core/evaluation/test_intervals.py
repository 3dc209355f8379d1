"""Intervals by track: by hand where that is possible, and how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import beta, norm, t

from core.evaluation import intervals
from core.records.evaluation.report import Estimate


def test_a_single_track_says_nothing_about_others() -> None:
    values, track = np.array([0.0, 1.0, 1.0, 1.0]), np.zeros(4, np.int64)
    for found in (intervals.share(values, track), intervals.mean(values, track)):
        assert found == Estimate(0.75, None, None)
    assert str(intervals.share(values, track)) == "0.750 (no interval: a single sign)"
    assert intervals.share(values, track).within() == (
        "none, as a single sign says nothing of others"
    )


@pytest.mark.parametrize(
    ("tracks", "images", "low"), [(129, 3_870, 0.9718), (2, 60, 0.1581), (10, 10, 0.6915)]
)
def test_where_no_image_varies_tracks_are_counted(tracks: int, images: int, low: float) -> None:
    """0.025 ** (1 / tracks), whatever the number of images."""
    found = intervals.share(np.ones(images), np.arange(images) % tracks)
    assert (found.mean, found.low, found.high) == (1.0, pytest.approx(low, abs=5e-5), 1.0)
    none = intervals.share(np.zeros(images), np.arange(images) % tracks)
    assert (none.mean, none.low, none.high) == (0.0, 0.0, pytest.approx(1 - low, abs=5e-5))


def test_a_share_between_that_never_varies_has_a_width() -> None:
    found = intervals.share(np.full(20, 0.25), np.arange(20) // 5)
    exact = beta.ppf([0.025, 0.975], [1, 2], [4, 3])  # one hit of four
    assert (found.low, found.high) == pytest.approx(tuple(exact))


def test_frames_of_one_sign_count_as_one() -> None:
    # Twenty independent images against two signs of ten frames each.
    values = np.repeat([0.0, 1.0], 10)
    alone, together = intervals.share(values), intervals.share(values, np.repeat([5, 9], 10))
    assert alone.mean == together.mean == 0.5
    assert (alone.low, alone.high) == pytest.approx((0.28, 0.72), abs=0.005)
    assert together.low < 0.12 and together.high > 0.88


def test_of_many_independent_images_it_is_the_binomial_one() -> None:
    # 0.5 -+ 1.96 sqrt(0.25 / 400).
    found = intervals.share(np.repeat([0.0, 1.0], 200))
    assert (found.low, found.high) == pytest.approx((0.451, 0.549), abs=0.001)
    narrow = intervals.share(np.repeat([0.0, 1.0], 200), level=0.5)
    assert (narrow.low, narrow.high) == pytest.approx((0.483, 0.517), abs=0.001)


def test_a_mean_by_hand() -> None:
    """Tracks of 1, 1 and 2 images with sums 1, 5 and 4: mean 2.5, off by -1.5, 2.5 and -1."""
    found = intervals.mean(np.array([1.0, 5.0, 2.0, 2.0]), np.array([7, 8, 9, 9]))
    width = t.ppf(0.975, 2) * (3 / 2 * (1.5**2 + 2.5**2 + 1) / 16) ** 0.5
    assert (found.mean, found.low, found.high) == pytest.approx((2.5, 2.5 - width, 2.5 + width))


def test_a_long_track_weighs_as_many_images_as_it_has() -> None:
    values, tracks = np.repeat([1.0, 0.0], [90, 10]), np.repeat(np.arange(11), [90, *[1] * 10])
    found = intervals.share(values, tracks)
    assert found.mean == 0.9
    assert found.low < 0.6  # nearly all of it is one sign
    even = intervals.share(values, np.arange(100) % 10)
    assert even.low > 0.75


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
@example([0.0, 0.0, 0.00390625])
def test_a_share_lies_within_its_interval_and_that_within_0_and_1(values: list[float]) -> None:
    found = intervals.share(np.array(values), np.arange(len(values)) // 2)
    if len(values) == 2:
        assert found.low is None
    else:
        assert 0 <= found.low <= found.mean + 1e-9 and found.mean - 1e-9 <= found.high <= 1


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("tracks", [5, 30, 200])
def test_it_holds_the_truth_as_often_as_it_says(share: float, tracks: int) -> None:
    """1,000 images, correlated by 0.46 within a track."""
    rng = np.random.default_rng([int(100 * share), tracks])
    of_track = np.arange(1_000) * tracks // 1_000
    held = 0
    for _ in range(400):
        alike = (1 - 0.46) / 0.46
        by_track = rng.beta(share * alike, (1 - share) * alike, tracks)
        values = (rng.random(1_000) < by_track[of_track]).astype(float)
        found = intervals.share(values, of_track)
        held += found.low <= share <= found.high
    assert 0.9 <= held / 400 <= 0.995  # 0.93 to 0.99, and three standard errors


def test_as_many_new_signs_show_a_share_within_the_predicted_interval() -> None:
    rng, held = np.random.default_rng(3), 0
    of_track = np.repeat(np.arange(50), 20)
    for _ in range(400):
        old, new = (rng.random(1000) < rng.beta(0.5, 4.5, 50)[of_track] for _ in range(2))
        found = intervals.share(old.astype(float), of_track, predicted=True)
        held += found.low <= new.mean() <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_auroc_counts_pairs() -> None:
    assert intervals.auroc(np.array([1.0, 2.0]), np.array([3.0, 4.0])).mean == 1.0
    assert intervals.auroc(np.array([1.0, 2.0]), np.array([0.0, 1.0])).mean == 0.5 / 4
    assert intervals.auroc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.5])).mean == 0.5


def test_an_auroc_by_hand() -> None:
    """Suspicious ones win 3/4 and 1/4; clean ones 0 lose 2/2, 2 lose 1/2 and so on."""
    clean, suspicious = np.array([0.0, 2.0, 4.0, 6.0]), np.array([5.0, 1.0])
    found = intervals.auroc(clean, suspicious)
    assert found.mean == 0.5
    # Placements 3/4, 1/4, and of the clean ones 1, 1/2, 1/2, 0: DeLong, with 2 for both sizes.
    delong = 2 / 1 * ((0.25**2 * 2) / 4 + (0.5**2 * 2) / 16)
    hanley = (0.25 + (2 - 1 + 4 - 1) * (1 / 3 - 1 / 4)) / 8
    variance = (2 * delong + 5 * hanley) / 7
    images = 0.25 / variance * (1.959964 / t.ppf(0.975, 1 + 5)) ** 2
    exact = beta.ppf([0.025, 0.975], 0.5 * images + 0.5, 0.5 * images + 0.5)
    assert (found.low, found.high) == pytest.approx(tuple(exact))


def test_an_auroc_of_one_sign_has_no_interval_and_a_perfect_one_counts_signs() -> None:
    clean, suspicious = np.arange(4.0), np.arange(4.0) + 9
    one = np.zeros(4, np.int64)
    assert intervals.auroc(clean, suspicious, np.arange(4), one) == Estimate(1.0, None, None)
    found = intervals.auroc(clean, suspicious, np.arange(4), np.array([7, 7, 8, 8]))
    assert (found.mean, found.low, found.high) == (1.0, pytest.approx(0.025**0.5), 1.0)


@pytest.mark.parametrize("shift", [1.0, 2.5])
@pytest.mark.parametrize("signs", [10, 60])
def test_an_auroc_holds_the_truth_as_often_as_it_says(shift: float, signs: int) -> None:
    """Ten frames a sign; half of the variance is between signs; both sides show the same signs."""
    rng = np.random.default_rng([int(10 * shift), signs])
    of_sign = np.repeat(np.arange(signs), 10)
    truth, held = norm.cdf(shift / 2**0.5), 0
    for _ in range(300):
        by_sign = rng.normal(size=signs)[of_sign]
        clean, moved = (by_sign + rng.normal(size=len(of_sign)) for _ in range(2))
        found = intervals.auroc(clean / 2**0.5, moved / 2**0.5 + shift, of_sign, of_sign)
        held += found.low <= truth <= found.high
    assert held / 300 >= 0.9


def test_it_reads_as_a_figure() -> None:
    assert Estimate(0.98, 0.9612, 1.0).in_percent() == "98% (96 to 100%)"
    assert Estimate(0.98, None, None).in_percent() == "98%"
    assert Estimate.of({"mean": 0.5, "low": 0.25, "high": 0.75}) == Estimate(0.5, 0.25, 0.75)
    assert Estimate.of(1) == Estimate(1.0, None, None)
    assert str(Estimate(0.98, 0.9612, 1.0)) == "0.980 (0.961 to 1.000)"
    assert Estimate(0.98, 0.9612, 1.0).within() == "96.1% to 100.0%"
