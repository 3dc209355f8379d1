"""What the watch over the stream remembers between two looks, and its JSON."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from core.errors import BadInput
from core.monitoring.drift.bursts import BurstState
from core.monitoring.drift.detector_state import DetectorState

VERSION = 1


@dataclass(frozen=True)
class StreamAlarm:
    """An alarm of a channel that stands.

    position: of the prediction that raised it, in its channel, from 1. class_id: None where it
    names none. at: when that prediction was made; raised_at: when the alarm was noticed. told:
    whether an execution has told of it.
    """

    position: int
    class_id: int | None
    evidence: float
    description: str
    at: datetime
    raised_at: datetime
    told: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        moments = {"at": self.at.isoformat(), "raised_at": self.raised_at.isoformat()}
        return asdict(self) | moments

    @staticmethod
    def from_json(document: dict[str, Any]) -> StreamAlarm:
        """The alarm that `to_json` wrote."""
        moments = {name: datetime.fromisoformat(document[name]) for name in ("at", "raised_at")}
        return StreamAlarm(**document | moments)


@dataclass(frozen=True)
class ChannelState:
    """One channel between two predictions. marked_at: when the detector's mark was set.

    standing: its alarms since it last had none, at most one a class, oldest first.
    evidence: after the latest prediction, in the unit of A.
    """

    detector: DetectorState
    bursts: BurstState
    marked_at: datetime
    standing: tuple[StreamAlarm, ...] = ()
    evidence: float = 0.0


@dataclass(frozen=True)
class Place:
    """How far the stream was read.

    until: captures of before were taken; lag: seconds that what is younger is left alone. Of the
    captures since `recount_from`, `recounted` were visible up to `until`: when there are more, some
    became visible too late. skipped_until: the clock was set back; what lies before that moment
    and is listed in the log was taken already.
    """

    until: datetime
    lag: float
    recount_from: datetime
    recounted: int = 0
    skipped_until: datetime | None = None


@dataclass(frozen=True)
class WatchState:
    """baseline_id, false_alarm_every, classes: what it was started for.

    started_at, why: when and why it started anew; taken: predictions since; late: those that became
    visible too late to be taken; set_back_at: when the clock was last found set back.
    """

    baseline_id: str
    false_alarm_every: float
    classes: int
    started_at: datetime
    why: str
    place: Place
    channels: Mapping[str, ChannelState]
    taken: int = 0
    late: int = 0
    set_back_at: datetime | None = None

    @property
    def standing(self) -> tuple[StreamAlarm, ...]:
        """The alarms of every channel that stand."""
        return tuple(alarm for each in self.channels.values() for alarm in each.standing)

    def with_told(self, descriptions: Container[str]) -> WatchState:
        """The same, with the alarms of these descriptions told of."""
        channels = {
            name: replace(
                each,
                standing=tuple(
                    replace(alarm, told=alarm.told or alarm.description in descriptions)
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
            "place": vars(self.place),
            "channels": {name: _channel_json(each) for name, each in self.channels.items()},
        }
        return json.dumps(document, default=datetime.isoformat)

    @staticmethod
    def from_text(text: str) -> WatchState:
        """The state that `to_text` wrote; raises BadInput."""
        try:
            document = json.loads(text)
            if (version := document.pop("version")) != VERSION:
                raise ValueError(f"version {version!r} is not {VERSION}")
            channels = {name: _channel(each) for name, each in document["channels"].items()}
            place = Place(**_with_moments(document["place"]))
            return WatchState(**_with_moments(document) | {"channels": channels, "place": place})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"the saved state of the stream detector cannot be read ({error!r})"
            ) from error


MOMENTS = {"started_at", "set_back_at", "until", "recount_from", "skipped_until", "marked_at"}


def _with_moments(document: dict[str, Any]) -> dict[str, Any]:
    """The same, its moments read."""
    return {
        name: datetime.fromisoformat(value) if name in MOMENTS and value else value
        for name, value in document.items()
    }


def _channel_json(channel: ChannelState) -> dict[str, Any]:
    return vars(channel) | {
        "detector": channel.detector.to_json(),
        "bursts": channel.bursts.to_json(),
        "standing": [alarm.to_json() for alarm in channel.standing],
    }


def _channel(document: dict[str, Any]) -> ChannelState:
    return ChannelState(
        **_with_moments(document)
        | {
            "detector": DetectorState.from_json(document["detector"]),
            "bursts": BurstState.from_json(document["bursts"]),
            "standing": tuple(map(StreamAlarm.from_json, document["standing"])),
        }
    )
