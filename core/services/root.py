"""The composition root: builds everything once, for pages, endpoint, schedule and commands."""

from __future__ import annotations

import itertools
import random
import threading
from datetime import timedelta

from core import client
from core.alerts.channels import configured_channels
from core.alerts.dispatcher import Alerts
from core.attacks.lab import Lab
from core.capture.rules import CaptureRules
from core.capture.writer import Capturer
from core.images import ImageLimits
from core.invocations import RequestLimits
from core.metrics import Metrics
from core.model.predictor import Predictor
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import DriftMonitor
from core.monitoring.schedules.periodic import Repeating, to_full_minute
from core.plots.alerts import class_frequencies_png
from core.records.captures import CaptureSettings
from core.records.names import DEFAULT_ENDPOINT, parse_endpoints
from core.records.steady import SteadyClock
from core.services.captures import LEFTOVER, Captures
from core.services.demonstration import Demonstration
from core.services.explanations import Explanations
from core.services.health import Health
from core.services.inference import Inference
from core.services.model import Model
from core.services.monitoring import Monitoring
from core.services.simulation import Simulation
from core.services.tensors import Tensors
from core.services.triage import Triage
from core.serving.concurrency import Admission
from core.serving.endpoints import Endpoints
from core.serving.pipeline import Serving
from core.settings import Settings
from core.simulation.drill_traffic import drawn_signs
from core.simulation.drills import Drills
from core.simulation.system import SystemUnderTest
from core.store import (
    AlertsTable,
    BaselinesTable,
    CaptureLog,
    CaptureSettingsTable,
    DriftTable,
    DrillsTable,
    PValuesTable,
    Retention,
    address_of,
)

COPIES_WITHIN = timedelta(hours=1)  # several times as long as maintenance is apart
MAINTENANCE_SECONDS = 600
DETECTOR_SECONDS = 3.0
BEATS_OF_HEALTH = 5  # looks of the drift detector for one at the health of the log


class Services:
    """Builds one facade a domain, over one model and one log; starts and closes them.

    Pages, routes and commands call the facades alone. `settings` are those of the process, `log`
    is the store that every facade works on, and `metrics` is what `/metrics` renders.

    Attributes
    ----------
    model, inference, captures
        The classifier that serves; requests; what is kept of them.
    lab, explanations, tensors
        Attacks, heat maps, recorded activations and gradients.
    monitoring, drift, alerts
        Runs on windows, the detector on the stream, messages to people.
    health
        Whether the log is well.
    triage, simulation, demonstration
        Verdicts on flags; traffic and drills that are made here; all of it at once.
    """

    def __init__(self, settings: Settings) -> None:
        """Load the model and open the log; raises NotFound, BadInput or Unavailable."""
        self.settings = settings
        self._channels = configured_channels(settings)  # a bad address leaves nothing behind
        self._limits = RequestLimits(
            settings.max_body_bytes,
            settings.max_batch,
            ImageLimits(
                max_bytes=settings.max_body_bytes,
                max_pixels=settings.max_pixels,
                max_side=settings.max_side,
                max_aspect=settings.max_aspect,
                max_scans=settings.max_scans,
                max_seconds=settings.max_decode_seconds,
                max_memory=settings.max_decode_megabytes * 1_000_000,
            ),
        )
        self._predictor = Predictor.load(settings.model, alpha=settings.alpha)
        self._predictor.compile(settings.local / "compiled")
        self.log = CaptureLog(address_of(settings), reserve=settings.disk_reserve * 1_000_000)
        self.metrics = Metrics()
        self._clock = SteadyClock()
        self._beats = itertools.count()
        self._repeating: list[Repeating] = []
        self._build_model()
        self._build_serving()
        self._build_monitoring()
        self._build_triage()

    def _build_model(self) -> None:
        """Facades that need nothing but the classifier and what is in the log."""
        classifier = self._predictor.classifier
        self.model = Model(self._predictor, self.settings.model, PValuesTable(self.log.database))
        self.lab = Lab(self._predictor)
        self.explanations = Explanations(classifier, self.log, self._limits.image)

    def _build_serving(self) -> None:
        """Requests, and what is kept of them: captures and tensors."""
        settings, database = self.settings, self.log.database
        self._capturer = Capturer(self.log, timed=self.metrics.commit_seconds.time)
        rules = CaptureRules(
            CaptureSettingsTable(database),
            CaptureSettings(sampling=settings.sampling, mode=settings.capture_mode),
        )
        self.captures = Captures(self.log, self._capturer, rules, self._limits)
        admission = Admission(settings.max_concurrent)
        self.tensors = Tensors(
            settings,
            self._predictor.classifier,
            self.log,
            self.metrics,
            self._limits.image,
            image=self.captures.image,
            in_work=lambda: admission.in_work,
        )
        serving = Serving(
            self._predictor,
            self._capturer,
            rules,
            self.metrics,
            max_waiting=settings.max_queue,
            in_flight=lambda: admission.in_work,
            answered=self.tensors.recorder.offer,
        )
        endpoints = Endpoints(parse_endpoints(settings.endpoints), self.log.endpoints)
        self.inference = Inference(
            serving, admission, self._limits, self.log, self.metrics, endpoints
        )

    def _build_monitoring(self) -> None:
        """The monitor, the drift detector and alerts; drills, which watch all three."""
        settings, database = self.settings, self.log.database
        self.alerts = Alerts(
            self._channels,
            AlertsTable(database),
            self.metrics,
            chart=class_frequencies_png,
            reminder=timedelta(hours=settings.alert_reminder_hours),
            address=lambda: settings.url or client.left_address(settings.local),
        )
        baselines = Baselines(BaselinesTable(database), self._predictor.classifier.classes)
        self.drift = DriftMonitor(
            DriftTable(database),
            baselines,
            self.metrics,
            false_alarm_every=settings.false_alarm_every,
        )
        self.health = Health(self.log, self.alerts, self.metrics)
        drills = DrillsTable(database)
        self.monitoring = Monitoring(
            self.log,
            settings,
            baselines,
            self._predictor,
            self.drift,
            self.metrics,
            self.alerts,
            drilled=drills.sent,
        )
        self.simulation = Simulation(
            self.captures.keep_reference, self.inference.send, self._drills(drills)
        )
        self.demonstration = Demonstration(self.monitoring, self.lab, self.simulation)

    def _drills(self, table: DrillsTable) -> Drills:
        return Drills(
            SystemUnderTest(
                table,
                self.log,
                self.drift,
                self.alerts,
                self.monitoring.run,
                lambda: self.monitoring.settings().threshold,
            ),
            self.monitoring.baselines,
            self._predictor,
            address=lambda: client.find(self.settings.local),
            capturing=lambda: self.captures.rules.of(DEFAULT_ENDPOINT),
            signs=drawn_signs,
        )

    def _build_triage(self) -> None:
        self.triage = Triage(
            self.log,
            self._limits.image,
            self.explanations.explain,
            roles=self.settings.roles,
            alpha=self.settings.alpha,
            model_sha256=self.model.sha256,
        )

    def start(self) -> None:
        """Start the periodic work.

        Schedules every minute, maintenance every ten, the drift detector every three seconds, the
        health of the log every fifteen.
        """
        for left in self.settings.local.glob(f"{LEFTOVER}*"):
            left.unlink(missing_ok=True)
        if not self.log.shared:
            self.monitoring.end_lost_runs()
        self._repeating = [
            Repeating(self.monitoring.schedules.tick, to_full_minute, at_once=True),
            # Replicas that start together do not maintain a shared log at the same time.
            Repeating(self.maintain, lambda: MAINTENANCE_SECONDS + random.uniform(-60, 60)),
            Repeating(self._watch, lambda: DETECTOR_SECONDS),
        ]

    def _watch(self) -> None:
        if next(self._beats) % BEATS_OF_HEALTH == 0:
            self.health.watch()
        self.monitoring.run_on_alarm()

    def check(self) -> None:
        """Raise Unavailable unless the model answers, and the log reads and takes captures."""
        self.inference.check_model()
        self.health.check()

    def maintain(self) -> None:
        """Delete what retention no longer covers, and put the log in order."""
        at = self._clock()
        Retention(
            self.log.database,
            days=self.settings.retention_days,
            gigabytes=self.settings.retention_gigabytes,
        ).apply(at)
        self.drift.forget_e_values()
        self.log.image_table.deduplicate(at - COPIES_WITHIN)
        self.log.maintain()

    def close(self) -> None:
        """Stop the schedules, answer and write what waits, close the log."""
        self.monitoring.schedules.close()
        for each in self._repeating:
            each.close()
        self.inference.close()
        self.tensors.close()
        self.triage.close()
        self.alerts.close()
        self.log.close()


_lock = threading.Lock()
_current: Services | None = None


def current() -> Services:
    """The process's services, built from the environment on first use."""
    global _current
    with _lock:
        if _current is None:
            _current = Services(Settings.from_environment())
        return _current


def close_current() -> None:
    """Close the process's services; the next `current()` builds them anew."""
    global _current
    with _lock:
        if _current is not None:
            _current.close()
            _current = None
