"""What /metrics counts."""

import numpy as np
import pytest

from core.services import Services
from tests.conftest import TestClient
from tests.core.serving.test_pipeline import IMAGE, PNG, samples
from tests.support.images import blocks
from tests.support.npy import npy


def test_metrics_count_what_was_done(client: TestClient, signwatch: Services) -> None:
    for _ in range(3):
        client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
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


def test_endpoint_names_do_not_make_metrics_grow_without_end(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.metrics.MAX_ENDPOINTS", 2)
    for name in ("a", "b", "c", "d", "a"):
        client.post(f"/endpoints/{name}/invocations", content=IMAGE, headers=PNG)
    found = samples(client)
    counted = {
        name: found[f'signwatch_requests_total{{endpoint="{name}",status="200"}}']
        for name in ("a", "b", "other")
    }
    assert counted == {"a": 2, "b": 1, "other": 2}
