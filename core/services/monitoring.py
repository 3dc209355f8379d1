"""The monitor: runs with their log, settings, baselines, schedules, backtest, model quality."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from core import datasets
from core.alerts.dispatcher import Alerts
from core.errors import BadInput, NotFound
from core.jobs import Progress
from core.labels import all_labels
from core.metrics import Metrics
from core.model.predictor import Predictor
from core.monitoring.backtest import Backtest
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines
from core.monitoring.data_baseline import draft_of_data
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.executions import Executions
from core.monitoring.formats.statistics import write_statistics
from core.monitoring.model_quality import window_quality
from core.monitoring.rules.descriptions import RULES
from core.monitoring.rules.distances import furthest_class
from core.monitoring.rules.in_force import classes_in_question
from core.monitoring.schedules.scheduler import Schedules
from core.monitoring.situation import situation
from core.records.analysts import Permission
from core.records.baselines import BaselineDraft
from core.records.execution_log import ExecutionLog
from core.records.monitoring import (
    ClassShift,
    ConfidenceAt,
    Execution,
    MonitorSettings,
    RuleDescription,
    Trigger,
    WindowFigures,
)
from core.records.names import check_endpoint_name
from core.records.permissions import needs
from core.records.quality import WindowQuality
from core.records.situation import Situation
from core.records.window import Window, now, parse_time
from core.samples import SAMPLES
from core.settings import Settings
from core.store import (
    CaptureLog,
    ExecutionsTable,
    PastTable,
    QualityTable,
    SchedulesTable,
    VolumeTable,
)

STANDS = timedelta(days=1)  # so long a run that no schedule repeats says how things stand
OPTIONS = ("since", "until", "endpoint", "threshold")


class Monitoring:
    """What pages, endpoint and command line ask of the monitor.

    Parameters
    ----------
    log, settings, metrics, alerts
        Of the process; `settings` gives the defaults of threshold, window and low confidence.
    baselines
        Baselines that fit the model that serves.
    predictor
        The model that serves, for baselines from images.
    drift
        The drift detector; its outcomes stand beside those of the window rules.
    drilled
        Counts the records of a window that drills sent.

    Attributes
    ----------
    baselines, schedules, backtest
        Use cases that have a class of their own.
    """

    def __init__(
        self,
        log: CaptureLog,
        settings: Settings,
        baselines: Baselines,
        predictor: Predictor,
        drift: DriftMonitor,
        metrics: Metrics,
        alerts: Alerts,
        *,
        drilled: Callable[[Window], int],
    ) -> None:
        database = log.database
        self._log = log
        self._defaults = settings
        self._predictor = predictor
        self._drift = drift
        self._drilled = drilled
        self._table = ExecutionsTable(database)
        self._quality = QualityTable(database)
        self._executions = Executions(
            self._table,
            VolumeTable(database),
            self.figures,
            baselines,
            drift,
            metrics,
            alerts,
            drilled=drilled,
        )
        self.baselines = baselines
        self.schedules = Schedules(SchedulesTable(database), self._executions, self.settings)
        self.backtest = Backtest(PastTable(database), baselines.against, self.settings)

    # -- settings and the live window ------------------------------------------------------

    def settings(self) -> MonitorSettings:
        """What was last set on the Monitor page, else the defaults of the process."""
        return self._log.monitor_settings() or MonitorSettings(
            self._defaults.threshold, self._defaults.window_minutes
        )

    @needs(Permission.MONITOR)
    def set_settings(self, settings: MonitorSettings) -> None:
        """Used by every later run, scheduled ones included."""
        self._log.set_monitor_settings(settings, now())

    def live_window(self, endpoint: str | None = None, *, minutes: int | None = None) -> Window:
        """The window that ends now; `minutes` None: as long as the monitor's."""
        end = now()
        length = timedelta(minutes=minutes or self.settings().window_minutes)
        return Window(end - length, end, endpoint)

    def figures(self, window: Window) -> WindowFigures:
        """Counts and confidence of a window."""
        return self._log.window_figures(window, low_confidence=self._defaults.low_confidence)

    def situation(self, window: Window, figures: WindowFigures) -> Situation:
        """How the traffic of a window stands; figures: of that window.

        Alarms of the drift detector count where the window reaches until now.
        """
        baseline = self.baselines.against().baseline
        return situation(
            self._log,
            window,
            figures,
            self.settings().threshold,
            baseline=baseline.counts if baseline else {},
            alarms=self._drift.alarms() if self._drift.covers(window) else (),
            drilled=self._drilled(window),
        )

    # -- runs ------------------------------------------------------------------------------

    @needs(Permission.RUN_MONITOR)
    def run(
        self,
        window: Window | None = None,
        *,
        threshold: float | None = None,
        trigger: Trigger = Trigger.MANUAL,
    ) -> Execution:
        """Run the monitor once and keep the run in the log.

        Parameters
        ----------
        window
            The window to evaluate; None for the live one.
        threshold
            Largest share of one class, in (0, 1]; None for the monitor's.
        trigger
            What started the run.

        Raises
        ------
        BadInput
            For a threshold outside (0, 1].
        """
        chosen = self.settings().threshold if threshold is None else threshold
        return self._executions.run(window or self.live_window(), threshold=chosen, trigger=trigger)

    def run_with(self, options: Mapping[str, Any]) -> Execution:
        """Run once with the options of `monitor run`; raises BadInput.

        `since`, `until` (ISO 8601), `endpoint`, `threshold`; what is missing takes its default.
        """
        unknown = options.keys() - set(OPTIONS)
        if unknown:
            raise BadInput(f"unknown option {min(unknown)!r}; known: {', '.join(OPTIONS)}")
        threshold = options.get("threshold")
        if threshold is not None and type(threshold) not in (int, float):
            raise BadInput(f"threshold must be a number, got {threshold!r}")
        endpoint = options.get("endpoint")
        if endpoint is not None:
            endpoint = check_endpoint_name(str(endpoint))
        live = self.live_window(endpoint)
        since, until = parse_time(options.get("since")), parse_time(options.get("until"))
        window = Window(since or live.start, until or live.end, endpoint).checked()
        return self.run(window, threshold=threshold)

    def run_on_alarm(self) -> None:
        """Feed the drift detector what came; an alarm starts a run over the live window at once."""
        if self._drift.catch_up():
            self.run(trigger=Trigger.ALARM)

    def end_lost_runs(self) -> None:
        """End every run under way: it belonged to a process that is gone."""
        self._executions.end_lost(begun_before=now())

    def executions(self, limit: int, **filters: Any) -> list[Execution]:
        """The latest runs, newest first; filters as of `ExecutionsTable.latest`."""
        return self._table.latest(limit, **filters)

    def standing(self) -> list[Execution]:
        """The runs that say how things stand now: violated ones first, then the latest."""
        return self._table.standing(now() - STANDS)

    def violated_within(self, window: Window) -> list[Execution]:
        """The runs with violations whose window shares some time with that one, newest first."""
        return self._table.violated_within(window)

    def execution(self, execution_id: str) -> Execution:
        """One run; raises NotFound."""
        return self._table.one(execution_id)

    def statistics(self, execution_id: str) -> str:
        """statistics.json of a run's window; raises NotFound for a run that counted nothing."""
        figures = self.execution(execution_id).figures
        if figures is None:
            raise NotFound(f"run {execution_id} counted nothing, so it has no statistics.json")
        classes = max([len(all_labels()) - 1, *figures.counts]) + 1
        return write_statistics(Baseline(classes, figures.counts))

    def execution_log(self, execution_id: str) -> ExecutionLog | None:
        """The log of a run; None while it is under way, or where none was kept."""
        return self._table.log_of(execution_id)

    def execution_in_full(self, execution_id: str) -> dict[str, Any]:
        """A run with its log and unreadable records, as programs read it; raises NotFound."""
        document = self.execution(execution_id).to_json()
        log = self.execution_log(execution_id)
        records = [] if log is None else [record.to_json() for record in log.unreadable]
        return document | {"log": None if log is None else log.lines, "unreadable_records": records}

    def furthest_class(self, execution: Execution) -> ClassShift | None:
        """The class whose share is furthest from the baseline's; None if there is no comparison."""
        expected = self.baselines.counts(execution.baseline_id)
        counts = execution.figures.counts if execution.figures else {}
        if not expected or not counts:
            return None
        class_id = furthest_class(counts, expected)
        share, before = (n.get(class_id, 0) / sum(n.values()) for n in (counts, expected))
        return ClassShift(class_id, share, before)

    def classes_in_question(self, execution: Execution) -> list[int]:
        """The classes that the violations of a run are about, as far as they name one."""
        return classes_in_question(execution, self.baselines.counts(execution.baseline_id))

    # -- baselines -------------------------------------------------------------------------

    def draft_of_samples(self, progress: Progress) -> BaselineDraft:
        """A baseline from the model's predictions on the sample signs, not kept yet."""
        signs = datasets.load(SAMPLES)
        classes = self._predictor.classifier.classes
        return draft_of_data(
            self._predictor.predict, classes, signs, SAMPLES.name, progress=progress
        )

    # -- beside a run ----------------------------------------------------------------------

    @property
    def rules(self) -> Mapping[str, RuleDescription]:
        """Every rule by its name: what its threshold means, and when it alarms."""
        return RULES

    def quality(self, window: Window) -> WindowQuality:
        """How good a window's predictions were, with the labels that have come until now."""
        return window_quality(self._quality, window, self.baselines.against())

    @property
    def low_confidence(self) -> float:
        """The confidence below which a prediction counts as unsure, in [0, 1]."""
        return self._defaults.low_confidence

    def counts_over_time(
        self, window: Window, bucket_seconds: int
    ) -> list[tuple[datetime, int, int]]:
        """(start of the bucket, class id, predictions), where there are any."""
        return self._log.counts_over_time(window, bucket_seconds)

    def confidence_over_time(self, window: Window, bucket_seconds: int) -> list[ConfidenceAt]:
        """Confidence by bucket, where there is any, oldest first."""
        return self._log.confidence_over_time(
            window, bucket_seconds, low_confidence=self.low_confidence
        )
