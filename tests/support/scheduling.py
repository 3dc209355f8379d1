"""Schedules over a log, with a clock of the test's own."""

from datetime import datetime, timedelta
from functools import partial

from core.alerts.channels import AlertChannel
from core.alerts.dispatcher import Alerts
from core.metrics import Metrics
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.executions import Executions
from core.monitoring.schedules.scheduler import Schedules
from core.plots.alerts import class_frequencies_png
from core.records.monitoring import MonitorSettings
from core.store import (
    AlertsTable,
    BaselinesTable,
    CaptureLog,
    DriftTable,
    ExecutionsTable,
    SchedulesTable,
    VolumeTable,
)
from tests.support.clock import Clock
from tests.support.records import CLASSES, make_capture, make_prediction


def executions_over(
    log: CaptureLog, clock: Clock, channels: tuple[AlertChannel, ...] = ()
) -> Executions:
    """As Services puts them together."""
    metrics = Metrics()
    alerts = Alerts(
        channels,
        AlertsTable(log.database),
        metrics,
        chart=class_frequencies_png,
        reminder=timedelta(),
        address=lambda: None,
        clock=clock,
    )
    baselines = Baselines(BaselinesTable(log.database), CLASSES)
    stream = DriftMonitor(
        DriftTable(log.database), baselines, metrics, false_alarm_every=10_000, clock=clock
    )
    return Executions(
        ExecutionsTable(log.database),
        VolumeTable(log.database),
        partial(log.window_figures, low_confidence=0.5),
        baselines,
        stream,
        metrics,
        alerts,
        drilled=lambda window: 0,
        clock=clock,
    )


def schedules_over(
    log: CaptureLog,
    clock: Clock,
    *,
    settings: MonitorSettings = MonitorSettings(0.5, 60),
    channels: tuple[AlertChannel, ...] = (),
) -> Schedules:
    """As a process has them that has just started."""
    executions = executions_over(log, clock, channels)
    return Schedules(SchedulesTable(log.database), executions, lambda: settings, clock=clock)


def put(log: CaptureLog, at: datetime, *class_ids: int) -> None:
    """Predictions of these classes, made then."""
    log.append([make_capture(prediction=make_prediction(k), inferred_at=at) for k in class_ids], [])


def runs(log: CaptureLog, schedule: str) -> list[tuple[str, str]]:
    """When each run of a schedule was due, and how it ended, the first one first."""
    found = log.executions(1000, schedule=schedule)
    return [(f"{each.due_at:%d %H:%M}", each.status.value) for each in reversed(found)]
