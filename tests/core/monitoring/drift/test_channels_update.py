"""Predictions through every channel: alarms that stand and end; cuts change nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.monitoring.baseline import Baseline
from core.monitoring.drift.channels import CLASS, CONFIDENCE, FLAG
from core.monitoring.drift.channels_update import ONSET_WITHIN, ChannelSet, thinned
from core.monitoring.drift.state import ChannelState, DriftState
from tests.support.drifting import SECOND, after, feed, state_of
from tests.support.observing import BASELINE, STOP, attacked, clean, observed
from tests.support.records import NOON

SMALL = Baseline.of(
    5, np.arange(100) % 5, flagged=np.arange(100) % 7 == 0, confidences=(np.arange(100) * 0.618) % 1
)


def test_a_class_never_seen_is_named_soon() -> None:
    channels = ChannelSet(Baseline.of(43, np.arange(2_000) % 7), false_alarm_every=10_000)
    (state,) = after(channels, [0, 1, 42, 3, 42, 5, 6, 42]).values()
    (alarm,) = state.standing
    assert (alarm.class_id, alarm.position) == (42, 8)
    assert alarm.description == (
        "Class 42 (End of no overtaking by lorries) is more frequent than in the baseline: "
        "3 of 6 predictions, expected 0"
    )


def test_the_stretch_before_is_asked_for_where_the_piece_is_short() -> None:
    channels = ChannelSet(replace(BASELINE, flagged=None), false_alarm_every=10_000)
    stream = observed([*clean(300), *attacked(40)])
    whole = feed(channels, channels.start(NOON), stream).channels[CLASS].standing[0]
    states: Mapping[str, ChannelState] = channels.start(NOON)
    for row in range(len(stream)):
        states = feed(
            channels, states, stream.part(slice(row, row + 1)), stream.part(slice(0, row))
        ).channels
    assert states[CLASS].standing[0] == whole
    assert len(stream) < ONSET_WITHIN


def test_e_values_are_in_the_unit_of_a_whatever_the_channel_s_share_of_the_budget() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=100)
    stream = observed([*clean(40), *attacked(60)], seconds=4.0)  # a point each
    update = feed(channels, channels.start(NOON), stream)
    weights = {FLAG: 0.95, CLASS: 0.95, CONFIDENCE: 0.05}
    for channel in channels.channels:
        detector, weight = channel.detector, weights[channel.name]
        raw = detector.feed(detector.start(), channel.bins_of(stream)).e_values
        own = [each.e_value for each in update.points if each.channel == channel.name]
        assert own == pytest.approx((weight * raw).tolist(), rel=1e-12)
        state = update.channels[channel.name]
        assert state.e_value == pytest.approx(weight * raw[-1], rel=1e-12)
        for alarm in state.standing:
            assert alarm.e_value == pytest.approx(weight * raw[alarm.position - 1], rel=1e-12)
    assert [len(update.channels[name].standing) for name in weights] == [1, 1, 0]


def test_an_alarm_is_of_its_prediction_and_noticed_when_that_is_checked() -> None:
    channels = ChannelSet(replace(BASELINE, flagged=None), false_alarm_every=10_000)
    stream, checked = observed([*clean(300), *attacked(40)]), NOON + timedelta(hours=2)
    states = channels.update(
        channels.start(NOON), stream, earlier=lambda: stream.part(slice(0, 0)), at=checked
    ).channels
    (alarm,) = states[CLASS].standing
    assert (alarm.at, alarm.raised_at) == (NOON + (alarm.position - 1) * SECOND, checked)


# Standing and over


def test_an_alarm_stands_until_it_was_reported_and_is_over() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    states = after(channels, attacked(60))
    assert [alarm.reported for alarm in states[FLAG].standing] == [False]
    unreported = feed(channels, states, observed(clean(1_500, seed=5))).channels
    assert unreported[FLAG].detector.standing is None
    assert unreported[FLAG].standing == states[FLAG].standing
    reported = state_of(unreported).with_reported({states[FLAG].standing[0].description}).channels
    assert feed(channels, reported, observed([1])).channels[FLAG].standing == ()


def test_one_that_stands_is_named_once_and_another_class_beside_it() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    states = after(channels, attacked(200))
    assert [alarm.class_id for alarm in states[CLASS].standing] == [STOP]
    threes = np.where(np.arange(100) % 2, 3, clean(100)).tolist()
    both = feed(channels, states, observed(threes)).channels[CLASS].standing
    assert [alarm.class_id for alarm in both] == [STOP, 3]


def test_an_alarm_after_one_that_was_over_is_new() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    states = after(channels, attacked(60))
    descriptions = {alarm.description for each in states.values() for alarm in each.standing}
    reported = state_of(states).with_reported(descriptions).channels
    later = observed([*clean(1_500, seed=5), *attacked(60)], at=NOON + timedelta(hours=1))
    (alarm,) = feed(channels, reported, later).channels[CLASS].standing
    assert (alarm.class_id, alarm.reported) == (STOP, False)
    assert alarm.at > NOON + timedelta(hours=1, minutes=25)


def test_an_alarm_after_one_that_was_over_is_named_however_the_stream_is_cut() -> None:
    channels = ChannelSet(replace(BASELINE, flagged=None), false_alarm_every=10_000)
    stream = observed([*attacked(60), *clean(1_500, seed=5), *attacked(60, seed=2)])
    whole = feed(channels, channels.start(NOON), stream).channels[CLASS].standing
    assert [alarm.class_id for alarm in whole] == [STOP, STOP]
    assert whole[0].position < 60 and whole[1].position > 1_560
    for size in (1, 100, 700):
        states: Mapping[str, ChannelState] = channels.start(NOON)
        for start in range(0, len(stream), size):
            piece, before = stream.part(slice(start, start + size)), stream.part(slice(start))
            states = feed(channels, states, piece, before).channels
        assert states[CLASS].standing == whole


def test_frames_of_one_sign_are_neither_evidence_nor_time() -> None:
    """Thirty frames of each sign give the alarms and e-values of one frame each."""
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    signs = np.array([*clean(300), *attacked(200)])
    signs = signs[np.append(True, signs[1:] != signs[:-1])]  # a camera sees no two alike in a row
    kept = [0]
    for row in range(1, len(signs)):  # nor one of the last two again, which might be one sign
        if signs[row] not in signs[kept[-2:]]:
            kept.append(row)
    signs = signs[kept]
    one = observed(signs.tolist(), sources=["camera"] * len(signs))
    many = observed(np.repeat(signs, 30).tolist(), sources=["camera"] * 30 * len(signs))
    many = replace(many, confidences=np.repeat(one.confidences, 30))
    once, often = (feed(channels, channels.start(NOON), seen).channels for seen in (one, many))
    for name in (FLAG, CLASS, CONFIDENCE):
        assert often[name].e_value == once[name].e_value
        assert often[name].detector.to_json() == once[name].detector.to_json()
        assert [a.position for a in often[name].standing] == [
            a.position for a in once[name].standing
        ]
    assert often[CLASS].standing[0].class_id == STOP
    assert often[CLASS].standing[0].description == once[CLASS].standing[0].description


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
    channels = ChannelSet(SMALL, false_alarm_every=5)
    seen = observed(class_ids, flagged=flags, sources=sources)
    whole = feed(channels, channels.start(NOON), seen)
    states: Mapping[str, ChannelState] = channels.start(NOON)
    done, raised = 0, dict.fromkeys(states, 0)
    while done < len(seen):
        size = sizes[done % len(sizes)]
        part = feed(
            channels, states, seen.part(slice(done, done + size)), seen.part(slice(0, done))
        )
        raised = {name: n + part.raised[name] for name, n in raised.items()}
        states = DriftState.from_text(state_of(part.channels).to_text()).channels
        done += size
    assert raised == whole.raised
    assert state_of(states).to_text() == state_of(whole.channels).to_text()


def test_points_keep_the_highest_e_value() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    stream = observed([*clean(300), *attacked(100)], seconds=0.5)
    points = [p for p in feed(channels, channels.start(NOON), stream).points if p.channel == CLASS]
    assert len(points) == 1 + 199 // 3
    assert max(point.e_value for point in points) > 10_000
    assert points == sorted(points, key=lambda point: point.at)


# The chart


def test_a_thinned_chart_keeps_every_peak() -> None:
    e_values = np.array([1, 5, 2, 3, 9, 4, 0.5])
    positions, heights = thinned(e_values, first=11, points=3)
    assert positions.tolist() == [12, 14, 15]
    assert heights.tolist() == [5, 3, 9]


@given(st.lists(st.floats(0, 1e6)), st.integers(1, 50))
def test_a_thinned_chart_is_short_and_true(heights: list[float], points: int) -> None:
    e_values = np.array(heights, dtype=np.float64)
    positions, kept = thinned(e_values, first=1, points=points)
    assert len(positions) == min(points, len(heights))
    assert kept.tolist() == e_values[positions - 1].tolist()
    assert max(kept, default=0) == max(heights, default=0)
