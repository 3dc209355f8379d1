"""The channels that a baseline allows for, and their share of the false alarms."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.drift.channels import CLASS, CONFIDENCE, FLAG, channels_for
from tests.support.observing import BASELINE, STOP


def test_what_a_baseline_allows_for() -> None:
    def deciding(baseline: Baseline) -> list[tuple[str, bool, float]]:
        made = channels_for(baseline, false_alarm_every=1_000)
        return [(c.name, c.decides, c.detector.threshold) for c in made]

    with_both = [(FLAG, True), (CONFIDENCE, True), (CLASS, False)]
    assert [found[:2] for found in deciding(BASELINE)] == with_both
    assert deciding(replace(BASELINE, flagged=None, confidence=None)) == [(CLASS, True, 1_000)]
    assert [found[:2] for found in deciding(replace(BASELINE, flagged=None))] == [
        (CLASS, True),
        (CONFIDENCE, True),
    ]
    one_confidence = Baseline.of(5, np.arange(9) % 5, confidences=np.full(9, 0.9))
    assert deciding(one_confidence) == [(CLASS, True, 1_000)]


def test_the_budget_of_false_alarms_is_shared_and_not_spent_twice() -> None:
    channels = channels_for(BASELINE, false_alarm_every=1_000)
    assert sum(1 / each.detector.threshold for each in channels if each.decides) == pytest.approx(
        1e-3
    )
    for each in channels:
        assert each.weight * each.detector.threshold == pytest.approx(1_000)


def test_an_empty_baseline_serves_none() -> None:
    with pytest.raises(BadInput, match="needs a baseline of at least one prediction"):
        channels_for(Baseline(43, {}), false_alarm_every=1_000)


def test_a_change_is_described_beside_what_the_baseline_expects() -> None:
    flag, confidence, by_class = channels_for(BASELINE, false_alarm_every=1_000)
    assert by_class.expected(STOP) == 50 / 2_150
    assert by_class.describe_change(STOP, 5, 61) == (
        "Class 14 (Stop) is more frequent than in the baseline: 5 of 61 predictions, expected 1.4"
    )
    assert flag.describe_change(44 + STOP, 1_200, 2_000).startswith(
        "Class 14 (Stop) is flagged more often than in the baseline: 1,200 of 2,000 predictions, "
    )
    assert confidence.describe_change(0, 267, 1_540) == (
        "Confidence dropped: 267 of 1,540 predictions are below 10 % (expected 154)"
    )
