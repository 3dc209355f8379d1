"""What the drift detector remembers between two steps, and its JSON.

The JSON keeps the keys of older versions (`baseline_id`, `evidence`, `told`), so that their logs
can be read.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.errors import BadInput
from core.monitoring.drift.bursts import BurstState
from core.monitoring.drift.detector_state import DetectorState
from core.monitoring.drift.signs import SignState
from core.records.drift import DriftAlarm

VERSION = 1
UNIT = "signs"  # what counts; in older logs it was every frame


@dataclass(frozen=True)
class ChannelState:
    """One channel between two predictions.

    Parameters
    ----------
    detector, bursts
        What its detector and its sources have seen.
    marked_at
        When the detector's mark was set.
    standing
        Its alarms since it last had none, at most one a class, oldest first.
    e_value
        After the latest prediction, in the unit of A.
    """

    detector: DetectorState
    bursts: BurstState
    marked_at: datetime
    standing: tuple[DriftAlarm, ...] = ()
    e_value: float = 0.0


@dataclass(frozen=True)
class Place:
    """How far the captures were read.

    Parameters
    ----------
    until
        Captures of before that moment were taken.
    lag
        Seconds that younger captures are left alone.
    recount_from, recounted
        Of the captures since `recount_from`, `recounted` were visible up to `until`. When there are
        more of them later, some became visible too late.
    skipped_until
        Set when the clock was set back: what lies before that moment and is listed in the log was
        taken already.
    """

    until: datetime
    lag: float
    recount_from: datetime
    recounted: int = 0
    skipped_until: datetime | None = None


@dataclass(frozen=True)
class DriftState:
    """The state of all channels.

    Parameters
    ----------
    statistics_id, false_alarm_every, classes
        What it was started for.
    started_at, why
        When and why it started anew.
    place, channels
        How far the captures were read, and every channel there.
    taken, late
        Predictions since, and those that became visible too late to be taken.
    set_back_at
        When the clock was last found set back.
    unit
        What counts, `UNIT`.
    signs
        What predictions without a source showed lately.
    """

    statistics_id: str
    false_alarm_every: float
    classes: int
    started_at: datetime
    why: str
    place: Place
    channels: Mapping[str, ChannelState]
    taken: int = 0
    late: int = 0
    set_back_at: datetime | None = None
    unit: str = UNIT
    signs: SignState = SignState()

    @property
    def standing(self) -> tuple[DriftAlarm, ...]:
        """The alarms of every channel that stand."""
        return tuple(alarm for each in self.channels.values() for alarm in each.standing)

    def with_reported(self, descriptions: Container[str]) -> DriftState:
        """The same, with the alarms of these descriptions reported."""
        channels = {
            name: replace(
                each,
                standing=tuple(
                    replace(alarm, reported=alarm.reported or alarm.description in descriptions)
                    for alarm in each.standing
                ),
            )
            for name, each in self.channels.items()
        }
        return replace(self, channels=channels)

    def to_text(self) -> str:
        """As the log keeps it; `from_text` gives back the same state."""
        document = vars(self) | {
            "version": VERSION,
            "baseline_id": self.statistics_id,
            "place": vars(self.place),
            "channels": {name: _channel_json(each) for name, each in self.channels.items()},
            "signs": self.signs.to_json(),
        }
        del document["statistics_id"]
        return json.dumps(document, default=datetime.isoformat)

    @staticmethod
    def from_text(text: str) -> DriftState:
        """The state that `to_text` wrote; raises BadInput."""
        try:
            document = json.loads(text)
            if (version := document.pop("version")) != VERSION:
                raise ValueError(f"version {version!r} is not {VERSION}")
            document["statistics_id"] = document.pop("baseline_id")
            document.setdefault("unit", "frames")
            channels = {name: _channel(each) for name, each in document["channels"].items()}
            read = {
                "channels": channels,
                "place": Place(**_with_moments(document["place"])),
                "signs": SignState.from_json(document["signs"])
                if "signs" in document
                else SignState(),
            }
            return DriftState(**_with_moments(document) | read)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"the saved state of the drift detector cannot be read ({error!r})"
            ) from error


MOMENTS = {"started_at", "set_back_at", "until", "recount_from", "skipped_until", "marked_at"}


def _with_moments(document: dict[str, Any]) -> dict[str, Any]:
    """The same, its moments read."""
    return {
        name: datetime.fromisoformat(value) if name in MOMENTS and value else value
        for name, value in document.items()
    }


def _channel_json(channel: ChannelState) -> dict[str, Any]:
    return {
        "detector": channel.detector.to_json(),
        "bursts": channel.bursts.to_json(),
        "marked_at": channel.marked_at,
        "standing": [_alarm_json(alarm) for alarm in channel.standing],
        "evidence": channel.e_value,
    }


def _channel(document: dict[str, Any]) -> ChannelState:
    return ChannelState(
        DetectorState.from_json(document["detector"]),
        BurstState.from_json(document["bursts"]),
        datetime.fromisoformat(document["marked_at"]),
        tuple(map(_alarm, document["standing"])),
        document["evidence"],
    )


def _alarm_json(alarm: DriftAlarm) -> dict[str, Any]:
    return {
        "position": alarm.position,
        "class_id": alarm.class_id,
        "evidence": alarm.e_value,
        "description": alarm.description,
        "at": alarm.at.isoformat(),
        "raised_at": alarm.raised_at.isoformat(),
        "told": alarm.reported,
    }


def _alarm(document: dict[str, Any]) -> DriftAlarm:
    return DriftAlarm(
        document["position"],
        document["class_id"],
        document["evidence"],
        document["description"],
        datetime.fromisoformat(document["at"]),
        datetime.fromisoformat(document["raised_at"]),
        document["told"],
    )
