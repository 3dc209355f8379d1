"""What each rule is about: its parameter in words, and when it alarms."""

from __future__ import annotations

from core.monitoring.drift.channels import CLASS, CONFIDENCE, FLAG
from core.monitoring.drift.detector import SETTLE
from core.monitoring.rules import WINDOW_RULES, volume
from core.records.drift import DRIFT_RULE, rule_of
from core.records.monitoring import RuleDescription

FALSE_ALARMS = "alarm threshold, and at most one false alarm on average in predictions:"
WATCHES = {
    CLASS: "one class comes more often than in the baseline",
    FLAG: "one class, or its flagged predictions, come more often than in the baseline",
    CONFIDENCE: "confidences of one range come more often than in the baseline",
}


RULES: dict[str, RuleDescription] = {
    **{
        name: RuleDescription(rule.parameter, rule.explanation)
        for name, rule in WINDOW_RULES.items()
    },
    **{
        rule_of(channel): RuleDescription(
            FALSE_ALARMS,
            f"Alarms as soon as the live stream shows that {what}; it keeps its e-value between "
            f"runs, and an alarm stands until {SETTLE:,} predictions came without another.",
        )
        for channel, what in WATCHES.items()
    },
    DRIFT_RULE: RuleDescription(
        FALSE_ALARMS, "Alarms as soon as the live stream shows that something is more frequent."
    ),
    volume.NAME: RuleDescription(
        "smallest p-value",
        "Alarms when a window holds at most half, or at least twice, as many requests as the ones "
        "of its length before it, and chance would hardly do that.",
    ),
}
