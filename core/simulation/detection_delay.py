"""When each rule noticed a drill, prediction by prediction: the stream detector, and every window
rule as an execution at that very moment would have evaluated it.

Each starts with the drill: the detector cold, as after its start, and the windows with the drill's
first prediction. What came before, maybe another drill, has no part in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.monitoring.baseline import Baseline
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.channels import DriftChannel, channels_for
from core.monitoring.rules import ClassShare, WindowRule
from core.monitoring.rules.in_force import Against, outcome, rules_in_force
from core.records.drift import Observed, rule_of
from core.records.drills import Noticed
from core.records.monitoring import RuleState, WindowFigures

SMALLEST_WINDOW = 200  # predictions; nobody evaluates a window of a handful
BEFORE = "it was in violation before the attack already, which tells nothing"
NEVER = "not within {:,} predictions"


@dataclass(frozen=True)
class Attacked:
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


def noticed(
    traffic: Attacked, against: Against, *, threshold: float, false_alarm_every: float
) -> tuple[Noticed, ...]:
    """Every channel of the detector, then every window rule; without a baseline only these."""
    baseline = against.baseline
    streams = _streams(traffic, baseline, false_alarm_every) if baseline else ()
    prefixes = _prefixes(traffic)
    rules = rules_in_force(against, threshold)
    return (
        *streams,
        *(_by_rule(traffic, rule, decides, against, prefixes) for rule, decides in rules),
    )


def _streams(traffic: Attacked, baseline: Baseline, line: float) -> tuple[Noticed, ...]:
    found = channels_for(baseline, false_alarm_every=line)
    return tuple(_by_channel(traffic, channel, line) for channel in found)


def _by_channel(traffic: Attacked, channel: DriftChannel, line: float) -> Noticed:
    seen, begins = traffic.seen, traffic.begins
    bins = channel.bins_of(seen)
    _, repeats = mark_repeats(BurstState.cold(), seen.class_ids, bins, seen.sources)
    alarms = channel.detector.feed(channel.detector.start(), bins, repeats).alarms
    false = sum(alarm.position <= begins for alarm in alarms)
    said = rule_of(channel.name), line, channel.decides, false
    own = [each for each in alarms if each.position > begins]
    if not own:
        return Noticed(*said, why=NEVER.format(traffic.length))
    row = own[0].position - 1
    return Noticed(*said, row - begins + 1, traffic.seconds(row), channel.class_of(own[0].bin_id))


def _prefixes(traffic: Attacked) -> dict[int, WindowFigures]:
    """Row -> the window that begins with the drill and ends with that prediction."""
    counts: Counter[int] = Counter()
    found = {}
    for row, class_id in enumerate(traffic.seen.class_ids.tolist()):
        counts[class_id] += 1
        if row + 1 >= min(SMALLEST_WINDOW, traffic.begins):
            found[row] = WindowFigures(row + 1, dict(counts), None, None, None)
    return found


def _by_rule(
    traffic: Attacked,
    rule: WindowRule,
    decides: bool,
    against: Against,
    prefixes: dict[int, WindowFigures],
) -> Noticed:
    clean = [
        outcome(rule, figures, against) for row, figures in prefixes.items() if row < traffic.begins
    ]
    violated = [each.state is RuleState.VIOLATED for each in clean]
    false = sum(now and not before for before, now in pairwise([False, *violated]))
    said = rule.name, rule.threshold, decides, false
    if violated and violated[-1]:
        return Noticed(*said, why=BEFORE)
    why = NEVER.format(traffic.length)
    for row in range(traffic.begins, len(traffic.seen)):
        said_last = outcome(rule, prefixes[row], against)
        if said_last.state is RuleState.VIOLATED:
            after = row - traffic.begins + 1
            return Noticed(*said, after, traffic.seconds(row), _named(rule, prefixes[row]))
        if said_last.state is RuleState.NOT_COMPUTED:
            why = said_last.sentence
    return Noticed(*said, why=why)


def _named(rule: WindowRule, figures: WindowFigures) -> int | None:
    """The class that a violation of the rule names."""
    return next(iter(figures.shares())) if isinstance(rule, ClassShare) else None
