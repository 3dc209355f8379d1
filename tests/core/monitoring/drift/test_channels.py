"""The channels that a baseline allows for, and their share of the false alarms."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.baseline import Baseline
from core.monitoring.drift.channels import CLASS, CONFIDENCE, FLAG, channels_for
from core.monitoring.drift.detector import EPSILONS
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


def test_a_flagged_prediction_weighs_five_times_an_unflagged_one() -> None:
    """M after one prediction, from the definition: 1 - e in each bin, and e / q in its own."""
    flag, _, by_class = channels_for(BASELINE, false_alarm_every=1_000)
    flagged, every = BASELINE.flagged[STOP], BASELINE.counts[STOP]
    assert (flagged, every) == (1, 50)
    weights = 44 * 1 + 44 * 5
    for channel, bin_id, before, share in (
        (flag, 44 + STOP, flagged, 5 / weights),
        (flag, STOP, every - flagged, 1 / weights),
        (by_class, STOP, every, 1 / 44),
    ):
        fed = channel.detector.feed(channel.detector.start(), [bin_id])
        inverse = 2_151 / (before + 0.5)
        expected = np.mean([1 - e + share * e * inverse for e in EPSILONS])
        assert fed.e_values == pytest.approx([expected], rel=1e-12)


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
