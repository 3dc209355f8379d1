"""Drills in tests: a plan, a baseline of the signs, and the captures that came of it."""

from typing import Any

import numpy as np

from core.jobs import in_silence, never
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.captures import Capture
from core.records.drills import DrillPlan, DrillReport
from core.records.queries import CaptureFilter
from core.services import Services
from core.simulation.drill_traffic import Sign

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
