"""Drills: attacks on the running endpoint whose requests are marked as drills."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.attacks import get_attack
from core.errors import BadInput, Cancelled, Conflict, NotFound, Unavailable
from core.jobs import IsCancelled, Job, Progress
from core.model.predictor import Predictor
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import NO_BASELINE
from core.monitoring.rules.in_force import Against
from core.records.analysts import Permission
from core.records.captures import CaptureSettings, Prediction
from core.records.drills import DrillPlan, DrillReport
from core.records.permissions import needs
from core.simulation.drill_run import STOPPED, DrillRun
from core.simulation.drill_traffic import (
    DrillTraffic,
    Sign,
    adversarial_signs,
    clean_mix,
    predict_signs,
)
from core.simulation.system import SystemUnderTest
from core.simulation.traffic import SimulatedRequest

IN_PROGRESS = "a drill is in progress. Wait for its end, or cancel it"


class Drills:
    """One drill at a time.

    Parameters
    ----------
    system
        The running program.
    baselines, predictor
        What traffic is compared with, and the model that is attacked.
    address
        Of the endpoint; None where none runs.
    capturing
        The capture settings in force.
    signs
        The images to be sent.
    """

    def __init__(
        self,
        system: SystemUnderTest,
        baselines: Baselines,
        predictor: Predictor,
        *,
        address: Callable[[], str | None],
        capturing: Callable[[], CaptureSettings],
        signs: Callable[[], Sequence[Sign]],
    ) -> None:
        self._system = system
        self._baselines = baselines
        self._predictor = predictor
        self._address = address
        self._capturing = capturing
        self._signs = signs
        self._one = threading.Lock()
        self._latest: tuple[str, Job[DrillReport]] | None = None
        self._predictions: list[Prediction] = []  # of the signs, once there are any
        self._adversarial: dict[DrillPlan, list[SimulatedRequest]] = {}  # by plan without its share

    @needs(Permission.DRILLS)
    def start(self, plan: DrillPlan) -> str:
        """Begin one in the background, and return its id; raises what `check` does."""
        self.check(plan)
        if self._latest is not None and not self._latest[1].ended:
            raise Conflict(IN_PROGRESS)
        drill_id = str(uuid.uuid4())
        job = Job(
            "Drill",
            lambda progress, cancelled: self.run(
                plan, progress=progress, cancelled=cancelled, drill_id=drill_id
            ),
        )
        self._latest = drill_id, job
        return drill_id

    @needs(Permission.DRILLS)
    def cancel(self, drill_id: str) -> None:
        """Ask a drill that is in progress to stop; raises NotFound."""
        job = self.job(drill_id)
        if job is None or job.ended:
            raise NotFound("no drill of that id is in progress")
        job.cancel()

    def job(self, drill_id: str) -> Job[DrillReport] | None:
        """The work of a drill that `start` began last; None for any other."""
        known, job = self._latest or ("", None)
        return job if known == drill_id else None

    def under_way(self) -> Job[DrillReport] | None:
        """The work of the drill that `start` began, as long as it goes on."""
        _, job = self._latest or ("", None)
        return None if job is None or job.ended else job

    def report(self, drill_id: str) -> DrillReport:
        """What a drill came to; raises NotFound."""
        return self._system.drills.report(drill_id)

    def latest(self, limit: int) -> list[DrillReport]:
        """The latest reports, newest first."""
        return self._system.drills.latest(limit)

    @needs(Permission.DRILLS)
    def run(
        self,
        plan: DrillPlan,
        *,
        progress: Progress,
        cancelled: IsCancelled,
        drill_id: str | None = None,
    ) -> DrillReport:
        """Run one drill and keep its report.

        Raises
        ------
        BadInput, Unavailable
            As `check` does, and where nothing can be attacked.
        Conflict
            While another one is in progress; as `check` and `DrillRun.run` do.
        Cancelled
            Once `cancelled` says so.
        """
        if not self._one.acquire(blocking=False):
            raise Conflict(IN_PROGRESS)
        try:
            return self._run(plan, progress, cancelled, drill_id or str(uuid.uuid4()))
        finally:
            self._one.release()

    def check(self, plan: DrillPlan) -> tuple[str, Against, Baseline]:
        """Whether one can begin: the endpoint's address, and what its traffic is compared with.

        Raises
        ------
        BadInput
            For an attack without a target, no baseline, or an endpoint that captures no answers.
        Unavailable
            Without an endpoint.
        Conflict
            While an alarm or an alert lasts that is not of a drill.
        """
        if not get_attack(plan.attack).info.targeted:
            raise BadInput(f"{plan.attack} cannot aim at a class; choose another attack")
        url = self._address()
        if url is None:
            raise Unavailable(
                "the endpoint is not running, and a drill goes through it. Start the dashboard"
            )
        against = self._baselines.against()
        if against.baseline is None:
            raise BadInput(against.problem or NO_BASELINE)
        settings = self._capturing()
        if not settings.enabled or settings.sampling == 0 or not settings.mode.keeps_output:
            raise BadInput(
                "the endpoint captures no answers, so nothing could notice a drill. Set its "
                "sampling and capture mode"
            )
        self._system.check_quiet()
        return url, against, against.baseline

    def _run(
        self, plan: DrillPlan, progress: Progress, cancelled: IsCancelled, drill_id: str
    ) -> DrillReport:
        url, against, baseline = self.check(plan)
        signs = self._signs()
        predictions = self._predicted(signs, progress, cancelled)
        mix = clean_mix(signs, predictions, baseline)
        known = replace(plan, share=1.0)
        if known not in self._adversarial:
            self._adversarial = {
                known: adversarial_signs(
                    self._predictor,
                    plan,
                    signs,
                    predictions,
                    progress=progress,
                    cancelled=cancelled,
                )
            }
        run = DrillRun(
            self._system,
            plan,
            DrillTraffic(drill_id, plan, mix, self._adversarial[known]),
            against,
            url=url,
            progress=progress,
            cancelled=cancelled,
        )
        report = run.run(drill_id, uncovered=mix.uncovered)
        self._system.drills.add(report)
        return report

    def _predicted(
        self, signs: Sequence[Sign], progress: Progress, cancelled: IsCancelled
    ) -> list[Prediction]:
        """The signs' predictions, once and for all drills."""

        def stop_if_cancelled() -> None:
            if cancelled():
                raise Cancelled(STOPPED)

        if not self._predictions:
            self._predictions = predict_signs(
                self._predictor, signs, progress=progress, stop_if_cancelled=stop_if_cancelled
            )
        return self._predictions
