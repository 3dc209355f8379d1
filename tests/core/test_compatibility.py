"""A log and a model folder written by commit 072c659 open with everything in them.

`log-072c659.duckdb.gz` was made by the program of that commit over `data/model`: 60 requests with
sample signs, of which four are flagged; a baseline, a run, verdicts, settings, a schedule and a
tensor record of them; 120 further requests for the drift detector; an imported capture file.
"""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core import samples, services
from core.model.predictor import Predictor
from core.monitoring.drift.state import DriftState
from core.records.captures import CaptureMode, CaptureSettings, Provenance, Suspicion
from core.records.monitoring import ExecutionStatus, MonitorSettings, Trigger
from core.records.queries import CaptureFilter
from core.records.triage import Holder
from core.records.verdicts import Verdict
from core.records.window import Window
from core.services import Services
from core.store import (
    AlertsTable,
    BaselinesTable,
    CaptureFilesTable,
    CaptureLog,
    CaptureSettingsTable,
    DriftTable,
    DrillsTable,
    ExecutionsTable,
    ImportLists,
    QualityTable,
    QueueTable,
    SchedulesTable,
    TensorsTable,
)

ROOT = Path(__file__).parents[2]
PACKED = ROOT / "tests" / "support" / "data" / "log-072c659.duckdb.gz"
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=5))
FIRST, SECOND, THIRD, FOURTH = (
    "019cae6b-6600-8e58-9ee6-ae700665bf44",
    "019cae6b-69e8-8a5f-93dc-3f8acff13455",
    "019cae6b-6dd0-8789-a588-24830e137371",
    "019cae6b-71b8-8ce5-b8c4-9aacdd6055bd",
)
RUN = "d321ebaa-eea2-47f8-8469-4ee5c6a4955d"
BASELINE = "1f340c1c-0c85-46cd-b56e-b0b94eeb6181"
WEIGHTS = "6ce3702f7b2c0a330d09967bed4a4c70113a9904a4927345db3753be4fcea749"
SIGN = "2745c015844141d879da6c3ba131c9179e9fb6407b3ddee99b850207732608a7"
IMPORTED = "cars/AllTraffic/2026/03/02/12/a.jsonl"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of the log, to be written to."""
    path = tmp_path / "log.duckdb"
    path.write_bytes(gzip.decompress(PACKED.read_bytes()))
    return path


@pytest.fixture
def log(path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(path)
    yield log
    log.close()


@pytest.fixture
def signwatch_of_then(path: Path, environment: pytest.MonkeyPatch) -> Iterator[Services]:
    """Today's program over that log."""
    environment.setenv("SIGNWATCH_STORE", str(path))
    services.close_current()
    yield services.current()
    services.close_current()


def test_captures_and_images(log: CaptureLog) -> None:
    assert log.count(CaptureFilter()) == 181
    assert log.count(CaptureFilter(window=WINDOW)) == 60
    capture = log.capture(FIRST).capture
    assert (capture.endpoint, capture.inferred_at) == ("signwatch", START)
    assert (capture.class_id, capture.inference_id) == (1, "run-0")
    assert capture.confidence == pytest.approx(0.99984, abs=1e-5)
    assert capture.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert capture.suspicion == Suspicion(0.001, flagged=True, reasons=("p-value 0.001",))
    assert capture.provenance == Provenance("lab", 1, "pgd", 14, SIGN)
    assert (capture.model_sha256, capture.image_sha256) == (WEIGHTS, SIGN)
    image = log.image(SIGN)
    assert image.content == samples.of_class(1)[0].image().content


def test_verdicts_and_their_history(log: CaptureLog) -> None:
    decision = log.capture(FIRST).decision
    assert (decision.verdict, decision.true_class) == (Verdict.ADVERSARIAL, 2)
    assert (decision.note, decision.analyst) == ("seen", "ada")
    decision = log.capture(SECOND).decision
    assert (decision.verdict, decision.true_class) == (Verdict.FALSE_POSITIVE, 1)
    assert log.capture(THIRD).decision is None
    assert [(each.analyst, each.taken_back, each.counts) for each in log.verdicts.of(THIRD)] == [
        ("bo", False, False),
        ("cy", True, False),
    ]
    (assignment,) = QueueTable(log.database).in_work(START + timedelta(minutes=1))
    assert (assignment.capture_id, assignment.holder) == (FOURTH, Holder("ada", "window-1"))


def test_settings(log: CaptureLog) -> None:
    assert log.monitor_settings() == MonitorSettings(0.4, 30)
    kept = CaptureSettings(sampling=25.0, mode=CaptureMode.INPUT_AND_OUTPUT)
    assert CaptureSettingsTable(log.database).all() == {"cars": kept}


def test_a_run_with_its_log(log: CaptureLog) -> None:
    table = ExecutionsTable(log.database)
    (run,) = table.latest(9)
    assert (run.execution_id, run.trigger) == (RUN, Trigger.MANUAL)
    assert (run.window, run.threshold, run.baseline_id) == (WINDOW, 0.1, BASELINE)
    assert run.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert run.message == (
        "CompletedWithViolations: Class 1 predicted 33.33% of the time: Exceeded 10.00% threshold"
    )
    assert run.figures.counts == {1: 20, 14: 20, 25: 20}
    assert (run.figures.total, run.figures.flagged) == (60, 4)
    assert len(run.violations) == 3
    first = run.outcomes[0]
    assert (first.rule, first.threshold) == ("class share (SageMaker-compatible)", 0.1)
    assert first.figure == pytest.approx(1 / 3)
    assert "{1: 20, 14: 20, 25: 20}" in table.log_of(RUN).lines[2]


def test_a_baseline_in_force(log: CaptureLog) -> None:
    table = BaselinesTable(log.database)
    (baseline,) = table.all()
    assert (table.in_force(), baseline.baseline_id, baseline.predictions) == (
        BASELINE,
        BASELINE,
        59,
    )
    assert baseline.origin == "captures 2026-03-02 12:00:00 to 2026-03-02 12:05:00 UTC"
    assert '"name": "PredictedClass"' in table.files(BASELINE).constraints


def test_schedules_notices_and_a_drill(log: CaptureLog) -> None:
    schedules = [each.schedule for each in SchedulesTable(log.database).all()]
    assert [(each.name, each.expression, each.endpoint) for each in schedules] == [
        ("hourly", "cron(0 * ? * * *)", None),
        ("nightly", "cron(0 3 ? * * *)", "signwatch"),
    ]
    ((notice, delivery),) = AlertsTable(log.database).deliveries(9)
    assert (notice.kind.value, notice.execution_id) == ("alert", RUN)
    assert notice.violations == ("PredictedClass baseline_drift_check class 1",)
    assert (delivery.channel, delivery.delivered, delivery.reason) == (
        "JSON at here",
        False,
        "refused",
    )
    drill = DrillsTable(log.database).report("one").to_json()
    assert drill["plan"] == {"share": 0.2, "target": 14, "attack": "pgd", "seed": 3}
    assert (drill["clean"], drill["attacked"], drill["unturned"]) == (300, 20, 80)
    assert [each["after"] for each in drill["noticed"]] == [None, 12]
    assert (drill["told"]["execution_id"], drill["told"]["alarm_seconds"]) == (RUN, 3.5)
    (alert,) = drill["alerts"]
    assert alert == {"channel": "JSON at here", "delivered": True, "reason": "", "seconds": 4.5}


def test_a_record_of_tensors(log: CaptureLog) -> None:
    table = TensorsTable(log.database)
    (record,) = table.records()
    assert (record.capture_id, record.model_sha256) == (FIRST, WEIGHTS)
    assert record.passed.class_id == 1
    values = table.values(record.step)
    assert values.keys() == {
        "fc_output_0",
        "gradient/fc_output",
        "gradient/image",
        "image_pixels",
        "gradient/image_pixels",
    }
    assert values["fc_output_0"].argmax() == 1
    assert values["fc_output_0"].max() == pytest.approx(27.8415, abs=1e-4)
    assert values["gradient/image"].shape == (1, 3, 96, 96)


def test_imported_files_and_ground_truth(log: CaptureLog) -> None:
    lists = ImportLists(log.database)
    (file,) = lists.files(limit=9)
    assert (file.path, file.lines, file.stored, file.unreadable) == (IMPORTED, 2, 1, 1)
    (line,) = lists.unreadable(limit=9)
    assert (line.line, line.reason) == (2, "captureData must be an object, got 1")
    assert CaptureFilesTable(log.database).states()[IMPORTED].bytes == 262
    hour = Window(START, START + timedelta(hours=1), "cars")
    assert QualityTable(log.database).ground_truth(hour) == {(14, 14): 1}


def test_the_state_of_the_drift_detector(signwatch_of_then: Services) -> None:
    status = signwatch_of_then.drift.status()
    assert (status.threshold, status.problem) == (2000, "")
    figures = {each.rule.partition(", ")[2]: each.figure for each in status.outcomes}
    assert figures == {
        "class x flag": pytest.approx(14.69699, abs=1e-5),
        "confidence": pytest.approx(0.66201, abs=1e-5),
        "class": pytest.approx(14.44169, abs=1e-5),
    }
    begin = datetime(2026, 11, 29, 7, 29, tzinfo=UTC)
    seen = Window(begin, begin + timedelta(minutes=1))
    assert len(signwatch_of_then.drift.e_values(seen)) == 9


def test_the_drift_detector_begins_to_count_signs_behind_what_it_took(
    signwatch_of_then: Services,
) -> None:
    """Its baseline is counted anew from the captures that it was made of."""
    before = DriftState.from_text(DriftTable(signwatch_of_then.log.database).saved().state)
    signwatch_of_then.drift.catch_up()
    after = DriftState.from_text(DriftTable(signwatch_of_then.log.database).saved().state)
    assert (before.unit, after.unit) == ("frames", "signs")
    assert after.why == "signs began to count in place of frames"
    assert (after.started_at, after.taken) == (before.place.until, 0)


def test_the_model_folder() -> None:
    predictor = Predictor.load(ROOT / "data" / "model", alpha=0.01)
    assert predictor.classifier.manifest.sha256 == WEIGHTS
    assert predictor.calibration is not None
    sign = samples.of_class(14)[0].image().pixels
    (prediction,) = predictor.predict([sign])
    assert prediction.class_id == 14
    assert np.isclose(prediction.probabilities.sum(), 1, atol=1e-5)
