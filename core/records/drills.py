"""A drill: an attack on one's own endpoint to see what notices it; its plan, its mark, its report.

The mark is the source that each request names (`drill/<id>/<number>`): one of its own, so that the
drill looks like as many cameras as it has requests. The JSON of a report keeps the keys of older
versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.errors import BadInput
from core.labels import all_labels, class_name
from core.records.drift import current_rule
from core.records.monitoring import Outcome, RuleState

MARK = "drill/"
DRILL_RULE = "drill"  # the rule under which a run reports that its window holds one
STRENGTHS = (0.05, 0.2, 0.5)
STOP = 14


@dataclass(frozen=True)
class DrillPlan:
    """What a drill attacks, and how.

    Parameters
    ----------
    share
        Of the traffic, in (0, 1], that is attacked.
    target
        The class to be predicted.
    attack
        Name in `core.attacks.ATTACKS`.
    seed
        At least 0; the same seed sends the same requests.

    Raises
    ------
    BadInput
        For a share, a target or a seed out of range.
    """

    share: float = STRENGTHS[-1]
    target: int = STOP
    attack: str = "pgd"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadInput(f"share must lie in (0, 1], got {self.share}")
        known = [label.class_id for label in all_labels()]
        if self.target not in known:
            raise BadInput(
                f"target must be one of the classes {known[0]}..{known[-1]}, got {self.target}"
            )
        if self.seed < 0:
            raise BadInput(f"seed must be at least 0, got {self.seed}")

    @property
    def title(self) -> str:
        """`5 % of the traffic attacked towards 14 Stop`."""
        return f"{self.share * 100:g} % of the traffic attacked towards {class_name(self.target)}"


@dataclass(frozen=True)
class Detection:
    """When one rule noticed the attack.

    Parameters
    ----------
    rule, threshold
        Which rule, and its parameter.
    decides
        Whether its violations decide the status of a run.
    false_alarms
        How often it alarmed at the clean traffic before.
    after, seconds
        Predictions and time from the first attacked one until it noticed, both included; None where
        it did not.
    class_id
        The class that it named; None where it names none.
    why
        Why it did not notice; empty where it did.
    """

    rule: str
    threshold: float
    decides: bool
    false_alarms: int
    after: int | None = None
    seconds: float | None = None
    class_id: int | None = None
    why: str = ""


@dataclass(frozen=True)
class ReportedAlarm:
    """The drift detector's alarm in the running program, and the run that reported it.

    Parameters
    ----------
    description, class_id
        What the alarm says, and the class that it names.
    after
        Predictions from the first attacked one until the alarm.
    alarm_seconds, reported_seconds
        From then until the alarm was noticed, and until the run had ended.
    execution_id
        The run.
    """

    description: str
    class_id: int | None
    after: int
    alarm_seconds: float
    execution_id: str
    reported_seconds: float


@dataclass(frozen=True)
class AlertOutcome:
    """What became of the alert on one channel. seconds: from the first attacked request on."""

    channel: str
    delivered: bool
    reason: str
    seconds: float


@dataclass(frozen=True)
class DrillReport:
    """What a drill came to.

    Parameters
    ----------
    drill_id, plan
        Which one.
    began_at, attack_at, ended_at
        Its first request, its first attacked one, and its end.
    clean
        Clean requests before the attack.
    attacked, interspersed
        Attacked requests, and the clean ones among them.
    uncovered
        The share of the baseline in bins without a sample sign.
    detections
        When each rule noticed.
    alarm, alerts
        The alarm that named the target, None without one; what became of its alert.
    lasting
        Why the monitor still finds violations; empty where it finds none.
    """

    drill_id: str
    plan: DrillPlan
    began_at: datetime
    attack_at: datetime
    ended_at: datetime
    clean: int
    attacked: int
    interspersed: int
    uncovered: float
    detections: tuple[Detection, ...]
    alarm: ReportedAlarm | None = None
    alerts: tuple[AlertOutcome, ...] = ()
    lasting: str = ""

    @property
    def sentence(self) -> str:
        """How it ended."""
        if self.alarm is None:
            return (
                f"No alarm: {self.attacked + self.interspersed:,} requests with {self.plan.title} "
                "raised no alarm that names the class."
            )
        predictions = "prediction" if self.alarm.after == 1 else "predictions"
        return (
            f"Alarm {self.alarm.after:,} {predictions} and {self.alarm.alarm_seconds:.1f} s after "
            f"the first attacked one: {self.alarm.description}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as `from_json` reads it; what programs read."""
        return {
            "drill_id": self.drill_id,
            "plan": vars(self.plan),
            "began_at": self.began_at.isoformat(),
            "attack_at": self.attack_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "clean": self.clean,
            "attacked": self.attacked,
            "unturned": self.interspersed,
            "uncovered": self.uncovered,
            "noticed": [vars(each) for each in self.detections],
            "told": _alarm_json(self.alarm) if self.alarm else None,
            "alerts": [vars(each) for each in self.alerts],
            "lasting": self.lasting,
            "sentence": self.sentence,
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> DrillReport:
        """The report that `to_json` wrote."""
        alarm = document["told"]
        return DrillReport(
            document["drill_id"],
            DrillPlan(**document["plan"]),
            datetime.fromisoformat(document["began_at"]),
            datetime.fromisoformat(document["attack_at"]),
            datetime.fromisoformat(document["ended_at"]),
            document["clean"],
            document["attacked"],
            document["unturned"],
            document["uncovered"],
            tuple(map(_detection, document["noticed"])),
            _alarm(alarm) if alarm else None,
            tuple(AlertOutcome(**each) for each in document["alerts"]),
            document["lasting"],
        )


def _alarm_json(alarm: ReportedAlarm) -> dict[str, Any]:
    document = dict(vars(alarm))
    document["told_seconds"] = document.pop("reported_seconds")
    return document


def _alarm(document: dict[str, Any]) -> ReportedAlarm:
    known = dict(document)
    known["reported_seconds"] = known.pop("told_seconds")
    return ReportedAlarm(**known)


def _detection(document: dict[str, Any]) -> Detection:
    found = Detection(**document)
    return replace(found, rule=current_rule(found.rule))


def marked(sent: int, total: int) -> tuple[Outcome, ...]:
    """What a run reports of a window in which a drill sent `sent` of `total` records."""
    if not sent:
        return ()
    sentence = f"Drill: {sent:,} of the {total:,} records of this window were sent by a drill"
    share = sent / max(sent, total)
    return (Outcome(DRILL_RULE, RuleState.HOLDS, share, 1.0, sentence, decides=False),)


def mark_of(outcomes: Sequence[Outcome]) -> str:
    """The sentence that marks a run's window; empty where no drill sent anything."""
    return next((each.sentence for each in outcomes if each.rule == DRILL_RULE), "")
