"""The composition root: builds everything once, for pages, endpoint, schedule and commands."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from core import client
from core.alerts.channels import configured_channels
from core.alerts.dispatcher import Alerts
from core.attacks import trials
from core.attacks.trials import Plan, Trial
from core.capture.files.exporter import Frame, export_frames
from core.capture.files.ground_truth import MergeAnswer, merge
from core.capture.files.importer import Importer
from core.capture.provenance import RequestFacts, format_provenance
from core.capture.writer import Capturer, CaptureRules, to_stored_image
from core.errors import NotFound, SignwatchError
from core.explain import run
from core.explain.explanation import Explanation
from core.explain.methods import DEFAULT_METHOD
from core.images import ImageFile, ImageLimits
from core.invocations import RequestLimits
from core.jobs import Progress
from core.metrics import Metrics
from core.model.predictor import Predictor
from core.model.suspicion import drift
from core.monitoring.backtest import WhatIf
from core.monitoring.baselines import Baselines
from core.monitoring.drift.service import StreamWatch
from core.monitoring.executions import Executions
from core.monitoring.model_quality import Quality
from core.monitoring.schedules.periodic import Repeating, to_full_minute
from core.monitoring.schedules.scheduler import Schedules
from core.plots.alerts import class_frequencies_png
from core.records.captures import CaptureSettings, Provenance, StoredImage
from core.records.evaluation.report import AnyReport
from core.records.monitoring import Execution, MonitorSettings, Trigger, WindowFigures
from core.records.names import DEFAULT_ENDPOINT
from core.records.queries import CaptureFilter
from core.records.tensors import DEFAULT_REGEX, TensorRecord, parse_save_config
from core.records.window import Window, now
from core.serving.concurrency import Admission
from core.serving.pipeline import Answer, Serving
from core.settings import Settings
from core.simulation.drill_run import Program
from core.simulation.drill_traffic import drawn_signs
from core.simulation.drills import Drills
from core.store import (
    AlertsTable,
    BaselinesTable,
    CaptureFilesTable,
    CaptureLog,
    CaptureSettingsTable,
    DrillsTable,
    ExecutionsTable,
    PastTable,
    PValuesTable,
    QualityTable,
    Retention,
    SchedulesTable,
    StreamTable,
    TensorsTable,
    VolumeTable,
    WorklistTable,
    address_of,
)
from core.tensors.fullgrad import explain_record
from core.tensors.recorder import Recorder
from core.tensors.trial import TensorTrial
from core.triage import Closeups, Desk, Photographer, contact_sheet
from core.triage.contact_sheet import ContactSheet

COPIES_WITHIN = timedelta(hours=1)  # several times as long as it is between two upkeeps
UPKEEP_SECONDS = 600
WATCH_SECONDS = 3.0  # between two looks at the stream


class Services:
    """Everything the program can do, over one model and one log."""

    def __init__(self, settings: Settings) -> None:
        """Load the model and open the log; raises NotFound, BadInput or Unavailable."""
        self.settings = settings
        self.predictor = Predictor.load(settings.model, alpha=settings.alpha)
        self.predictor.compile(settings.local / "compiled")
        self.log = CaptureLog(address_of(settings))
        self._retention = Retention(
            self.log.database, days=settings.retention_days, gigabytes=settings.retention_gigabytes
        )
        self._capture_files = CaptureFilesTable(self.log.database)
        self.metrics = Metrics()
        self._capturer = Capturer(self.log, timed=self.metrics.commit_seconds.time)
        self.capture_rules = CaptureRules(
            CaptureSettingsTable(self.log.database),
            CaptureSettings(sampling=settings.sampling, mode=settings.capture_mode),
        )
        self.admission = Admission(settings.max_concurrent)
        self.baselines = Baselines(
            BaselinesTable(self.log.database), self.predictor.classifier.classes
        )
        self.quality = Quality(QualityTable(self.log.database), self.baselines.against)
        self.what_if = WhatIf(
            PastTable(self.log.database), self.baselines.against, self.monitor_settings
        )
        self.tensors = TensorsTable(self.log.database)
        self.recorder = self._make_recorder()
        self.serving = Serving(
            self.predictor,
            self._capturer,
            self.capture_rules,
            self.metrics,
            max_waiting=settings.max_queue,
            in_flight=lambda: self.admission.in_work,
            answered=self.recorder.offer,
        )
        self._add_gauges()
        self.alerts = Alerts(
            configured_channels(settings),
            AlertsTable(self.log.database),
            self.metrics,
            chart=class_frequencies_png,
            reminder=timedelta(hours=settings.alert_reminder_hours),
            address=lambda: settings.url or client.left_address(settings.local),
        )
        worklist = WorklistTable(self.log.database)
        self.desk = Desk(self.log, worklist)
        self.closeups = Closeups(
            Photographer(self.log, worklist, self.explain, self.limits.image).take
        )
        self.stream = StreamWatch(
            StreamTable(self.log.database),
            self.baselines,
            self.metrics,
            false_alarm_every=settings.false_alarm_every,
        )
        drills = DrillsTable(self.log.database)
        self.executions = Executions(
            ExecutionsTable(self.log.database),
            VolumeTable(self.log.database),
            self.window_figures,
            self.baselines,
            self.stream,
            self.metrics,
            self.alerts,
            drilled=drills.sent,
        )
        self.schedules = Schedules(
            SchedulesTable(self.log.database), self.executions, self.monitor_settings
        )
        self._repeating: list[Repeating] = []
        self.drills = self._make_drills(drills)
        self._p_values = PValuesTable(self.log.database)

    def _make_recorder(self) -> Recorder:
        settings = self.settings
        return Recorder(
            self.predictor.classifier,
            self.tensors,
            self.metrics,
            self.limits.image,
            include_regex=settings.tensors_regex or DEFAULT_REGEX,
            save_config=parse_save_config(settings.tensors_save),
            flagged=settings.tensors_flagged,
            keep=settings.tensors_records,
            in_work=lambda: self.admission.in_work,
        )

    def _make_drills(self, table: DrillsTable) -> Drills:
        return Drills(
            Program(
                table,
                self.log,
                self.stream,
                self.alerts,
                self.run_monitor,
                lambda: self.monitor_settings().threshold,
            ),
            self.baselines,
            self.predictor,
            address=lambda: client.find(self.settings.local),
            capturing=lambda: self.capture_rules.of(DEFAULT_ENDPOINT),
            signs=drawn_signs,
        )

    def _add_gauges(self) -> None:
        self.metrics.gauge("signwatch_queue_images", lambda: self.serving.waiting)
        self.metrics.gauge(
            "signwatch_model_up",
            lambda: _holds(self.serving.check),
        )
        self.metrics.gauge(
            "signwatch_store_up",
            lambda: _holds(self.log.check_writable),
        )

    def close(self) -> None:
        """Stop the schedules, answer and write what waits, close the log."""
        self.schedules.close()
        for each in self._repeating:
            each.close()
        self.serving.close()
        self.recorder.close()
        self.closeups.close()
        self.alerts.close()
        self.log.close()

    def check_health(self) -> None:
        """Raise Unavailable unless the model is loaded and the log takes writes."""
        self.serving.check()
        self.log.check_writable()

    @property
    def limits(self) -> RequestLimits:
        """The limits on untrusted bytes, from the settings."""
        image = ImageLimits(self.settings.max_body_bytes, self.settings.max_pixels)
        return RequestLimits(self.settings.max_body_bytes, self.settings.max_batch, image)

    # -- serving ---------------------------------------------------------------------------

    def invoke(self, images: Sequence[ImageFile], facts: RequestFacts) -> Answer:
        """Predict, capture if sampled, and only then answer; raises Unavailable."""
        return self.serving.submit(lambda: images, facts).result()

    def keep_reference(self, image: ImageFile) -> str:
        """Keep a clean image for captures to name in their provenance; returns its SHA-256."""
        self._capturer.store([], [to_stored_image(image)])
        return image.sha256

    def image(self, sha256: str | None) -> ImageFile:
        """An image from the log, decoded; raises NotFound, also for a capture without one."""
        image = self.stored_image(sha256)
        return ImageFile.from_file(image.content, self.limits.image)

    def stored_image(self, sha256: str | None) -> StoredImage:
        """The file of an image as the log keeps it; raises NotFound."""
        if sha256 is None:
            raise NotFound("no image was captured: only the answer was kept, or imported")
        return self.log.image(sha256)

    # -- lab -------------------------------------------------------------------------------

    def attack(
        self,
        plan: Plan,
        images: Sequence[NDArray[np.uint8]],
        labels: Sequence[int] | None,
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Trial]:
        """Attack images with the model that serves, as `trials.run` does."""
        return trials.run(
            self.predictor, plan, images, labels, progress=progress, cancelled=cancelled
        )

    def compare(
        self,
        plans: Sequence[Plan],
        image: NDArray[np.uint8],
        label: int,
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Trial]:
        """Several attacks on one image; raises BadInput and Cancelled."""
        return trials.compare(
            self.predictor, plans, image, label, progress=progress, cancelled=cancelled
        )

    def explain(
        self,
        images: Sequence[NDArray[np.uint8]],
        classes: Sequence[int | None],
        *,
        method: str = DEFAULT_METHOD,
        progress: Progress | None = None,
    ) -> list[Explanation]:
        """Each image explained for its class (None: the predicted one) by a method of METHODS."""
        return run.explain_images(
            self.predictor.classifier, images, classes, method=method, progress=progress
        )

    def contact_sheet(
        self, chosen: CaptureFilter, *, limit: int, method: str, progress: Progress
    ) -> ContactSheet:
        """Some captures with their maps, as `contact_sheet.make` chooses them."""
        return contact_sheet.make(
            self.log,
            chosen,
            lambda images, classes, report: self.explain(
                images, classes, method=method, progress=report
            ),
            limit=limit,
            limits=self.limits.image,
            progress=progress,
        )

    def report(self, kind: type[AnyReport]) -> AnyReport | None:
        """That beside the model that serves, maybe of other weights; raises BadInput."""
        return kind.read(self.settings.model)

    def calibration_drift(self) -> str | None:
        """In a sentence, how the latest traffic belies suspicion's calibration; None: it fits."""
        if self.predictor.calibration is None:
            return None
        latest = self._p_values.unflagged(self.predictor.classifier.manifest.sha256, drift.LATEST)
        return drift.drift(latest, self.predictor.alpha)

    def send_traffic(
        self, traffic: Sequence[tuple[ImageFile, Provenance]], progress: Progress
    ) -> list[Answer]:
        """Send images one by one, as requests with their provenance."""
        answers = []
        for number, (image, provenance) in enumerate(traffic, start=1):
            facts = RequestFacts(
                input_content_type=image.media_type,
                custom_attributes=format_provenance(provenance),
            )
            answers.append(self.invoke([image], facts))
            progress(number, len(traffic), "sent")
        return answers

    # -- tensors ---------------------------------------------------------------------------

    def record_tensors(self, capture_id: str, class_id: int | None = None) -> TensorRecord:
        """Run a captured image again and record its tensors, for a class (None: the predicted).

        The weights are those that serve now; where others answered the request, the record's
        checksum differs from the capture's. Raises NotFound and BadInput.
        """
        capture = self.log.capture(capture_id).capture
        image = self.image(capture.image_sha256)
        return self.recorder.record(capture, image.pixels, class_id)

    def trial(self) -> TensorTrial:
        """What was recorded, step by step."""
        return TensorTrial(self.tensors)

    def explain_record(self, step: int) -> Explanation:
        """FullGrad from the tensors of one step alone; raises NotFound and BadInput."""
        passed = self.tensors.record(step).passed
        return explain_record(passed, self.tensors.values(step))

    # -- capture files ---------------------------------------------------------------------

    def importer(self) -> Importer:
        """What reads capture files into the log."""
        return Importer(self._capture_files, self.limits)

    def merge_ground_truth(self, content: bytes) -> MergeAnswer:
        """Labels of requests, one JSON object a line; raises BadInput and TooLarge."""
        return merge(self._capture_files, self.limits, content, now())

    def export_captures(self, window: Window) -> Iterator[Frame]:
        """The window's captures and ground truth as capture files."""
        return export_frames(self._capture_files, self.log.images, window)

    # -- monitor ---------------------------------------------------------------------------

    def monitor_settings(self) -> MonitorSettings:
        """What was last set in the Monitor page, else the settings' defaults."""
        return self.log.monitor_settings() or MonitorSettings(
            self.settings.threshold, self.settings.window_minutes
        )

    def set_monitor_settings(self, settings: MonitorSettings) -> None:
        """Used by every later execution, scheduled ones included."""
        self.log.set_monitor_settings(settings, now())

    def live_window(self, endpoint: str | None = None, *, minutes: int | None = None) -> Window:
        """The window that ends now; minutes None: as long as the monitor's."""
        end = now()
        length = timedelta(minutes=minutes or self.monitor_settings().window_minutes)
        return Window(end - length, end, endpoint)

    def window_figures(self, window: Window) -> WindowFigures:
        """Counts and confidence of a window."""
        return self.log.window_figures(window, low_confidence=self.settings.low_confidence)

    def run_monitor(
        self,
        window: Window | None = None,
        *,
        threshold: float | None = None,
        trigger: Trigger = Trigger.MANUAL,
    ) -> Execution:
        """One execution over `window` (default: the live one), kept in the log."""
        chosen = self.monitor_settings().threshold if threshold is None else threshold
        return self.executions.run(window or self.live_window(), threshold=chosen, trigger=trigger)

    def watch(self) -> None:
        """Look at the stream; an alarm is told of at once, by an execution over the live window."""
        if self.stream.catch_up():
            self.run_monitor(trigger=Trigger.ALARM)

    def upkeep(self) -> None:
        """Delete what retention no longer covers, and put the log in order."""
        at = now()
        self._retention.apply(at)
        self.stream.forget()
        self.log.image_table.deduplicate(at - COPIES_WITHIN)
        self.log.maintain()

    def start_schedule(self) -> None:
        """Run what is due every full minute, upkeep more seldom, the watch more often."""
        if not self.log.shared:  # whatever is under way there belonged to a process that is gone
            self.executions.end_lost(begun_before=now())
        self._repeating = [
            Repeating(self.schedules.tick, to_full_minute, at_once=True),
            # Processes that were started together do not all come at once.
            Repeating(self.upkeep, lambda: UPKEEP_SECONDS + random.uniform(-60, 60)),
            Repeating(self.watch, lambda: WATCH_SECONDS),
        ]


def _holds(check: Callable[[], None]) -> float:
    """1 if `check` raises none of our errors, else 0."""
    try:
        check()
    except SignwatchError:
        return 0.0
    return 1.0


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
