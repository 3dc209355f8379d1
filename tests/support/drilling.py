"""Drills in tests: a plan, a baseline of the signs, and the captures that came of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np

from core.alerts.channels import AlertChannel
from core.alerts.dispatcher import Alerts
from core.jobs import in_silence, never
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.plots.alerts import class_frequencies_png
from core.records.captures import Capture
from core.records.drills import DrillPlan, DrillReport
from core.records.monitoring import Execution
from core.records.queries import CaptureFilter
from core.records.window import Window
from core.services import Services
from core.simulation.drill_traffic import Sign
from core.simulation.system import SystemUnderTest
from core.store import AlertsTable, DrillsTable
from tests.support.drifting import Stream
from tests.support.records import make_execution

PLAN = DrillPlan(0.5, 14, "fgsm", seed=2)


def use_baseline(signwatch: Services, signs: list[Sign]) -> None:
    """The predictions of the signs, each of them twenty times."""
    predictions = signwatch.model.predict([each.image.pixels for each in signs]) * 20
    baseline = Baseline.of(
        43,
        np.array([each.class_id for each in predictions]),
        flagged=np.array([each.suspicion.flagged for each in predictions]),
        confidences=np.array([each.confidence for each in predictions]),
        p_values=np.array([each.suspicion.p_value for each in predictions]),
    )
    signwatch.monitoring.baselines.add(files_of(baseline), origin="a test")


def run(signwatch: Services, plan: DrillPlan = PLAN, **options: Any) -> DrillReport:
    """One drill, to its report."""
    return signwatch.simulation.drills.run(
        plan, **{"progress": in_silence, "cancelled": never} | options
    )


def captures(signwatch: Services) -> list[Capture]:
    """What is in the log, oldest first."""
    return [item.capture for item in signwatch.log.find(CaptureFilter(), limit=10_000)][::-1]


def system_over(
    stream: Stream,
    *,
    channels: tuple[AlertChannel, ...] = (),
    run_monitor: Callable[[Window], Execution] = lambda _: make_execution(violations=()),
) -> SystemUnderTest:
    """What a drill looks at, without a program around it."""
    alerts = Alerts(
        channels,
        AlertsTable(stream.log.database),
        stream.metrics,
        chart=class_frequencies_png,
        reminder=timedelta(),
        address=lambda: None,
        clock=stream.clock,
    )
    return SystemUnderTest(
        DrillsTable(stream.log.database),
        stream.log,
        stream.monitor(),
        alerts,
        run_monitor=run_monitor,
        share_threshold=lambda: 0.5,
    )
