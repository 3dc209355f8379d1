"""Ground truth over HTTP: predictions, and what was true of them."""

import json
from datetime import timedelta

from starlette.testclient import TestClient

from core.records.quality import LabelKind
from core.records.queries import CaptureFilter
from core.records.window import Window, now
from core.services import Services
from tests.support.capture_lines import ground_truth
from tests.support.images import blocks, saved

PNG = {"Content-Type": "image/png"}


def test_labels_meet_their_predictions(client: TestClient, signwatch: Services) -> None:
    for number in range(3):
        headers = PNG | {"X-Amzn-SageMaker-Inference-Id": f"sign-{number}"}
        client.post("/invocations", content=saved(blocks(number), "PNG"), headers=headers)
    items = signwatch.log.find(CaptureFilter(), limit=3)
    predicted = {item.capture.inference_id: item.capture.class_id for item in items}
    lines = [
        ground_truth(0, str(predicted["sign-0"])) | {"eventMetadata": {"inferenceId": "sign-0"}},
        ground_truth(0, "42" if predicted["sign-1"] != 42 else "41")
        | {"eventMetadata": {"eventId": "of no use", "inferenceId": "sign-1"}},
    ]
    answer = client.post("/api/ground-truth", content="\n".join(map(json.dumps, lines)))
    assert answer.json() == {
        "lines": 2,
        "merged": 2,
        "repeated": 0,
        "unreadable": 0,
        "problems": [],
    }
    window = Window(now() - timedelta(hours=1), now() + timedelta(hours=1))
    found = signwatch.monitoring.quality(window).labelled[LabelKind.GROUND_TRUTH]
    assert (found.count, found.quality.metrics["accuracy"].value) == (2, 0.5)


def test_bodies_that_hold_no_labels_are_refused(client: TestClient) -> None:
    answer = client.post("/api/ground-truth", content=b"label: 14")
    assert answer.status_code == 400
    assert answer.json()["message"].endswith(
        "got line 1: no JSON: Expecting value: line 1 column 1 (char 0)"
    )


def test_bodies_are_limited_before_they_are_read(client: TestClient) -> None:
    line = json.dumps(ground_truth(0)).encode() + b"\n"
    answer = client.post("/api/ground-truth", content=line * 200_000)
    assert (answer.status_code, answer.json()["message"]) == (
        413,
        "the body is longer than 20,000,000 bytes (SIGNWATCH_MAX_BODY_BYTES)",
    )
