"""What a channel reports, and since when a bin has been too frequent."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.monitoring.drift.channels import CLASS, CONFIDENCE, FLAG
from core.monitoring.drift.channels_update import ChannelSet
from core.monitoring.drift.detector import EPSILONS
from core.monitoring.drift.messages import onset, summary
from core.records.drift import Observed
from core.records.monitoring import RuleState, Violation
from tests.support.drifting import after, feed, outcomes, state_of
from tests.support.observing import BASELINE, STOP, attacked, clean, observed
from tests.support.records import NOON


def replace_confidences(seen: Observed, value: float) -> Observed:
    return Observed(seen.at, seen.class_ids, seen.flagged, np.full(len(seen), value), seen.sources)


def test_an_alarm_names_class_how_many_of_how_many_and_since_when() -> None:
    channels = ChannelSet(replace(BASELINE, flagged=None), false_alarm_every=10_000)
    found = outcomes(channels, after(channels, [*clean(300), *attacked(40)]))[CLASS]
    words = re.fullmatch(
        r"Class 14 \(Stop\) is more frequent than in the baseline: (\d+) of (\d+) predictions, "
        r"expected (0\.\d)\. Alarm since 12:05 UTC",
        found.sentence,
    )
    assert words is not None, found.sentence
    stops, among, expected = words.groups()
    assert 3 <= int(stops) < int(among) < 25
    assert float(expected) == pytest.approx(int(among) / 43, abs=0.05)
    assert found.figure is not None and found.figure >= 10_000
    assert (found.state, found.decides, found.threshold) == (RuleState.VIOLATED, True, 10_000)
    description = found.sentence.partition(". Alarm since")[0]
    assert found.violations == (Violation("PredictedClass", "baseline_drift_check", description),)
    assert found.class_ids == (STOP,)


def test_a_class_that_is_flagged_more_often_is_named_so() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    stream = [*clean(300), *attacked(40)]
    flagged = [n >= 300 and class_id == STOP for n, class_id in enumerate(stream)]
    found = outcomes(channels, after(channels, stream, flagged=flagged))[FLAG]
    assert re.fullmatch(
        r"Class 14 \(Stop\) is flagged more often than in the baseline: \d of \d+ predictions, "
        r"expected 0",
        found.violations[0].description,
    ), found


def test_confidence_that_changes_is_named_by_its_range() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=100)
    for value, words in (
        (0.999, r"Confidence rose: \d+ of \d+ predictions are at least 90 % \(expected \S+\)"),
        (0.001, r"Confidence dropped: \d+ of \d+ predictions are below 10 % \(expected \S+\)"),
    ):
        seen = replace_confidences(observed(clean(300)), value)
        found = outcomes(channels, feed(channels, channels.start(NOON), seen).channels)
        (violation,) = found[CONFIDENCE].violations
        assert violation.feature_name == "Confidence"
        assert re.fullmatch(words, violation.description), violation.description


def test_before_the_first_prediction_nothing_is_computed() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    for found in outcomes(channels, channels.start(NOON)).values():
        assert (found.state, found.figure) == (RuleState.NOT_COMPUTED, None)
        assert found.sentence == (
            "Not computed: no prediction since it started at 2026-02-14 12:00:00 UTC"
        )


def test_one_prediction_has_a_small_e_value() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    found = outcomes(channels, after(channels, [STOP]))[CLASS]
    assert found.state is RuleState.HOLDS
    assert found.figure is not None and 0 < found.figure < 3
    assert found.sentence == (
        f"No alarm: e-value {found.figure:.2g}, alarm threshold 10,000. Highest for class 14 "
        "(Stop): 1 of 1 prediction since 2026-02-14 12:00:00 UTC, expected 0"
    )


def test_clean_traffic_is_calm() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    for found in outcomes(channels, after(channels, clean(1_500))).values():
        assert found.state is RuleState.HOLDS
        assert found.violations == ()
        assert re.search(r"of 500 predictions since 2026-02-14 12:16:39 UTC", found.sentence)


def test_what_is_counted_in_calm_traffic_is_what_came_since_the_mark() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    stream = clean(1_500)
    found = outcomes(channels, after(channels, stream))[CLASS]
    words = re.search(
        r"Highest for class (\d+) \(.*\): (\d+) of 500 .*, expected 12$", found.sentence
    )
    assert words is not None, found.sentence
    class_id, seen = map(int, words.groups())
    assert seen == stream[1_000:].count(class_id) < stream.count(class_id)


def test_several_classes_that_alarm_stand_in_one_outcome_since_the_first() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    states = after(channels, attacked(200))
    threes = np.where(np.arange(100) % 2, 3, clean(100)).tolist()
    later = observed(threes, at=NOON + timedelta(hours=1))
    standing = feed(channels, states, later).channels
    first, second = standing[CLASS].standing
    assert (first.class_id, second.class_id) == (STOP, 3)
    found = outcomes(channels, standing)[CLASS]
    assert found.sentence == f"{first.description}; {second.description}. Alarm since 12:00 UTC"
    assert [each.description for each in found.violations] == [
        first.description,
        second.description,
    ]
    assert found.figure == max(first.e_value, second.e_value)


def test_the_summary_counts_what_was_checked_and_what_was_missed() -> None:
    state = state_of({})
    assert summary(replace(state, taken=1_200)) == (
        "1,200 predictions checked since 2026-02-14 12:00:00 UTC, when the detector started."
    )
    assert summary(replace(state, taken=1, late=1, set_back_at=NOON)) == (
        "1 prediction checked since 2026-02-14 12:00:00 UTC, when the detector started. "
        "1 prediction arrived too late to be checked. Is the log slow, or does a clock differ? "
        "The clock was set back at 2026-02-14 12:00:00 UTC."
    )


# The beginning of a change


def in_bin(*runs: tuple[int, bool]) -> np.ndarray:
    return np.concatenate([np.full(n, value) for n, value in runs])


def test_it_begins_with_the_first_of_a_run() -> None:
    stream = in_bin((150, False), (8, True))
    assert onset(stream, 0.01) == 150


def test_a_single_one_long_before_is_left_out_and_a_near_one_is_not() -> None:
    far = in_bin((1, True), (150, False), (8, True))
    assert onset(far, 0.02) == 151
    near = in_bin((150, False), (1, True), (2, False), (8, True))
    assert onset(near, 0.02) == 150


def test_repeats_count_for_nothing() -> None:
    """Thirty frames of Stop long before, by a camera that stands still, and fifteen cameras."""
    channels = ChannelSet(replace(BASELINE, flagged=None), false_alarm_every=10_000)
    stream = [*clean(100), *[STOP] * 30, *clean(100, seed=2), *[STOP] * 15]
    sources = [*map(str, range(100)), *["camera"] * 30, *map(str, range(130, 245))]
    found = outcomes(channels, after(channels, stream, sources=sources))[CLASS]
    words = re.search(r"(\d+) of (\d+) predictions", found.sentence)
    assert words is not None, found.sentence
    assert int(words[1]) == int(words[2]) <= 15


def test_one_prediction_begins_with_itself() -> None:
    assert onset(np.array([True]), 0.5) == 0
    assert onset(np.array([False]), 0.5) == 0


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0.001, 1))
def test_no_other_beginning_is_more_likely(hits: list[bool], share: float) -> None:
    def likelihood(begin: int) -> float:
        logs = [sum(np.log(1 - e + e * hit / share) for hit in hits[begin:]) for e in EPSILONS]
        return max(logs)

    found = onset(np.array(hits), share)
    best = max(likelihood(begin) for begin in range(len(hits)))
    assert likelihood(found) >= best - 1e-9
