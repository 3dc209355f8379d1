"""What would have happened: rules with other parameters, over captures of the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.errors import BadInput
from core.monitoring.backtest_windows import Replayed, alarms, replay, window_figures
from core.monitoring.formats.constraints_edit import Deciding
from core.monitoring.rules.in_force import Against, rules_in_force
from core.monitoring.rules.window import NO_BASELINE, WINDOW_RULES
from core.records.backtest import Windows
from core.records.monitoring import MonitorSettings, WindowFigures
from core.records.window import now
from core.store import PastTable

PREVIEWED = 48  # windows


@dataclass(frozen=True)
class LookBack:
    """Windows of the past and what each held. endpoint: None for all; at: as of when."""

    windows: Windows
    endpoint: str | None
    figures: tuple[WindowFigures, ...]
    at: datetime

    @property
    def holds_anything(self) -> bool:
        """Whether any window held a record."""
        return any(each.total for each in self.figures)


@dataclass(frozen=True)
class Preview:
    """Places of the windows with alarms, under the constraints in force and under others."""

    past: LookBack
    before: tuple[int, ...]
    after: tuple[int, ...]


class WhatIf:
    """Looks back over the log. against: the baseline in force, with its constraints; settings: of
    the monitor.
    """

    def __init__(
        self,
        table: PastTable,
        against: Callable[[], Against],
        settings: Callable[[], MonitorSettings],
    ) -> None:
        self._table = table
        self._against = against
        self._settings = settings

    def look_back(self, windows: Windows, endpoint: str | None = None) -> LookBack:
        """What windows of the past held, by one reading of the log."""
        counts = self._table.counts(windows, endpoint)
        return LookBack(windows, endpoint, tuple(window_figures(windows, counts)), now())

    def parameters(self) -> dict[str, float]:
        """The parameter of each of WINDOW_RULES that is in force."""
        rules = rules_in_force(self._against(), self._settings().threshold)
        return {rule.name: rule.threshold for rule, _ in rules}

    def replay(self, past: LookBack, rule: str, threshold: float) -> Replayed:
        """One of WINDOW_RULES with any parameter in (0, 1]; raises BadInput for another one."""
        return replay(WINDOW_RULES[rule](threshold), past.windows, past.figures, self._against())

    def preview(self, deciding: Deciding) -> Preview:
        """What edited constraints would have done to the PREVIEWED latest windows.

        The windows are as long as the monitor's, one after the other. Raises BadInput where the
        baseline in force cannot be used, or there is none.
        """
        against = self._against()
        if against.baseline is None:
            raise BadInput(against.problem or NO_BASELINE)
        settings, until = self._settings(), now()
        length = timedelta(minutes=settings.window_minutes)
        past = self.look_back(Windows.every(length, until - PREVIEWED * length, until, length))
        edited = replace(
            against, constraints=deciding.applied_to(against.constraints, against.baseline)
        )
        before, after = (
            alarms(past.figures, each, settings.threshold) for each in (against, edited)
        )
        return Preview(past, before, after)
