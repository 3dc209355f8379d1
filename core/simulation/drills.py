"""Drills: attacks on the running endpoint that say of themselves that they are drills."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.attacks import get_attack
from core.errors import BadInput, Cancelled, Conflict, Unavailable
from core.jobs import Job, Progress
from core.model.predictor import Predictor
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import NO_BASELINE
from core.monitoring.rules.in_force import Against
from core.records.captures import CaptureSettings, Prediction
from core.records.drills import DrillPlan, DrillReport, mark_of
from core.simulation.drill_run import STOPPED, DrillRun, Program
from core.simulation.drill_traffic import Sign, Traffic, Turned, clean_traffic, read, turned_signs

UNDER_WAY = "a drill is under way. Wait for its end, or cancel it"


class Drills:
    """One drill at a time. address: of the endpoint, None where none runs; signs: to be sent."""

    def __init__(
        self,
        program: Program,
        baselines: Baselines,
        predictor: Predictor,
        *,
        address: Callable[[], str | None],
        capturing: Callable[[], CaptureSettings],
        signs: Callable[[], Sequence[Sign]],
    ) -> None:
        self._program = program
        self._baselines = baselines
        self._predictor = predictor
        self._address = address
        self._capturing = capturing
        self._signs = signs
        self._one = threading.Lock()
        self._latest: tuple[str, Job[DrillReport]] | None = None
        self._predictions: list[Prediction] = []  # of the signs, once they were read
        self._turned: dict[DrillPlan, list[Turned]] = {}  # by plan, whatever its share

    def start(self, plan: DrillPlan) -> str:
        """Begin one, and return its id; raises what `check` does, and Conflict."""
        self.check(plan)
        if self._latest is not None and not self._latest[1].ended:
            raise Conflict(UNDER_WAY)
        drill_id = str(uuid.uuid4())
        job = Job(
            "Drill",
            lambda progress, cancelled: self.run(
                plan, progress=progress, cancelled=cancelled, drill_id=drill_id
            ),
        )
        self._latest = drill_id, job
        return drill_id

    def job(self, drill_id: str) -> Job[DrillReport] | None:
        """The work of a drill that `start` began last; None for any other."""
        known, job = self._latest or ("", None)
        return job if known == drill_id else None

    def report(self, drill_id: str) -> DrillReport:
        """What a drill came to; raises NotFound."""
        return self._program.table.report(drill_id)

    def latest(self, limit: int) -> list[DrillReport]:
        """The latest reports, newest first."""
        return self._program.table.latest(limit)

    def run(
        self,
        plan: DrillPlan,
        *,
        progress: Progress,
        cancelled: Callable[[], bool],
        drill_id: str | None = None,
    ) -> DrillReport:
        """One drill from its first request to its report, which is kept.

        Raises what `check` does and `DrillRun.run` does, BadInput where nothing can be attacked,
        and Conflict while another one is under way.
        """
        if not self._one.acquire(blocking=False):
            raise Conflict(UNDER_WAY)
        try:
            return self._run(plan, progress, cancelled, drill_id or str(uuid.uuid4()))
        finally:
            self._one.release()

    def check(self, plan: DrillPlan) -> tuple[str, Against, Baseline]:
        """Whether one can begin: the endpoint's address, and what its traffic is compared with.

        Raises BadInput, Unavailable without an endpoint, and Conflict while an alarm or an alert
        lasts that is no drill's.
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
        self._check_quiet()
        return url, against, against.baseline

    def _check_quiet(self) -> None:
        """Whether everything that lasts is of a drill: the next one would hide behind it."""
        program = self._program
        for alarm in program.stream.alarms():
            if not program.table.sent_at(alarm.at):
                raise Conflict(
                    f"an alarm stands that is no drill's: {alarm.description}. See to it first: a "
                    "drill could not be told from it"
                )
        for notice in program.alerts.lasting() if program.alerts.channels else ():
            told = program.log.execution(notice.execution_id) if notice.execution_id else None
            if notice.endpoint is None and not (told and mark_of(told.outcomes)):
                raise Conflict(
                    f"an alert lasts since {notice.since:%Y-%m-%d %H:%M:%S} UTC that is no drill's "
                    f"({', '.join(notice.violations)}), and a drill's might not be sent beside it. "
                    "See to it first, and run the monitor over clean traffic"
                )

    def _run(
        self, plan: DrillPlan, progress: Progress, cancelled: Callable[[], bool], drill_id: str
    ) -> DrillReport:
        url, against, baseline = self.check(plan)

        def stop_if_asked() -> None:
            if cancelled():
                raise Cancelled(STOPPED)

        signs = self._signs()
        if not self._predictions:
            self._predictions = read(
                self._predictor, signs, progress=progress, cancelled=stop_if_asked
            )
        clean = clean_traffic(signs, self._predictions, baseline)
        made = replace(plan, share=1.0)
        if made not in self._turned:
            self._turned = {
                made: turned_signs(
                    self._predictor,
                    plan,
                    signs,
                    self._predictions,
                    progress=progress,
                    cancelled=cancelled,
                )
            }
        run = DrillRun(
            self._program,
            plan,
            Traffic(drill_id, plan, clean, self._turned[made]),
            against,
            url=url,
            progress=progress,
            cancelled=cancelled,
        )
        report = run.run(drill_id, uncovered=clean.uncovered)
        self._program.table.add(report)
        return report
