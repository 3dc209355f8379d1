"""Runs of the monitor, and what they are judged by: one tab a job, and only the open one drawn."""

from pages._monitor import (
    alerts,
    backtest,
    baseline,
    drift,
    drill,
    rules_tab,
    runs,
    schedules,
    tabs,
)


def schedules_and_alerts() -> None:
    """When the monitor runs, and who hears of it."""
    schedules.show()
    alerts.show()


tabs.show(
    {
        tabs.RUNS: runs.show,
        tabs.RULES: rules_tab.show,
        tabs.SCHEDULES: schedules_and_alerts,
        tabs.BASELINE: baseline.show,
        tabs.DRIFT: drift.show,
        tabs.DRILLS: drill.show,
        tabs.BACKTEST: backtest.show,
    }
)
