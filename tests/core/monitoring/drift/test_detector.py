"""The detector: its recursion, its alarms, and that cutting the stream changes nothing."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import BadInput
from core.monitoring.drift.detector import EPSILONS, Detector
from core.monitoring.drift.detector_state import DetectorState
from tests.support.expect import raises

BASELINE = [60, 30, 9, 1, 0]


def by_the_book(
    baseline: list[int], bins: list[int], repeats: list[bool], weights: list[float]
) -> list[float]:
    """M after each prediction, the mean of all R."""
    share = np.array(weights) / np.sum(weights)
    return [float(each @ share) for each in heights_by_the_book(baseline, bins, repeats)]


def heights_by_the_book(
    baseline: list[int], bins: list[int], repeats: list[bool]
) -> list[NDArray[np.float64]]:
    """R of each bin after each prediction, by definition: R <- L (1 + R) for every epsilon."""
    counts = np.array(baseline, dtype=float)
    total = counts.sum()
    epsilon = np.array(EPSILONS)
    height: NDArray[np.float64] = np.zeros((len(baseline), len(EPSILONS)))
    heights = []
    for bin_id, repeat in zip(bins, repeats, strict=True):
        if repeat:
            heights.append(height.mean(axis=1))
            continue
        counts[bin_id] += 1
        total += 1
        growth = np.tile(1 - epsilon, (len(baseline), 1))
        growth[bin_id] += epsilon * total / (counts[bin_id] - 0.5)
        height = growth * (1 + height)
        heights.append(height.mean(axis=1))
    return heights


def test_the_first_prediction_by_hand() -> None:
    detector = Detector([1, 1], false_alarm_every=1000)
    fed = detector.feed(detector.start(), np.array([0]))
    # q of bin 0 is (1 + 1 - 1/2) / (2 + 1): L is 1 - e + 2 e for bin 0 and 1 - e for bin 1.
    mean = sum(((1 + e) + (1 - e)) / 2 for e in EPSILONS) / len(EPSILONS)
    assert fed.e_values == pytest.approx([mean], rel=1e-14)
    assert fed.alarms == ()
    assert fed.state.seen.tolist() == [1, 0]


streams = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=120)


@given(streams, st.lists(st.floats(0.1, 10), min_size=5, max_size=5))
def test_e_values_are_those_of_the_definition(
    stream: list[tuple[int, bool]], weights: list[float]
) -> None:
    bins, repeats = map(list, zip(*stream, strict=True))
    detector = Detector(BASELINE, false_alarm_every=1e290, weights=weights)
    fed = detector.feed(detector.start(), np.array(bins), np.array(repeats))
    assert fed.e_values == pytest.approx(by_the_book(BASELINE, bins, repeats, weights), rel=1e-9)


@given(streams, st.lists(st.floats(0.1, 10), min_size=5, max_size=5))
def test_the_leading_bin_adds_most_to_m(
    stream: list[tuple[int, bool]], weights: list[float]
) -> None:
    bins, repeats = map(list, zip(*stream, strict=True))
    detector = Detector(BASELINE, false_alarm_every=1e290, weights=weights)
    state = detector.feed(detector.start(), np.array(bins), np.array(repeats)).state
    heights = heights_by_the_book(BASELINE, bins, repeats)[-1]
    assert detector.e_values_by_bin(state) == pytest.approx(heights, rel=1e-9)
    parts = heights * weights
    assert parts[detector.leading(state)] == pytest.approx(parts.max(), rel=1e-9)


def test_an_alarm_names_the_bin_of_the_largest_weighted_e_value() -> None:
    """Bin 1 comes once more often than bin 2, which weighs five times as much."""
    baseline, bins = [90, 5, 5], [1, 2, 1, 2, 1]
    heights = heights_by_the_book(baseline, bins, [False] * 5)[-1]
    assert heights[2] < heights[1] < 5 * heights[2]
    for weights, named in (([1, 1, 1], 1), ([1, 1, 5], 2), ([1, 5, 1], 1)):
        reached = float(heights @ np.array(weights)) / sum(weights)
        detector = Detector(baseline, false_alarm_every=reached - 1e-6, weights=weights)
        (alarm,) = detector.feed(detector.start(), np.array(bins)).alarms
        assert (alarm.position, alarm.bin_id) == (5, named)
        assert alarm.e_value == pytest.approx(reached)


@given(streams, st.lists(st.integers(1, 40), min_size=1), st.sampled_from([3.0, 30.0, 1e5]))
def test_pieces_and_a_restart_change_nothing(
    stream: list[tuple[int, bool]], sizes: list[int], threshold: float
) -> None:
    bins, repeats = map(np.array, zip(*stream, strict=True))
    detector = Detector(BASELINE, false_alarm_every=threshold, settle=25)
    whole = detector.feed(detector.start(), bins, repeats)
    state, done, alarms, e_values = detector.start(), 0, [], []
    while done < len(bins):
        size = sizes[done % len(sizes)]
        piece = slice(done, done + size)
        fed = detector.feed(state, bins[piece], repeats[piece])
        state = DetectorState.from_json(json.loads(json.dumps(fed.state.to_json())))
        alarms += fed.alarms
        e_values += fed.e_values.tolist()
        done += size
    assert e_values == whole.e_values.tolist()
    assert tuple(alarms) == whole.alarms
    assert state.to_json() == whole.state.to_json()


def test_an_alarm_names_its_bin_and_the_e_value_starts_anew() -> None:
    detector = Detector([50, 50, 0], false_alarm_every=100)
    fed = detector.feed(detector.start(), np.array([0, 1, 2, 2, 2]))
    first = fed.alarms[0]
    assert (first.bin_id, first.position) == (2, 4)
    assert first.e_value == fed.e_values[3] >= 100
    assert fed.e_values[4] < 100
    assert fed.state.standing == first


def test_what_alarmed_is_not_learned_and_an_alarm_ends_after_quiet() -> None:
    detector = Detector([500, 500, 0], false_alarm_every=100, settle=50)
    attacked = detector.feed(detector.start(), np.array([0, 1, 2])).state
    assert attacked.standing is not None
    assert attacked.seen.tolist() == [0, 0, 0]
    quiet = np.arange(49) % 2
    almost = detector.feed(attacked, quiet)
    assert almost.alarms == ()
    assert almost.state.standing == attacked.standing
    repeated = detector.feed(almost.state, np.zeros(500, np.int64), np.full(500, True))
    assert repeated.state.to_json() == almost.state.to_json()
    assert (repeated.e_values == almost.e_values[-1]).all()
    recovered = detector.feed(almost.state, np.array([0])).state
    assert recovered.standing is None
    assert recovered.kept.tolist() == [26, 24, 0]


def test_an_alarm_that_is_renewed_keeps_its_beginning() -> None:
    detector = Detector([50, 50, 0], false_alarm_every=100)
    fed = detector.feed(detector.start(), np.full(40, 2))
    assert len(fed.alarms) > 3
    assert fed.state.standing == fed.alarms[0]


def test_a_bin_never_seen_in_the_baseline_alarms_soon_and_a_repeat_never() -> None:
    detector = Detector([1000, 1000, 0], false_alarm_every=10_000)
    bins = np.array([0, 1, 2, 0, 1, 2, 0])
    assert [alarm.bin_id for alarm in detector.feed(detector.start(), bins).alarms] == [2]
    repeats = bins == 2
    assert detector.feed(detector.start(), bins, repeats).alarms == ()


def test_thirty_frames_of_one_sign_raise_no_alarm() -> None:
    detector = Detector([900, 90, 10], false_alarm_every=1_000)
    burst = np.full(30, 2)
    assert detector.feed(detector.start(), burst).alarms[0].position < 10
    repeats = np.arange(30) > 0
    assert detector.feed(detector.start(), burst, repeats).alarms == ()


def test_alarms_between_repeats_name_their_rows() -> None:
    """Two alarms; a third of the stream are repeats, one of them right behind an alarm."""
    detector = Detector([50, 50, 0], false_alarm_every=100)
    bins = np.array([0, 1, 1, 2, 2, 2, 0, 1, 2, 2, 2])
    repeats = np.array([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0], dtype=bool)
    fed = detector.feed(detector.start(), bins, repeats)
    alone = detector.feed(detector.start(), bins[~repeats])
    assert fed.alarms == alone.alarms
    assert [each.position for each in fed.alarms] == [row + 1 for row in alone.rows]
    assert fed.rows == tuple(np.flatnonzero(~repeats)[list(alone.rows)].tolist()) == (4, 10)
    assert fed.e_values[~repeats].tolist() == alone.e_values.tolist()
    assert fed.e_values[2] == fed.e_values[1]
    assert (fed.e_values[5], fed.e_values[4] >= 100) == (0, True)  # it starts anew
    assert fed.begun == (4, 4)


def test_each_band_of_hours_has_frequencies_of_its_own() -> None:
    """Bin 1 comes at night alone: there it is no news, by day it is."""
    detector = Detector([[10, 990], [990, 10]], false_alarm_every=1_000)
    ones = np.ones(20, dtype=np.int64)
    by_night = detector.feed(detector.start(), ones, bands=np.zeros(20, np.int64))
    by_day = detector.feed(detector.start(), ones, bands=np.ones(20, np.int64))
    assert by_night.alarms == ()
    assert by_day.alarms[0].position < 5
    assert by_night.state.seen.tolist() == [0, 20, 0, 0]
    assert detector.occurred(by_day.state).tolist() == [0, 20 - by_day.alarms[-1].position]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=80),
    st.integers(1, 30),
)
def test_bands_follow_the_definition_however_they_are_cut(
    stream: list[tuple[int, int]], size: int
) -> None:
    bins, bands = (np.array(each, np.int64) for each in zip(*stream, strict=True))
    baseline = np.array([BASELINE, BASELINE[::-1], [20] * 5])
    detector = Detector(baseline, false_alarm_every=1e290)
    counts, epsilon = baseline.astype(float), np.array(EPSILONS)
    height, expected = np.zeros((5, len(EPSILONS))), []
    for bin_id, band in stream:
        counts[band, bin_id] += 1
        growth = np.tile(1 - epsilon, (5, 1))
        growth[bin_id] += epsilon * counts[band].sum() / (counts[band, bin_id] - 0.5)
        height = growth * (1 + height)
        expected.append(height.mean())
    state, found = detector.start(), []
    for start in range(0, len(bins), size):
        piece = slice(start, start + size)
        fed = detector.feed(state, bins[piece], bands=bands[piece])
        state = DetectorState.from_json(json.loads(json.dumps(fed.state.to_json())))
        found += fed.e_values.tolist()
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_band_out_of_range_is_refused() -> None:
    detector = Detector([[1, 1], [1, 1]], false_alarm_every=10)
    with raises(BadInput, "bands must lie in 0..1, got 2..2"):
        detector.feed(detector.start(), [0], bands=np.array([2]))


def test_no_prediction_changes_nothing() -> None:
    detector = Detector(BASELINE, false_alarm_every=10)
    fed = detector.feed(detector.start(), np.array([], dtype=np.int64))
    assert fed.alarms == ()
    assert len(fed.e_values) == 0
    assert fed.state.to_json() == detector.start().to_json()


def test_a_burst_that_never_ends_stays_silent() -> None:
    detector = Detector([1_000, 1_000], false_alarm_every=10_000)
    repeats = np.arange(300_000) > 0
    fed = detector.feed(detector.start(), np.zeros(300_000, dtype=np.int64), repeats)
    assert fed.alarms == ()
    assert fed.e_values.max() < 100
    assert (fed.state.position, fed.state.seen.tolist()) == (1, [1, 0])


def test_overflow_behind_an_alarm_hides_nothing() -> None:
    """In one block, a million-fold growth a prediction would pass the largest number."""
    detector = Detector([1_000_000, 1], false_alarm_every=1e12)
    fed = detector.feed(detector.start(), np.r_[np.zeros(20), np.ones(400)].astype(np.int64))
    assert fed.alarms[0].bin_id == 1
    assert np.isfinite(fed.e_values).all()


def test_the_bin_with_the_largest_e_value() -> None:
    detector = Detector([98, 1, 1], false_alarm_every=1e6)
    state = detector.feed(detector.start(), np.array([0, 1, 0, 1, 0])).state
    heights = detector.e_values_by_bin(state)
    assert heights.argmax() == 1
    height = by_the_book([98, 1, 1], [0, 1, 0, 1, 0], [False] * 5, [1, 1, 1])[-1]
    assert heights.mean() == pytest.approx(height)


# Bad input


@pytest.mark.parametrize("baseline", [[0, 0], [3, -1]])
def test_a_baseline_without_predictions_is_refused(baseline: list[int]) -> None:
    with raises(
        BadInput,
        "the detector needs a baseline of at least one prediction, and counts of at least 0; "
        f"got {sum(baseline)} predictions. Create a baseline first",
    ):
        Detector(baseline, false_alarm_every=100)


@pytest.mark.parametrize("threshold", [0.5, -1, float("nan"), float("inf")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with raises(
        BadInput,
        "the number of predictions with at most one false alarm must be at least 1, got "
        f"{threshold}",
    ):
        Detector([1], false_alarm_every=threshold)


def test_weights_must_fit() -> None:
    with raises(BadInput, "expected 2 positive weights, got [1.0, 0.0]"):
        Detector([1, 1], false_alarm_every=10, weights=[1, 0])


@pytest.mark.parametrize("bin_id", [-1, 5])
def test_a_bin_out_of_range_is_refused(bin_id: int) -> None:
    detector = Detector(BASELINE, false_alarm_every=10)
    with raises(BadInput, f"bins must lie in 0..4, got {min(0, bin_id)}..{max(0, bin_id)}"):
        detector.feed(detector.start(), np.array([0, bin_id]))


def test_the_state_of_another_label_set_is_refused() -> None:
    other = Detector([1, 1], false_alarm_every=10).start()
    with raises(
        BadInput,
        "the detector's state is of 2 bins and its baseline of 5: one of them belongs to another "
        "label set. Start it anew",
    ):
        Detector(BASELINE, false_alarm_every=10).feed(other, np.array([0]))
