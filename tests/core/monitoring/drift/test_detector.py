"""The stream detector: its recursion, its alarms, and that cutting the stream changes nothing."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import BadInput
from core.monitoring.drift.channels_update import thinned
from core.monitoring.drift.detector import EPSILONS, Detector
from core.monitoring.drift.detector_state import DetectorState
from tests.support.expect import raises

BASELINE = [60, 30, 9, 1, 0]


def by_the_book(
    baseline: list[int], cells: list[int], repeats: list[bool], weights: list[float]
) -> list[float]:
    """M after each prediction, from the definition: R <- L (1 + R) for every cell and epsilon."""
    counts = np.array(baseline, dtype=float)
    total = counts.sum()
    share = np.array(weights)[:, None] / np.sum(weights)
    epsilon = np.array(EPSILONS)
    height: NDArray[np.float64] = np.zeros((len(baseline), len(EPSILONS)))
    heights = []
    for cell, repeat in zip(cells, repeats, strict=True):
        counts[cell] += 1
        total += 1
        growth = np.tile(1 - epsilon, (len(baseline), 1))
        growth[cell] += epsilon * total / (counts[cell] - 0.5)
        before = height[cell]
        height = growth * (1 + height)
        if repeat:
            height[cell] = before
        heights.append(float((height * share).sum(axis=0).mean()))
    return heights


def test_the_first_prediction_by_hand() -> None:
    detector = Detector([1, 1], false_alarm_every=1000)
    fed = detector.feed(detector.start(), np.array([0]))
    # q of cell 0 is (1 + 1 - 1/2) / (2 + 1): L is 1 - e + 2 e for cell 0 and 1 - e for cell 1.
    mean = sum(((1 + e) + (1 - e)) / 2 for e in EPSILONS) / len(EPSILONS)
    assert fed.evidence == pytest.approx([mean], rel=1e-14)
    assert fed.alarms == ()
    assert fed.state.seen.tolist() == [1, 0]


streams = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=120)


@given(streams, st.lists(st.floats(0.1, 10), min_size=5, max_size=5))
def test_evidence_is_that_of_the_definition(
    stream: list[tuple[int, bool]], weights: list[float]
) -> None:
    cells, repeats = map(list, zip(*stream, strict=True))
    detector = Detector(BASELINE, false_alarm_every=1e290, weights=weights)
    fed = detector.feed(detector.start(), np.array(cells), np.array(repeats))
    assert fed.evidence == pytest.approx(by_the_book(BASELINE, cells, repeats, weights), rel=1e-9)


@given(streams, st.lists(st.integers(1, 40), min_size=1), st.sampled_from([3.0, 30.0, 1e5]))
def test_pieces_and_a_restart_change_nothing(
    stream: list[tuple[int, bool]], sizes: list[int], line: float
) -> None:
    cells, repeats = map(np.array, zip(*stream, strict=True))
    detector = Detector(BASELINE, false_alarm_every=line, settle=25)
    whole = detector.feed(detector.start(), cells, repeats)
    state, done, alarms, evidence = detector.start(), 0, [], []
    while done < len(cells):
        size = sizes[done % len(sizes)]
        piece = slice(done, done + size)
        fed = detector.feed(state, cells[piece], repeats[piece])
        state = DetectorState.from_json(json.loads(json.dumps(fed.state.to_json())))
        alarms += fed.alarms
        evidence += fed.evidence.tolist()
        done += size
    assert evidence == whole.evidence.tolist()
    assert tuple(alarms) == whole.alarms
    assert state.to_json() == whole.state.to_json()


def test_an_alarm_names_its_cell_and_evidence_starts_anew() -> None:
    detector = Detector([50, 50, 0], false_alarm_every=100)
    fed = detector.feed(detector.start(), np.array([0, 1, 2, 2, 2]))
    first = fed.alarms[0]
    assert (first.cell, first.position) == (2, 4)
    assert first.evidence == fed.evidence[3] >= 100
    assert fed.evidence[4] < 100
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
    recovered = detector.feed(almost.state, np.array([0])).state
    assert recovered.standing is None
    assert recovered.kept.tolist() == [26, 24, 0]


def test_an_alarm_that_is_renewed_keeps_its_beginning() -> None:
    detector = Detector([50, 50, 0], false_alarm_every=100)
    fed = detector.feed(detector.start(), np.full(40, 2))
    assert len(fed.alarms) > 3
    assert fed.state.standing == fed.alarms[0]


def test_a_cell_never_seen_in_the_baseline_alarms_soon_and_a_repeat_never() -> None:
    detector = Detector([1000, 1000, 0], false_alarm_every=10_000)
    cells = np.array([0, 1, 2, 0, 1, 2, 0])
    assert [alarm.cell for alarm in detector.feed(detector.start(), cells).alarms] == [2]
    repeats = cells == 2
    assert detector.feed(detector.start(), cells, repeats).alarms == ()


def test_thirty_frames_of_one_sign_raise_no_alarm() -> None:
    detector = Detector([900, 90, 10], false_alarm_every=1_000)
    burst = np.full(30, 2)
    assert detector.feed(detector.start(), burst).alarms[0].position < 10
    repeats = np.arange(30) > 0
    assert detector.feed(detector.start(), burst, repeats).alarms == ()


def test_no_prediction_changes_nothing() -> None:
    detector = Detector(BASELINE, false_alarm_every=10)
    fed = detector.feed(detector.start(), np.array([], dtype=np.int64))
    assert fed.alarms == ()
    assert len(fed.evidence) == 0
    assert fed.state.to_json() == detector.start().to_json()


def test_a_burst_that_never_ends_stays_silent() -> None:
    detector = Detector([1_000, 1_000], false_alarm_every=10_000)
    repeats = np.arange(300_000) > 0
    fed = detector.feed(detector.start(), np.zeros(300_000, dtype=np.int64), repeats)
    assert fed.alarms == ()
    assert fed.evidence.max() < 100
    assert fed.state.seen.tolist() == [300_000, 0]


def test_overflow_behind_an_alarm_hides_nothing() -> None:
    """In one block, a million-fold growth a prediction would pass the largest number."""
    detector = Detector([1_000_000, 1], false_alarm_every=1e12)
    fed = detector.feed(detector.start(), np.r_[np.zeros(20), np.ones(400)].astype(np.int64))
    assert fed.alarms[0].cell == 1
    assert np.isfinite(fed.evidence).all()


def test_the_cells_with_most_evidence() -> None:
    detector = Detector([98, 1, 1], false_alarm_every=1e6)
    state = detector.feed(detector.start(), np.array([0, 1, 0, 1, 0])).state
    heights = detector.evidence_by_cell(state)
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


@pytest.mark.parametrize("line", [0.5, -1, float("nan"), float("inf")])
def test_a_line_out_of_range_is_refused(line: float) -> None:
    with raises(
        BadInput,
        f"the number of predictions with at most one false alarm must be at least 1, got {line}",
    ):
        Detector([1], false_alarm_every=line)


def test_weights_must_fit() -> None:
    with raises(BadInput, "expected 2 positive weights, got [1.0, 0.0]"):
        Detector([1, 1], false_alarm_every=10, weights=[1, 0])


@pytest.mark.parametrize("cell", [-1, 5])
def test_a_cell_out_of_range_is_refused(cell: int) -> None:
    detector = Detector(BASELINE, false_alarm_every=10)
    with raises(BadInput, f"cells must lie in 0..4, got {min(0, cell)}..{max(0, cell)}"):
        detector.feed(detector.start(), np.array([0, cell]))


def test_the_state_of_another_label_set_is_refused() -> None:
    other = Detector([1, 1], false_alarm_every=10).start()
    with raises(
        BadInput,
        "the detector's state is of 2 cells and its baseline of 5: one of them belongs to another "
        "label set. Start it anew",
    ):
        Detector(BASELINE, false_alarm_every=10).feed(other, np.array([0]))


def saved() -> dict[str, Any]:
    detector = Detector(BASELINE, false_alarm_every=20)
    return detector.feed(detector.start(), np.array([4, 4, 4, 0])).state.to_json()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "ValueError('version 2 is not 1')"),
        ({"last": [1]}, "ValueError('its arrays do not fit each other')"),
        ({"sums": [float("nan")] * 5}, "ValueError('it holds numbers that are not finite')"),
    ],
)
def test_a_damaged_state_is_refused(changes: dict[str, Any], reason: str) -> None:
    with raises(BadInput, f"the detector's saved state cannot be read ({reason}). Start it anew"):
        DetectorState.from_json(saved() | changes)


@pytest.mark.parametrize("name", saved())
def test_a_state_with_something_missing_is_refused(name: str) -> None:
    document = saved()
    del document[name]
    with pytest.raises(BadInput, match="cannot be read"):
        DetectorState.from_json(document)


# The chart


def test_a_thinned_chart_keeps_every_peak() -> None:
    evidence = np.array([1, 5, 2, 3, 9, 4, 0.5])
    positions, heights = thinned(evidence, first=11, points=3)
    assert positions.tolist() == [12, 14, 15]
    assert heights.tolist() == [5, 3, 9]


@given(st.lists(st.floats(0, 1e6)), st.integers(1, 50))
def test_a_thinned_chart_is_short_and_true(heights: list[float], points: int) -> None:
    evidence = np.array(heights, dtype=np.float64)
    positions, kept = thinned(evidence, first=1, points=points)
    assert len(positions) == min(points, len(heights))
    assert kept.tolist() == evidence[positions - 1].tolist()
    assert max(kept, default=0) == max(heights, default=0)
