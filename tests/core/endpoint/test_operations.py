"""What operators ask for: metrics, and what of an endpoint is captured."""

import json
from typing import Any

import numpy as np
import pytest

from core.records.captures import CaptureMode, CaptureSettings
from core.records.queries import CaptureFilter
from core.services import Services
from tests.conftest import TestClient
from tests.support.endpoint import IMAGE, PNG
from tests.support.images import blocks
from tests.support.npy import npy

CONFIG = "/api/endpoints/cars/data-capture-config"


def samples(client: TestClient) -> dict[str, float]:
    """What /metrics says: `name{labels}` -> figure."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(figure) for name, _, figure in (line.rpartition(" ") for line in lines)}


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


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("Input", (True, False)), ("Output", (False, True)), ("InputAndOutput", (True, True))],
)
def test_the_mode_says_which_side_is_kept(
    client: TestClient, signwatch: Services, mode: str, kept: tuple[bool, bool]
) -> None:
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "CaptureOptions": [{"CaptureMode": mode}],
    }
    client.put(CONFIG, content=json.dumps(config)).raise_for_status()
    client.post("/endpoints/cars/invocations", content=IMAGE, headers=PNG).raise_for_status()
    (item,) = signwatch.log.find(CaptureFilter(), limit=9)
    capture = item.capture
    assert (capture.image_sha256 is not None, capture.class_id is not None) == kept
    assert (capture.input_content_type == "image/png") == kept[0]
    assert (capture.prediction is not None) == kept[1]
    images = signwatch.log.database.rows("SELECT count(*) FROM log.images")[0][0]
    assert images == int(kept[0])


def test_a_config_of_sagemaker_is_taken_and_given_back(
    client: TestClient, signwatch: Services
) -> None:
    default = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100.0,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    assert client.get(CONFIG).json() == default
    sent = {
        "EnableCapture": False,
        "InitialSamplingPercentage": 30,
        "KmsKeyId": "k",
        "DestinationS3Uri": "s3://bucket/captures",
        "CaptureOptions": [{"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    assert client.put(CONFIG, content=json.dumps(sent)).json() == client.get(CONFIG).json()
    assert signwatch.captures.rules.of("cars") == CaptureSettings(False, 30.0, CaptureMode.OUTPUT)
    assert signwatch.captures.rules.of("signwatch") == CaptureSettings()
    client.post("/endpoints/cars/invocations", content=IMAGE, headers=PNG).raise_for_status()
    assert signwatch.log.count(CaptureFilter()) == 0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"InitialSamplingPercentage": 101}, "sampling percentage must lie in 0..100, got 101.0"),
        (
            {"InitialSamplingPercentage": "10"},
            "InitialSamplingPercentage must be a number in 0..100, got '10'",
        ),
        ({"EnableCapture": 1}, "EnableCapture must be true or false, got 1"),
        (
            {"CaptureOptions": []},
            'CaptureOptions must be a list like [{"CaptureMode": "Input"}, {"CaptureMode": '
            '"Output"}], '
            "got []",
        ),
        (
            {"CaptureOptions": [{"CaptureMode": "Both"}]},
            'CaptureOptions must be a list like [{"CaptureMode": "Input"}, {"CaptureMode": '
            '"Output"}], '
            "got [{'CaptureMode': 'Both'}]",
        ),
    ],
)
def test_a_config_that_does_not_serve_is_refused(
    client: TestClient, signwatch: Services, document: dict[str, Any], message: str
) -> None:
    answer = client.put(CONFIG, content=json.dumps(document))
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert signwatch.captures.rules.all() == {}
