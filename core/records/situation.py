"""How the traffic of a window stands now, whatever the latest run of the monitor found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.records.monitoring import WindowFigures
from core.records.window import Window


@dataclass(frozen=True)
class ClassInQuestion:
    """The class that the traffic of a window is about.

    share: of the window's predictions, in [0, 1]; expected: of the baseline's, None without one;
    since: when its share rose, None where that was before the window; source: where most of its
    predictions are from, None where no source sent half of them; flagged: how many of them are.
    """

    class_id: int
    share: float
    expected: float | None
    since: datetime | None
    source: str | None
    flagged: int


@dataclass(frozen=True)
class Situation:
    """What a window says of how things stand.

    threshold: largest share of one class; above: the class above it, None where none is; alarms:
    descriptions of alarms of the drift detector that stand; named: the class that the first of
    these names, if one does; drilled: how many predictions of the window a drill sent.
    """

    window: Window
    figures: WindowFigures
    threshold: float
    above: ClassInQuestion | None
    alarms: tuple[str, ...]
    named: ClassInQuestion | None
    drilled: int

    @property
    def question(self) -> ClassInQuestion | None:
        """The class to look at first; None where there is none."""
        return self.above or self.named

    @property
    def calm(self) -> bool:
        """Whether no class is above the threshold and no alarm stands."""
        return self.above is None and not self.alarms
