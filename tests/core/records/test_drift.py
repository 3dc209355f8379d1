"""What passes between the drift detector, the log and the pages."""

import numpy as np
import pytest

from core.errors import BadInput
from core.records.drift import (
    MOST,
    DriftSettings,
    DriftStatus,
    channel_of,
    current_rule,
    rule_of,
)
from core.records.monitoring import Outcome, RuleState
from tests.support.expect import raises
from tests.support.observing import observed
from tests.support.records import NOON


@pytest.mark.parametrize("every", [0.5, 2 * MOST, float("nan")])
def test_the_rate_of_false_alarms_has_its_range(every: float) -> None:
    with raises(
        BadInput,
        "the number of predictions with at most one false alarm must lie in 1..1000000000000, "
        f"got {every}",
    ):
        DriftSettings(every)


def test_parts_joined_are_the_whole() -> None:
    whole = observed([1, 2, 3, 4], sources=["a", None, "b", "c"])
    again = whole.part(slice(0, 1)).joined(whole.part(slice(1, None)))
    assert len(again) == 4
    for name in ("at", "class_ids", "flagged", "confidences"):
        assert np.array_equal(getattr(again, name), getattr(whole, name))
    assert again.sources == whole.sources
    assert whole.moment(0) == NOON


def test_the_channels_of_a_status_are_those_of_its_outcomes() -> None:
    outcomes = tuple(
        Outcome(rule_of(name), RuleState.HOLDS, 1.0, 1e4, "", decides=decides)
        for name, decides in (("class x flag", True), ("class", False))
    )
    assert DriftStatus(1e4, "", outcomes).channels == {"class x flag": True, "class": False}


def test_rules_of_older_versions_have_their_name_of_today() -> None:
    assert channel_of(current_rule("stream detector, confidence")) == "confidence"
    assert current_rule("stream detector") == "drift detector"
    assert current_rule("streams") == "streams"
