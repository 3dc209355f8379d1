"""When each rule noticed a drill, prediction by prediction.

The drift detector, and every window rule as a run at that very moment would have evaluated it. Each
starts with the drill: the detector cold, and the windows with the drill's first prediction. What
came before, maybe another drill, has no part in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from core.monitoring.baseline import Baseline
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.channels import DriftChannel
from core.monitoring.drift.channels_update import ChannelSet
from core.monitoring.drift.signs import SignState
from core.monitoring.rules import ClassShare, WindowRule
from core.monitoring.rules.in_force import Against, outcome, rules_in_force
from core.records.drift import Observed, rule_of
from core.records.drills import Detection
from core.records.monitoring import RuleState, WindowFigures

SMALLEST_WINDOW = 200  # predictions; nobody evaluates a window of a handful
BEFORE = "already in violation before the attack"
NEVER = "not within {:,} predictions"


@dataclass(frozen=True)
class AttackedTraffic:
    """Predictions in order of time; the first attacked one stands in row `begins`."""

    seen: Observed
    begins: int

    @property
    def length(self) -> int:
        """Predictions from the first attacked one on."""
        return len(self.seen) - self.begins

    def seconds(self, row: int) -> float:
        """From the first attacked prediction to another one."""
        return float((self.seen.at[row] - self.seen.at[self.begins]) / np.timedelta64(1, "s"))


def detections(
    traffic: AttackedTraffic, against: Against, *, threshold: float, false_alarm_every: float
) -> tuple[Detection, ...]:
    """When every channel of the drift detector noticed, then every window rule.

    Parameters
    ----------
    traffic
        The drill's predictions.
    against
        The baseline in force; without one, only window rules that need none.
    threshold
        The monitor's largest share of one class, in (0, 1].
    false_alarm_every
        A of the drift detector.
    """
    baseline = against.baseline
    channels = _channels(traffic, baseline, false_alarm_every) if baseline else ()
    prefixes = _prefixes(traffic)
    rules = rules_in_force(against, threshold)
    return (
        *channels,
        *(_by_rule(traffic, rule, decides, against, prefixes) for rule, decides in rules),
    )


def _channels(
    traffic: AttackedTraffic, baseline: Baseline, threshold: float
) -> tuple[Detection, ...]:
    found = ChannelSet(baseline, false_alarm_every=threshold)
    named = replace(traffic, seen=found.named(SignState(), traffic.seen)[1])
    return tuple(_by_channel(named, channel, threshold) for channel in found.channels)


def _by_channel(traffic: AttackedTraffic, channel: DriftChannel, threshold: float) -> Detection:
    seen, begins = traffic.seen, traffic.begins
    bins = channel.bins_of(seen)
    _, repeats = mark_repeats(BurstState.cold(), seen.class_ids, bins, seen.sources)
    detector = channel.detector
    fed = detector.feed(detector.start(), bins, repeats, channel.bands_of(seen))
    false = sum(row < begins for row in fed.rows)
    known = rule_of(channel.name), threshold, channel.decides, false
    if false == len(fed.alarms):
        return Detection(*known, why=NEVER.format(traffic.length))
    row, class_id = fed.rows[false], channel.class_of(fed.alarms[false].bin_id)
    return Detection(*known, row - begins + 1, traffic.seconds(row), class_id)


def _prefixes(traffic: AttackedTraffic) -> dict[int, WindowFigures]:
    """Row -> the window that begins with the drill and ends with that prediction."""
    counts: Counter[int] = Counter()
    found = {}
    for row, class_id in enumerate(traffic.seen.class_ids.tolist()):
        counts[class_id] += 1
        if row + 1 >= min(SMALLEST_WINDOW, traffic.begins):
            found[row] = WindowFigures(row + 1, dict(counts), None, None, None)
    return found


def _by_rule(
    traffic: AttackedTraffic,
    rule: WindowRule,
    decides: bool,
    against: Against,
    prefixes: dict[int, WindowFigures],
) -> Detection:
    clean = [
        outcome(rule, figures, against) for row, figures in prefixes.items() if row < traffic.begins
    ]
    violated = [each.state is RuleState.VIOLATED for each in clean]
    false = sum(now and not before for before, now in pairwise([False, *violated]))
    known = rule.name, rule.threshold, decides, false
    if violated and violated[-1]:
        return Detection(*known, why=BEFORE)
    why = NEVER.format(traffic.length)
    for row in range(traffic.begins, len(traffic.seen)):
        latest = outcome(rule, prefixes[row], against)
        if latest.state is RuleState.VIOLATED:
            after = row - traffic.begins + 1
            return Detection(*known, after, traffic.seconds(row), _named(rule, prefixes[row]))
        if latest.state is RuleState.NOT_COMPUTED:
            why = latest.sentence
    return Detection(*known, why=why)


def _named(rule: WindowRule, figures: WindowFigures) -> int | None:
    """The class that a violation of the rule names."""
    return next(iter(figures.shares())) if isinstance(rule, ClassShare) else None
