"""What /metrics counts."""

import time

import numpy as np
import pytest

from core.metrics import Metrics
from core.records.captures import CaptureSettings
from core.records.monitoring import ExecutionStatus, Violation
from core.services import Services
from tests.conftest import TestClient
from tests.core.serving.test_pipeline import IMAGE, PNG, samples
from tests.support.images import blocks
from tests.support.npy import npy
from tests.support.records import make_execution, make_prediction


def test_metrics_count_what_was_done(client: TestClient, signwatch: Services) -> None:
    for _ in range(3):
        client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    signwatch.inference.endpoints.add("cars")
    client.post(
        "/endpoints/cars/invocations",
        content=npy(np.stack([blocks(), blocks(1)])),
        headers={"Content-Type": "application/x-npy"},
    ).raise_for_status()
    client.post("/invocations", content=b"no image", headers=PNG)
    signwatch.monitoring.set_settings(signwatch.monitoring.settings())
    signwatch.monitoring.run(threshold=0.01)
    class_id = signwatch.model.predict([blocks()])[0].class_id
    found = samples(client)
    wanted = {
        'signwatch_requests_total{endpoint="signwatch",status="200"}': 3,
        'signwatch_requests_total{endpoint="signwatch",status="415"}': 1,
        'signwatch_requests_total{endpoint="cars",status="200"}': 1,
        'signwatch_request_seconds_count{endpoint="signwatch"}': 4,
        f'signwatch_predictions_total{{class_id="{class_id}",endpoint="signwatch"}}': 3,
        'signwatch_captures_total{endpoint="signwatch"}': 3,
        'signwatch_captures_total{endpoint="cars"}': 2,
        "signwatch_requests_in_work": 0,
        "signwatch_queue_images": 0,
        "signwatch_model_up": 1,
        "signwatch_store_up": 1,
        'signwatch_executions_total{status="CompletedWithViolations"}': 1,
    }
    assert {name: found[name] for name in wanted} == wanted
    assert 4 <= found["signwatch_commit_seconds_count"] <= 5  # two images are one batch, or two
    assert found['signwatch_violations_total{check="baseline_drift_check"}'] >= 1


def read(metrics: Metrics) -> dict[str, float]:
    """Every sample that is not 0, without the times at which counters were made."""
    return {
        sample.name.removeprefix("signwatch_") + "".join(f" {v}" for v in sample.labels.values()): (
            sample.value
        )
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.value and not sample.name.endswith("_created")
    }


def test_predictions_are_counted_by_class_flagged_and_captured_ones_apart() -> None:
    metrics = Metrics()
    flagged, clean = make_prediction(14, flagged=True), make_prediction(14)
    metrics.predicted("cars", (flagged, clean, make_prediction(2), clean), 3)
    metrics.predicted("vans", (clean,), 0)
    assert read(metrics) == {
        "predictions_total cars 14": 3,
        "predictions_total cars 2": 1,
        "flagged_total cars": 1,
        "captures_total cars": 3,
        "predictions_total vans 14": 1,
    }


def test_runs_alerts_and_tensors_are_counted_by_outcome() -> None:
    metrics = Metrics()
    violation = Violation("PredictedClass", "baseline_drift_check", "something")
    missing = Violation("Records", "completeness_check", "something")
    metrics.executed(make_execution(violations=(violation, violation, missing)))
    metrics.executed(make_execution(status=ExecutionStatus.FAILED, violations=()))
    for outcome in ("delivered", "failed", "failed"):
        metrics.alerted(outcome)
    for outcome in ("dropped", "recorded", "dropped"):
        metrics.tensors(outcome)
    assert read(metrics) == {
        "executions_total CompletedWithViolations": 1,
        "executions_total Failed": 1,
        "violations_total baseline_drift_check": 2,
        "violations_total completeness_check": 1,
        "alerts_total delivered": 1,
        "alerts_total failed": 2,
        "tensor_records_total dropped": 2,
        "tensor_records_total recorded": 1,
    }
    assert metrics.tensor_outcomes() == {"recorded": 1, "dropped": 2, "failed": 0}


def test_the_detector_shows_the_channels_that_are_computed_now() -> None:
    metrics = Metrics()
    metrics.drift_e_values({"class": 1.5, "flags": 2.5})
    metrics.drift_alarms({"flags": 2})
    metrics.drift_e_values({"class": 3.5})
    assert read(metrics) == {"stream_evidence class": 3.5, "stream_alarms_total flags": 2}
    text = metrics.render().decode()
    assert 'signwatch_stream_alarms_total{channel="class"} 0.0' in text


def test_a_request_is_in_work_until_it_is_answered() -> None:
    metrics, begun = Metrics(), time.perf_counter()
    with metrics.request("cars") as answered:
        assert read(metrics) == {"requests_in_work": 1}
        answered(503)
    found = read(metrics)
    assert 0 < found["request_seconds_sum cars"] < time.perf_counter() - begun
    assert found["requests_total cars 503"] == found["request_seconds_count cars"] == 1
    assert "requests_in_work" not in found


def test_requests_that_are_not_captured_are_no_captures(
    client: TestClient, signwatch: Services
) -> None:
    signwatch.captures.rules.set("cars", CaptureSettings(enabled=False))
    client.post("/endpoints/cars/invocations", content=IMAGE, headers=PNG).raise_for_status()
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    found = samples(client)
    assert found['signwatch_captures_total{endpoint="cars"}'] == 0
    assert found['signwatch_captures_total{endpoint="signwatch"}'] == 1


def test_endpoint_names_do_not_make_metrics_grow_without_end(
    client: TestClient, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.metrics.MAX_ENDPOINTS", 2)
    for name in ("a", "b", "c", "d", "a"):
        signwatch.inference.endpoints.add(name)
        client.post(f"/endpoints/{name}/invocations", content=IMAGE, headers=PNG)
    found = samples(client)
    counted = {
        name: found[f'signwatch_requests_total{{endpoint="{name}",status="200"}}']
        for name in ("a", "b", "other")
    }
    assert counted == {"a": 2, "b": 1, "other": 2}
