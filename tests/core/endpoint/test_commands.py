"""What the command line asks of the running process."""

import io
import threading
import zipfile
from datetime import datetime

import numpy as np
import pytest
from starlette.testclient import TestClient

from core.images import ImageFile, OpenedImage, encode_png
from core.records.analysts import LOCAL
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services
from core.store import ExecutionsTable
from tests.core.store.test_log import add_unreadable
from tests.support.endpoint import IMAGE, PNG, Refusals, captures, images_kept
from tests.support.images import BAD, blocks, noise
from tests.support.records import NOON, make_capture, make_execution, make_image, make_prediction


def test_a_reference_is_kept_once_and_is_no_capture(
    client: TestClient, signwatch: Services
) -> None:
    for _ in range(2):
        answer = client.post("/api/references", content=IMAGE)
        sha256 = answer.json()["sha256"]
        assert answer.json() == {"sha256": sha256}
    assert np.array_equal(signwatch.captures.image(sha256).pixels, blocks())
    assert captures(signwatch) == []
    assert images_kept(signwatch) == 1


def test_a_bad_reference_is_refused(refusals: Refusals) -> None:
    for file in BAD:
        refusals.expect(
            file.error.status,
            file.error.__name__,
            file.message,
            path="/api/references",
            content=file.content,
        )


def test_a_reference_may_be_as_large_as_an_image_of_a_request(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_PIXELS", str(32 * 32))
    client: TestClient = request.getfixturevalue("client")
    assert client.post("/api/references", content=IMAGE).is_success
    larger = encode_png(noise(32, 33))
    assert client.post("/api/references", content=larger).status_code == 413


def test_references_are_decoded_where_requests_are(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_CONCURRENT", "1")
    signwatch: Services = request.getfixturevalue("signwatch")
    client: TestClient = request.getfixturevalue("client")
    threads: list[str] = []
    read = OpenedImage.read

    def noted(self: OpenedImage) -> ImageFile:
        threads.append(threading.current_thread().name)
        return read(self)

    environment.setattr(OpenedImage, "read", noted)
    large = encode_png(np.zeros((1500, 1500, 3), np.uint8))
    for content in (IMAGE, large):
        assert client.post("/api/references", content=content).status_code == 200
    assert threads[0].startswith("decode_")
    assert threads[1].startswith("decode-large_")
    with signwatch.inference.admitted():
        refused = client.post("/api/references", content=IMAGE)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


def attacked(signwatch: Services) -> None:
    """322 of 400 captures at noon are Stop."""
    image = make_image()
    predictions = [make_prediction(14)] * 322 + [make_prediction(1)] * 78
    signwatch.log.append(
        [make_capture(image, prediction=prediction) for prediction in predictions], [image]
    )


AROUND_NOON = {"since": "2026-02-14T11:00:00Z", "until": "2026-02-14T12:30:00Z"}


def test_the_monitor_runs_over_http(client: TestClient, signwatch: Services) -> None:
    attacked(signwatch)
    answer = client.post("/api/monitor/run", json=AROUND_NOON)
    assert answer.status_code == 200
    document = answer.json()
    assert document["status"] == "CompletedWithViolations"
    assert document["message"] == (
        "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    assert document["counts"] == {"14": 322, "1": 78}
    assert document["trigger"] == "manual"
    (kept,) = signwatch.monitoring.executions(5)
    assert kept.to_json() == document


def test_options_of_the_monitor_are_taken(client: TestClient, signwatch: Services) -> None:
    attacked(signwatch)
    chosen = AROUND_NOON | {"threshold": 0.9, "endpoint": "signwatch"}
    document = client.post("/api/monitor/run", json=chosen).json()
    assert (document["status"], document["threshold"]) == ("Completed", 0.9)
    assert document["window"] == {
        "start": "2026-02-14T11:00:00+00:00",
        "end": "2026-02-14T12:30:00+00:00",
        "endpoint": "signwatch",
    }
    other = client.post("/api/monitor/run", json=AROUND_NOON | {"endpoint": "cars"}).json()
    assert (other["status"], other["total"]) == ("Failed", 0)


def test_an_execution_is_read_with_its_log_and_its_unreadable_records(
    client: TestClient, signwatch: Services
) -> None:
    attacked(signwatch)
    add_unreadable(signwatch.log, "signwatch", NOON)
    ran = client.post("/api/monitor/run", json=AROUND_NOON).json()
    answer = client.get(f"/api/executions/{ran['execution_id']}")
    document = answer.json()
    assert {name: document[name] for name in ran} == ran
    assert document["unreadable"] == 1
    assert document["unreadable_records"] == [
        {
            "path": "a.jsonl",
            "line": 1,
            "inferred_at": "2026-02-14T12:00:00+00:00",
            "reason": "no JSON",
            "content": "{",
        }
    ]
    assert document["log"][2].endswith(" UTC  {14: 322, 1: 78}")
    assert document["log"][-1].endswith(f" UTC  {ran['message']}")
    before = make_execution()
    ExecutionsTable(signwatch.log.database).begin(before)
    document = client.get(f"/api/executions/{before.execution_id}").json()
    assert (document["log"], document["unreadable_records"]) == (None, [])
    assert client.get("/api/executions/none").status_code == 404


def test_without_options_the_monitor_takes_its_window(
    client: TestClient, signwatch: Services
) -> None:
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    document = client.post("/api/monitor/run").json()
    assert (document["total"], document["threshold"]) == (1, 0.5)
    start, end = (datetime.fromisoformat(document["window"][name]) for name in ("start", "end"))
    assert (end - start).total_seconds() == 3600


def test_times_of_other_zones_are_converted_to_utc(client: TestClient) -> None:
    window = {"since": "2026-02-14T12:00:00+01:00", "until": "2026-02-14T13:00:00+01:00"}
    assert client.post("/api/monitor/run", json=window).json()["message"] == (
        "Failed: no captures between 2026-02-14 11:00:00 and 2026-02-14 12:00:00 UTC, so nothing "
        "was evaluated. Send traffic to the endpoint or choose another window."
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"{",
            "the body is no JSON: Expecting property name enclosed in double quotes: line 1 "
            "column 2 (char 1)",
        ),
        (
            b"[" * 50_000,
            "the body is no JSON: maximum recursion depth exceeded while decoding a "
            "JSON array from a unicode string",
        ),
        (b"[]", "expected a JSON object, got list"),
        *(
            (
                body,
                "the body is no JSON: 'utf-8' codec can't encode character '\\ud800' in position "
                f"{place}: surrogates not allowed",
            )
            for body, place in (
                (b'{"endpoint": "\\ud800"}', 14),
                (b'{"\\uD800": 1}', 2),
                (b'{"endpoint": "\xed\xa0\x80"}', 14),
            )
        ),
        (b'{"window": 1}', "unknown option 'window'; known: since, until, endpoint, threshold"),
        (b'{"threshold": "0.5"}', "threshold must be a number, got '0.5'"),
        (b'{"threshold": true}', "threshold must be a number, got True"),
        (b'{"threshold": 1.5}', "threshold must lie in (0, 1], got 1.5"),
        (b'{"threshold": 0}', "threshold must lie in (0, 1], got 0"),
        (b'{"threshold": NaN}', "threshold must lie in (0, 1], got nan"),
        (b'{"since": "yesterday"}', "expected a time like 2026-02-14T17:00:00Z, got 'yesterday'"),
        (b'{"since": 7}', "expected a time like 2026-02-14T17:00:00Z, got 7"),
        (
            b'{"since": "0001-01-01T00:00:00+14:00"}',
            "expected a time like 2026-02-14T17:00:00Z, got '0001-01-01T00:00:00+14:00'",
        ),
        (
            b'{"since": "2026-02-14T12:00:00Z", "until": "2026-02-14T12:00:00Z"}',
            "the window must begin before it ends, got 2026-02-14 12:00:00+00:00 to "
            "2026-02-14 12:00:00+00:00",
        ),
        (
            b'{"endpoint": ["cars"]}',
            "endpoint must be a name, got ['cars']",
        ),
        (b'{"endpoint": 7}', "endpoint must be a name, got 7"),
        (b'{"endpoint": NaN}', "endpoint must be a name, got nan"),
        (b'{"endpoint": "a\\u0000b"}', "texts must not contain U+0000, got 'a\\x00b'"),
    ],
)
def test_other_options_are_refused_and_nothing_is_run(
    refusals: Refusals, signwatch: Services, body: bytes, message: str
) -> None:
    refusals.expect(400, "BadInput", message, path="/api/monitor/run", content=body)
    assert signwatch.monitoring.executions(5) == []


def test_a_command_has_a_longest_body(refusals: Refusals) -> None:
    refusals.expect(
        413,
        "TooLarge",
        "the body is longer than 100,000 bytes (SIGNWATCH_MAX_BODY_BYTES)",
        path="/api/monitor/run",
        content=b" " * 100_001,
    )


def test_what_was_decided_can_be_downloaded(client: TestClient, signwatch: Services) -> None:
    capture_id = client.post("/invocations", content=IMAGE, headers=PNG).json()["predictions"][0][
        "capture_id"
    ]
    predicted = captures(signwatch)[0].prediction.class_id
    right = (predicted + 1) % 43
    signwatch.triage.decide(
        [signwatch.log.capture(capture_id).capture],
        GivenVerdict(Verdict.MODEL_WRONG, right),
        by=LOCAL,
    )
    answer = client.get("/api/triage/export")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name for name in archive.namelist() if not name.endswith("/")}
        image = f"{right:02d}/00000_00000.png"
        beside = {"manifest.jsonl", "annotations.json", "audit.jsonl"}
        assert files == {image, f"images/{image}", "annotations/instances_default.json", *beside}
        assert archive.read(image) == archive.read(f"images/{image}") == IMAGE
