"""What operators ask for: metrics, and what of an endpoint is captured."""

import json
from typing import Any

import pytest

from core.records.captures import CaptureMode, CaptureSettings
from core.records.queries import CaptureFilter
from core.services import Services
from tests.conftest import TestClient
from tests.support.endpoint import IMAGE, PNG

CONFIG = "/api/endpoints/cars/data-capture-config"


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
    kept = {
        "EnableCapture": False,
        "InitialSamplingPercentage": 30.0,
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }
    assert client.put(CONFIG, content=json.dumps(sent)).json() == kept
    assert client.get(CONFIG).json() == kept
    assert signwatch.captures.rules.of("cars") == CaptureSettings(False, 30.0, CaptureMode.OUTPUT)
    assert signwatch.captures.rules.of("signwatch") == CaptureSettings()
    client.post("/endpoints/cars/invocations", content=IMAGE, headers=PNG).raise_for_status()
    assert signwatch.log.count(CaptureFilter()) == 0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        *(
            (
                {"InitialSamplingPercentage": value},
                f"InitialSamplingPercentage must be a number in 0..100, got {value!r}",
            )
            for value in (100.5, 101, -1, 10**400, float("nan"), "10", True, None)
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


def test_another_endpoint_keeps_its_own_config(client: TestClient, signwatch: Services) -> None:
    half = {"InitialSamplingPercentage": 50, "CaptureOptions": [{"CaptureMode": "Input"}]}
    client.put(CONFIG, content=json.dumps(half)).raise_for_status()
    client.put(CONFIG.replace("cars", "vans"), content=b"{}").raise_for_status()
    assert signwatch.captures.rules.all() == {
        "cars": CaptureSettings(True, 50.0, CaptureMode.INPUT),
        "vans": CaptureSettings(True, 100.0, CaptureMode.INPUT_AND_OUTPUT),
    }
    both = {"CaptureOptions": [{"CaptureMode": "Output"}, {"CaptureMode": "Input"}]}
    client.put(CONFIG, content=json.dumps(both)).raise_for_status()
    assert signwatch.captures.rules.of("cars") == CaptureSettings()
