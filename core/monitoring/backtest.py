"""Backtest: rules with other parameters, over captures of the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.errors import BadInput
from core.monitoring.backtest_windows import alarms, replay, window_figures
from core.monitoring.formats.constraints_edit import edited
from core.monitoring.rules import NO_BASELINE, WINDOW_RULES
from core.monitoring.rules.descriptions import RULES
from core.monitoring.rules.in_force import Against, rules_in_force
from core.monitoring.schedules.cron import Cron
from core.records.backtest import LookBack, Preview, Replayed, Windows
from core.records.baselines import ConstraintSettings
from core.records.monitoring import MonitorSettings, RuleDescription
from core.records.window import now
from core.store import PastTable

PREVIEWED = 48  # windows
MOST_DIGITS = 9  # of the minutes between windows


class Backtest:
    """Replays rules over the log.

    Parameters
    ----------
    table
        Counts by time, as the log has them.
    against
        The baseline in force, with its constraints.
    settings
        Of the monitor.
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

    @property
    def rules(self) -> Mapping[str, RuleDescription]:
        """The rules that `replay` knows, by name."""
        return {name: RULES[name] for name in WINDOW_RULES}

    def windows(self, since: datetime, until: datetime, length: timedelta, every: str) -> Windows:
        """Windows of one length between two times, one every so many minutes or by a schedule.

        Parameters
        ----------
        since, until
            Aware; the first window begins no earlier, the last ends no later.
        every
            Whole minutes (`"60"`), or a cron expression: a window ends at each of its times.

        Raises
        ------
        BadInput
            If no window fits, or `every` cannot be read.
        """
        if every.strip().isdecimal() and len(every) <= MOST_DIGITS:
            return Windows.every(timedelta(minutes=int(every)), since, until, length)
        return Windows.ending(Cron.parse(every).between(since, until), length)

    def look_back(self, windows: Windows, endpoint: str | None = None) -> LookBack:
        """What windows of the past held, by one reading of the log."""
        counts = self._table.counts(windows, endpoint)
        return LookBack(windows, endpoint, tuple(window_figures(windows, counts)), now())

    def parameters(self) -> dict[str, float]:
        """The parameter of each rule that is in force."""
        rules = rules_in_force(self._against(), self._settings().threshold)
        return {rule.name: rule.threshold for rule, _ in rules}

    def replay(self, past: LookBack, rule: str, threshold: float) -> Replayed:
        """One of `rules` with any parameter in (0, 1]; raises BadInput for another one."""
        return replay(WINDOW_RULES[rule](threshold), past.windows, past.figures, self._against())

    def preview(self, settings: ConstraintSettings) -> Preview:
        """Alarms of the PREVIEWED latest windows, before and after an edit of the constraints.

        The windows are as long as the monitor's, one after the other. Raises BadInput where the
        baseline in force cannot be used, or there is none.
        """
        against, monitor, until = self._against(), self._settings(), now()
        if against.baseline is None:
            raise BadInput(against.problem or NO_BASELINE)
        length = timedelta(minutes=monitor.window_minutes)
        past = self.look_back(Windows.every(length, until - PREVIEWED * length, until, length))
        constraints = edited(against.constraints, settings, against.baseline)
        before, after = (
            alarms(past.figures, each, monitor.threshold)
            for each in (against, replace(against, constraints=constraints))
        )
        return Preview(past, before, after)
