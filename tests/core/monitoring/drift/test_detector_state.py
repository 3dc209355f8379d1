"""What the detector remembers, as JSON and back."""

import json
from typing import Any

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.drift.detector import Detector
from core.monitoring.drift.detector_state import Alarm, DetectorState
from tests.support.expect import raises

BASELINE = [60, 30, 9, 1, 0]


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


def test_a_state_is_read_to_the_last_bit() -> None:
    document = json.loads(json.dumps(saved()))
    assert DetectorState.from_json(document).to_json() == saved()


def test_the_keys_are_those_of_older_versions() -> None:
    assert list(saved()) == [
        "version",
        "position",
        "last",
        "excess",
        "sums",
        "seen",
        "kept",
        "mark",
        "standing",
    ]
    standing = {"position": 3, "cell": 4, "evidence": 25.5}
    state = DetectorState.from_json(saved() | {"standing": standing})
    assert state.standing == Alarm(3, 4, 25.5)
    assert state.to_json()["standing"] == standing
