"""What the drift detector remembers between two steps, as JSON and back."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.drift.channels import CLASS
from core.monitoring.drift.channels_update import ChannelSet
from core.monitoring.drift.state import DriftState
from tests.support.drifting import after, feed, state_of
from tests.support.expect import raises
from tests.support.observing import BASELINE, STOP, attacked, clean, observed
from tests.support.records import NOON

OLDER = Path(__file__).parent / "older_state.json"  # written before the keys had their names


def test_a_state_is_the_same_when_it_is_read() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    state = replace(state_of(after(channels, attacked(60))), set_back_at=NOON, late=3)
    again = DriftState.from_text(state.to_text())
    assert again.to_text() == state.to_text()
    assert again.standing == state.standing
    assert (again.place, again.set_back_at) == (state.place, NOON)


def test_what_was_reported_stays_so_when_something_else_is() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    threes = np.where(np.arange(60) % 2, 3, clean(60, seed=4)).tolist()
    states = after(channels, [*attacked(60), *threes])
    state = state_of(states)
    stop, three = states[CLASS].standing
    assert (stop.class_id, three.class_id) == (STOP, 3)
    for description, reported in (
        (stop.description, [True, False]),
        (three.description, [True] * 2),
    ):
        state = state.with_reported({description})
        assert [alarm.reported for alarm in state.channels[CLASS].standing] == reported
    again = DriftState.from_text(state.to_text())
    assert [alarm.reported for alarm in again.channels[CLASS].standing] == [True, True]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "JSONDecodeError('Expecting value: line 1 column 1 (char 0)')"),
        ("[]", "TypeError(\"'str' object cannot be interpreted as an integer\")"),
        ("{}", "KeyError('version')"),
        ('{"version": 9}', "ValueError('version 9 is not 1')"),
    ],
)
def test_a_damaged_state_is_refused(text: str, reason: str) -> None:
    with raises(BadInput, f"the saved state of the drift detector cannot be read ({reason})"):
        DriftState.from_text(text)


def test_a_state_with_a_damaged_detector_is_refused() -> None:
    channels = ChannelSet(BASELINE, false_alarm_every=10_000)
    document = json.loads(state_of(channels.start(NOON)).to_text())
    document["channels"][CLASS]["detector"]["sums"] = [1]
    with raises(
        BadInput,
        "the detector's saved state cannot be read (ValueError('its arrays do not fit each other'))"
        ". Start it anew",
    ):
        DriftState.from_text(json.dumps(document))


def test_a_state_of_an_older_version_goes_on() -> None:
    text = OLDER.read_text().strip()
    state = DriftState.from_text(text)
    document = json.loads(text) | {
        "unit": "frames",  # what counted then
        "signs": {"position": 0, "shown": [], "looks": ""},
    }
    assert json.loads(state.to_text()) == document
    (alarm,) = state.standing
    assert (alarm.position, alarm.class_id, alarm.reported) == (3, None, False)
    assert alarm.e_value == pytest.approx(14.107, abs=0.001)
    channel = state.channels[CLASS]
    assert channel.detector.standing is not None
    assert (channel.detector.standing.bin_id, channel.e_value) == (1, 2.566000000000001)

    channels = ChannelSet(Baseline.of(1, np.zeros(9, dtype=int)), false_alarm_every=10.0)
    pieces = feed(channels, state.channels, observed([0, 0], at=NOON + timedelta(seconds=4)))
    whole = after(channels, [0, 5, 5, 5, 0, 0])
    assert pieces.channels[CLASS].e_value == whole[CLASS].e_value
