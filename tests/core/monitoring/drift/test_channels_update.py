"""The watch over the stream, without a log: channels, alarms in words; cuts change nothing."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.labels import class_name
from core.monitoring.baseline import Baseline
from core.monitoring.drift.channels import CLASS, CONFIDENCE, FLAG
from core.monitoring.drift.channels_update import LOOK_BACK, Watched, Watcher
from core.monitoring.drift.messages import outcome, watched
from core.monitoring.drift.state import ChannelState, Place, StreamAlarm, WatchState
from core.records.drift import Observed
from core.records.monitoring import Outcome, RuleState, Violation
from tests.support.expect import raises
from tests.support.observing import STOP, USUAL, attacked, clean, observed
from tests.support.records import NOON

SMALL = Baseline.of(
    5, np.arange(100) % 5, flagged=np.arange(100) % 7 == 0, confidences=(np.arange(100) * 0.618) % 1
)


def feed(
    watcher: Watcher,
    states: Mapping[str, ChannelState],
    seen: Observed,
    before: Observed | None = None,
) -> Watched:
    return watcher.feed(states, seen, earlier=lambda: before or seen.part(slice(0, 0)), at=NOON)


def after(watcher: Watcher, class_ids: Sequence[int], **options: Any) -> Mapping[str, ChannelState]:
    return feed(watcher, watcher.start(NOON), observed(class_ids, **options)).channels


def said(watcher: Watcher, states: Mapping[str, ChannelState]) -> dict[str, Outcome]:
    return {each.name: outcome(each, states[each.name], 10_000) for each in watcher.channels}


# Channels


def test_what_a_baseline_allows_for() -> None:
    def deciding(baseline: Baseline) -> list[tuple[str, bool, float]]:
        watcher = Watcher(baseline, false_alarm_every=1_000)
        return [(c.name, c.decides, c.detector.line) for c in watcher.channels]

    with_both = [(FLAG, True), (CONFIDENCE, True), (CLASS, False)]
    assert [found[:2] for found in deciding(USUAL)] == with_both
    assert deciding(replace(USUAL, flagged=None, confidence=None)) == [(CLASS, True, 1_000)]
    assert [found[:2] for found in deciding(replace(USUAL, flagged=None))] == [
        (CLASS, True),
        (CONFIDENCE, True),
    ]
    one_confidence = Baseline.of(5, np.arange(9) % 5, confidences=np.full(9, 0.9))
    assert deciding(one_confidence) == [(CLASS, True, 1_000)]


def test_the_budget_of_false_alarms_is_shared_and_not_spent_twice() -> None:
    channels = Watcher(USUAL, false_alarm_every=1_000).channels
    assert sum(1 / each.detector.line for each in channels if each.decides) == pytest.approx(1e-3)
    for each in channels:
        assert each.weight * each.detector.line == pytest.approx(1_000)


def test_an_empty_baseline_serves_none() -> None:
    with pytest.raises(BadInput, match="needs a baseline of at least one prediction"):
        Watcher(Baseline(43, {}), false_alarm_every=1_000)


# Alarms in words


def test_an_alarm_names_class_how_many_of_how_many_and_since_when() -> None:
    watcher = Watcher(replace(USUAL, flagged=None), false_alarm_every=10_000)
    found = said(watcher, after(watcher, [*clean(300), *attacked(40)]))[CLASS]
    words = re.fullmatch(
        r"Class 14 Stop came too often: (\d+) of (\d+) predictions since 2026-02-14 12:0(\d):(\d\d)"
        r" UTC, where (0\.\d+) are usual\. Evidence ([\d,]+) reached the alarm line of 10,000 at "
        r"2026-02-14 12:05:\d\d UTC",
        found.sentence,
    )
    assert words is not None, found.sentence
    stops, among, minute, second, usual, evidence = words.groups()
    assert 3 <= int(stops) < int(among) < 25
    assert 300 <= 60 * int(minute) + int(second) < 310  # it began with the attack
    assert float(usual) == pytest.approx(int(among) / 43, rel=0.05)
    assert float(evidence.replace(",", "")) == pytest.approx(found.figure, abs=0.5)
    assert (found.state, found.decides, found.threshold) == (RuleState.VIOLATED, True, 10_000)
    description = found.sentence.partition(". Evidence")[0]
    assert found.violations == (Violation("PredictedClass", "baseline_drift_check", description),)


def test_flags_are_told_beside_the_class() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    stream = [*clean(300), *attacked(40)]
    flagged = [n >= 300 and class_id == STOP for n, class_id in enumerate(stream)]
    found = said(watcher, after(watcher, stream, flagged=flagged))[FLAG].violations[0].description
    assert re.fullmatch(
        r"Class 14 Stop came flagged too often: (\d) of \d+ predictions since .* UTC, where "
        r"0(\.0\d+)? are usual \(of the class in all: \1, 0\.\d+ usual\)",
        found,
    ), found


def test_confidence_that_changes_is_named_by_its_range() -> None:
    watcher = Watcher(USUAL, false_alarm_every=100)
    seen = replace_confidences(observed(clean(300)), 0.999)
    found = said(watcher, feed(watcher, watcher.start(NOON), seen).channels)[CONFIDENCE]
    (violation,) = found.violations
    assert violation.feature_name == "Confidence"
    assert violation.description.startswith(
        "Predictions with a confidence of 0.9 to 1 came too often: "
    )


def replace_confidences(seen: Observed, value: float) -> Observed:
    return Observed(seen.at, seen.class_ids, seen.flagged, np.full(len(seen), value), seen.sources)


def test_a_class_never_seen_is_named_soon() -> None:
    watcher = Watcher(Baseline.of(43, np.arange(2_000) % 7), false_alarm_every=10_000)
    (state,) = after(watcher, [0, 1, 42, 3, 42, 5, 6, 42]).values()
    (alarm,) = state.standing
    assert (alarm.class_id, alarm.position) == (42, 8)
    assert alarm.description == (
        f"Class {class_name(42)} came too often: 3 of 6 predictions since "
        "2026-02-14 12:00:02 UTC, where 0 are usual"
    )


def test_the_stretch_before_is_asked_for_where_the_piece_is_short() -> None:
    watcher = Watcher(replace(USUAL, flagged=None), false_alarm_every=10_000)
    stream = observed([*clean(300), *attacked(40)])
    whole = feed(watcher, watcher.start(NOON), stream).channels[CLASS].standing[0]
    states: Mapping[str, ChannelState] = watcher.start(NOON)
    for row in range(len(stream)):
        states = feed(
            watcher, states, stream.part(slice(row, row + 1)), stream.part(slice(0, row))
        ).channels
    assert states[CLASS].standing[0] == whole
    assert len(stream) < LOOK_BACK


# Calm


def test_before_the_first_prediction_nothing_is_computed() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    for found in said(watcher, watcher.start(NOON)).values():
        assert (found.state, found.figure) == (RuleState.NOT_COMPUTED, None)
        assert found.sentence == (
            "Not computed: no prediction came since it started at 2026-02-14 12:00:00 UTC"
        )


def test_one_prediction_is_evidence_of_little() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    found = said(watcher, after(watcher, [STOP]))[CLASS]
    assert found.state is RuleState.HOLDS
    assert found.figure is not None and 0 < found.figure < 3
    assert found.sentence == (
        f"Evidence {found.figure:.2g}, alarm line 10,000: most of it for class 14 Stop, "
        "1 of 1 predictions since 2026-02-14 12:00:00 UTC, where 0.023 are usual"
    )


def test_clean_traffic_is_calm() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    for found in said(watcher, after(watcher, clean(1_500))).values():
        assert found.state is RuleState.HOLDS
        assert found.violations == ()
        assert re.search(r"of 500 predictions since 2026-02-14 12:16:39 UTC", found.sentence)


# Standing and over


def test_an_alarm_stands_until_it_was_told_and_is_over() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    states = after(watcher, attacked(60))
    assert [alarm.told for alarm in states[FLAG].standing] == [False]
    untold = feed(watcher, states, observed(clean(1_500, seed=5))).channels
    assert untold[FLAG].detector.standing is None
    assert untold[FLAG].standing == states[FLAG].standing
    told = state_of(watcher, untold).with_told({states[FLAG].standing[0].description}).channels
    assert feed(watcher, told, observed([1])).channels[FLAG].standing == ()


def test_one_that_stands_is_named_once_and_another_class_beside_it() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    states = after(watcher, attacked(200))
    assert [alarm.class_id for alarm in states[CLASS].standing] == [STOP]
    threes = np.where(np.arange(100) % 2, 3, clean(100)).tolist()
    both = feed(watcher, states, observed(threes)).channels[CLASS].standing
    assert [alarm.class_id for alarm in both] == [STOP, 3]


def test_an_alarm_after_one_that_was_over_is_new() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    states = after(watcher, attacked(60))
    descriptions = {alarm.description for each in states.values() for alarm in each.standing}
    told = state_of(watcher, states).with_told(descriptions).channels
    later = observed([*clean(1_500, seed=5), *attacked(60)], at=NOON + timedelta(hours=1))
    (alarm,) = feed(watcher, told, later).channels[CLASS].standing
    assert (alarm.class_id, alarm.told) == (STOP, False)
    assert alarm.at > NOON + timedelta(hours=1, minutes=25)


# Pieces


streams = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.sampled_from([None, "a", "b"])),
    min_size=1,
    max_size=120,
)


@given(streams, st.lists(st.integers(1, 40), min_size=1))
def test_pieces_and_a_restart_change_nothing(
    stream: list[tuple[int, bool, str | None]], sizes: list[int]
) -> None:
    class_ids, flags, sources = map(list, zip(*stream, strict=True))
    watcher = Watcher(SMALL, false_alarm_every=5)
    seen = observed(class_ids, flagged=flags, sources=sources)
    whole = feed(watcher, watcher.start(NOON), seen)
    states: Mapping[str, ChannelState] = watcher.start(NOON)
    done, raised = 0, dict.fromkeys(states, 0)
    while done < len(seen):
        size = sizes[done % len(sizes)]
        part = feed(watcher, states, seen.part(slice(done, done + size)), seen.part(slice(0, done)))
        raised = {name: n + part.raised[name] for name, n in raised.items()}
        states = WatchState.from_text(state_of(watcher, part.channels).to_text()).channels
        done += size
    assert raised == whole.raised
    assert state_of(watcher, states).to_text() == state_of(watcher, whole.channels).to_text()


def test_points_keep_the_highest_evidence() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    stream = observed([*clean(300), *attacked(100)], seconds=0.5)
    points = [p for p in feed(watcher, watcher.start(NOON), stream).points if p.channel == CLASS]
    assert len(points) == 1 + 199 // 3
    assert max(point.evidence for point in points) > 10_000
    assert points == sorted(points, key=lambda point: point.at)


# Saved


def state_of(watcher: Watcher, channels: Mapping[str, ChannelState]) -> WatchState:
    return WatchState("b", 10_000, 43, NOON, "it was started first", PLACE, channels)


PLACE = Place(NOON, 2.0, NOON, 7, NOON + timedelta(hours=1))
ALARM = StreamAlarm(9, 14, 12_345.5, "Class 14 Stop came too often", NOON, NOON)


def test_a_state_is_read_as_it_was_written() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    state = replace(state_of(watcher, after(watcher, attacked(60))), set_back_at=NOON, late=3)
    again = WatchState.from_text(state.to_text())
    assert again.to_text() == state.to_text()
    assert again.standing == state.standing
    assert (again.place, again.set_back_at) == (state.place, NOON)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "JSONDecodeError('Expecting value: line 1 column 1 (char 0)')"),
        ("[]", "TypeError('pop expected at most 1 argument, got 0')"),
        ("{}", "KeyError('version')"),
        ('{"version": 9}', "ValueError('version 9 is not 1')"),
    ],
)
def test_a_damaged_state_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match="the saved state of the stream detector cannot be read"):
        WatchState.from_text(text)


def test_a_state_with_a_damaged_detector_is_refused() -> None:
    watcher = Watcher(USUAL, false_alarm_every=10_000)
    document = json.loads(state_of(watcher, watcher.start(NOON)).to_text())
    document["channels"][CLASS]["detector"]["sums"] = [1]
    with raises(
        BadInput,
        "the detector's saved state cannot be read (ValueError('its arrays do not fit each other'))"
        ". Start it anew",
    ):
        WatchState.from_text(json.dumps(document))


def test_what_was_watched_is_said() -> None:
    state = state_of(Watcher(USUAL, false_alarm_every=10_000), {})
    assert watched(replace(state, taken=1_200)) == (
        "1,200 predictions watched since 2026-02-14 12:00:00 UTC, when it was started first."
    )
    assert watched(replace(state, taken=1, late=1, set_back_at=NOON)) == (
        "1 prediction watched since 2026-02-14 12:00:00 UTC, when it was started first. "
        "1 prediction became visible too late to be watched: is the log slow, or does a clock "
        "differ? The clock was found set back at 2026-02-14 12:00:00 UTC."
    )
