"""A drill: an attack on one's own endpoint to see what notices it; its plan, its mark, its report.

The mark is the source that each request names (`drill/<id>/<number>`): one of its own, so that the
drill looks like as many cameras as it has requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from core.errors import BadInput
from core.labels import all_labels, class_name
from core.records.monitoring import Outcome, RuleState

MARK = "drill/"
DRILL_RULE = "drill"  # the name under which an execution says that its window holds one
STRENGTHS = (0.05, 0.2, 0.5)
STOP = 14


@dataclass(frozen=True)
class DrillPlan:
    """share of the traffic, in (0, 1], that `attack` turns to the class `target`."""

    share: float = STRENGTHS[-1]
    target: int = STOP
    attack: str = "pgd"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadInput(f"share must lie in (0, 1], got {self.share:g}")
        known = [label.class_id for label in all_labels()]
        if self.target not in known:
            raise BadInput(
                f"target must be one of the classes {known[0]}..{known[-1]}, got {self.target}"
            )
        if self.seed < 0:
            raise BadInput(f"seed must be at least 0, got {self.seed}")

    @property
    def title(self) -> str:
        """`5 % of the traffic turned to 14 Stop`."""
        return f"{self.share * 100:g} % of the traffic turned to {class_name(self.target)}"


@dataclass(frozen=True)
class Noticed:
    """When one rule noticed the attack.

    decides: whether its violations decide the status of an execution; false_alarms: how often it
    alarmed at the clean traffic before; after, seconds: predictions and time from the first
    attacked one until it noticed, both included, None where it did not, and `why` says why not;
    class_id: the class that it named, None where it names none.
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
class Told:
    """What the running program made of it: the stream detector's alarm, the execution that told it.

    after: predictions from the first attacked one until the alarm; alarm_seconds, told_seconds:
    from then until the alarm was noticed, and until the execution had ended.
    """

    description: str
    class_id: int | None
    after: int
    alarm_seconds: float
    execution_id: str
    told_seconds: float


@dataclass(frozen=True)
class Reached:
    """What became of the alert on one channel. seconds: from the first attacked request on."""

    channel: str
    delivered: bool
    reason: str
    seconds: float


@dataclass(frozen=True)
class DrillReport:
    """What a drill came to.

    clean, attacked, unturned: requests sent: before the attack, attacked, and clean ones among
    these; uncovered: the share of the baseline in cells that no sample sign lies in; told: None
    where nothing was told; lasting: why the monitor is not quiet again, empty where it is.
    """

    drill_id: str
    plan: DrillPlan
    began_at: datetime
    attack_at: datetime
    ended_at: datetime
    clean: int
    attacked: int
    unturned: int
    uncovered: float
    noticed: tuple[Noticed, ...]
    told: Told | None = None
    alerts: tuple[Reached, ...] = field(default=())
    lasting: str = ""

    @property
    def sentence(self) -> str:
        """How it ended."""
        if self.told is None:
            return (
                f"Nobody was told: {self.attacked + self.unturned:,} requests with "
                f"{self.plan.title} raised no alarm that named it."
            )
        return (
            f"The alarm came {self.told.after:,} predictions and "
            f"{self.told.alarm_seconds:.1f} s after the first attacked one: "
            f"{self.told.description}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as `from_json` reads it; what programs read."""
        moments = {name: getattr(self, name).isoformat() for name in _MOMENTS}
        return asdict(self) | moments | {"sentence": self.sentence}

    @staticmethod
    def from_json(document: dict[str, Any]) -> DrillReport:
        """The report that `to_json` wrote."""
        known = {name: value for name, value in document.items() if name != "sentence"}
        told = known["told"]
        return DrillReport(
            **known
            | {name: datetime.fromisoformat(known[name]) for name in _MOMENTS}
            | {
                "plan": DrillPlan(**known["plan"]),
                "noticed": tuple(Noticed(**each) for each in known["noticed"]),
                "told": Told(**told) if told else None,
                "alerts": tuple(Reached(**each) for each in known["alerts"]),
            }
        )


_MOMENTS = ("began_at", "attack_at", "ended_at")


def marked(sent: int, total: int) -> tuple[Outcome, ...]:
    """What an execution says of a window in which a drill sent `sent` of `total` records."""
    if not sent:
        return ()
    sentence = f"Drill: {sent:,} of the {total:,} records of this window were sent by a drill"
    share = sent / max(sent, total)
    return (Outcome(DRILL_RULE, RuleState.HOLDS, share, 1.0, sentence, decides=False),)


def mark_of(outcomes: Sequence[Outcome]) -> str:
    """The sentence that marks an execution's window; empty where no drill sent anything."""
    return next((each.sentence for each in outcomes if each.rule == DRILL_RULE), "")
