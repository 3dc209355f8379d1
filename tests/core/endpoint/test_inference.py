"""The HTTP interface: what is answered, what is captured, and what is refused without a trace."""

import base64
import http.client
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import httpx
import numpy as np
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from core.endpoint import ROUTES
from core.images import decode, encode_png
from core.invocations import CONTENT_TYPES, prediction_json
from core.records.analysts import LOCAL
from core.records.captures import Capture, Prediction, Provenance
from core.records.queries import CaptureFilter
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services
from core.store import ExecutionsTable
from tests.core.store.test_log import add_unreadable
from tests.support.images import BAD, GOOD, BadFile, GoodFile, blocks, noise, rotated_jpeg, saved
from tests.support.npy import BAD_ARRAYS, BadArray, npy
from tests.support.records import NOON, make_capture, make_execution, make_image, make_prediction

EVERYTHING = CaptureFilter()
NPY = {"Content-Type": "application/x-npy"}
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}
VERBOSE = "application/json;verbose=true"
IMAGE = saved(blocks(), "PNG")


def as_json(*files: bytes) -> bytes:
    return json.dumps({"images": [base64.b64encode(file).decode() for file in files]}).encode()


def captures(signwatch: Services) -> list[Capture]:
    return [item.capture for item in signwatch.log.find(EVERYTHING, limit=1000)]


def images_kept(signwatch: Services) -> int:
    return int(signwatch.log.database.rows("SELECT count(*) FROM log.images")[0][0])


def answered(prediction: dict[str, Any]) -> dict[str, Any]:
    """An entry of the answer without the capture's id, which differs every time."""
    return {name: value for name, value in prediction.items() if name != "capture_id"}


def expected(prediction: Prediction) -> dict[str, Any]:
    """The last digits of a prediction depend on what else was in its batch."""
    entry = answered(prediction_json(prediction, None))
    entry["confidence"] = approx(entry["confidence"])
    entry["suspicion"]["p_value"] = approx(entry["suspicion"]["p_value"])
    for top in entry["top_classes"]:
        top["confidence"] = approx(top["confidence"])
    return entry


def approx(share: float) -> Any:
    return pytest.approx(share, abs=0.01)


class Refusals:
    """Requests that must be refused, and leave nothing behind."""

    def __init__(self, client: TestClient, signwatch: Services) -> None:
        self.client, self.signwatch = client, signwatch

    def expect(
        self,
        status: int,
        error: str,
        message: str | None,
        *,
        path: str = "/invocations",
        content: Any = b"",
        headers: dict[str, Any] | None = None,
    ) -> str:
        """The message; None as `message` takes any."""
        before = len(captures(self.signwatch)), images_kept(self.signwatch)
        answer = self.client.post(path, content=content, headers=headers or {})
        assert answer.status_code == status
        assert answer.headers["x-amzn-errortype"] == "ValidationError"
        assert answer.json() == {"message": message or answer.json()["message"], "error": error}
        assert (len(captures(self.signwatch)), images_kept(self.signwatch)) == before
        assert self.client.get("/ping").status_code == 200
        return str(answer.json()["message"])


@pytest.fixture
def refusals(client: TestClient, signwatch: Services) -> Refusals:
    """With one capture in the log already, so that a lost one would show too."""
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    return Refusals(client, signwatch)


# /ping


def test_ping_says_that_all_is_well(client: TestClient) -> None:
    answer = client.get("/ping")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ping_says_that_the_log_takes_no_writes(client: TestClient, signwatch: Services) -> None:
    signwatch.log.close()
    answer = client.get("/ping")
    assert answer.status_code == 503
    assert answer.headers["x-amzn-errortype"] == "ModelError"
    assert answer.json() == {
        "message": "the capture log is closed; start the dashboard again",
        "error": "Unavailable",
    }


# Answers


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_every_readable_file_gets_the_prediction_of_its_pixels(
    client: TestClient, signwatch: Services, file: GoodFile
) -> None:
    headers = {"Content-Type": file.media_type}
    answer = client.post("/invocations", content=file.content, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == VERBOSE
    (entry,) = answer.json()["predictions"]
    (prediction,) = signwatch.model.predict([decode(file.content)])
    assert answered(entry) == expected(prediction)
    (capture,) = captures(signwatch)
    assert capture.capture_id == entry["capture_id"]
    assert signwatch.captures.stored_image(capture.image_sha256).content == file.content
    assert signwatch.captures.stored_image(capture.image_sha256).media_type == file.media_type


def test_a_rotated_photograph_is_judged_upright(client: TestClient, signwatch: Services) -> None:
    lying = rotated_jpeg(blocks(7))
    answer = client.post("/invocations", content=lying, headers={"Content-Type": "image/jpeg"})
    (upright,) = signwatch.model.predict([decode(lying)])
    (turned,) = signwatch.model.predict([np.rot90(decode(lying))])
    assert answered(answer.json()["predictions"][0]) == expected(upright)
    assert expected(turned) != expected(upright)


@pytest.mark.parametrize(
    "content_type", ["image/png", "image/jpeg", "image/webp", "image/bmp", "application/x-image"]
)
def test_every_image_type_is_taken(
    client: TestClient, signwatch: Services, content_type: str
) -> None:
    answer = client.post(
        "/invocations", content=IMAGE, headers={"Content-Type": f"{content_type}; a=b"}
    )
    assert len(answer.json()["predictions"]) == 1
    (capture,) = captures(signwatch)
    assert capture.input_content_type == content_type
    assert capture.output_content_type == VERBOSE


def test_an_array_gets_the_blogs_shape(client: TestClient, signwatch: Services) -> None:
    (prediction,) = signwatch.model.predict([blocks()])
    answer = client.post("/invocations", content=npy(blocks()), headers=NPY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == [[prediction.class_id]]
    (capture,) = captures(signwatch)
    assert capture.prediction.class_id == prediction.class_id
    assert np.array_equal(signwatch.captures.image(capture.image_sha256).pixels, blocks())


def test_an_array_of_images_gets_a_list_of_lists(client: TestClient, signwatch: Services) -> None:
    images = np.stack([blocks(seed) for seed in range(5)])
    predictions = signwatch.model.predict(list(images))
    answer = client.post("/invocations", content=npy(images), headers=NPY)
    assert answer.json() == [[prediction.class_id] for prediction in predictions]
    kept = captures(signwatch)
    assert len(kept) == 5
    assert len({capture.event_id for capture in kept}) == 1
    assert len({capture.capture_id for capture in kept}) == 5


def test_an_array_in_fortran_order_is_the_same_image(client: TestClient) -> None:
    answers = [
        client.post("/invocations", content=npy(array), headers=NPY | {"Accept": "text/csv"}).text
        for array in (blocks(3), np.asfortranarray(blocks(3)))
    ]
    assert answers[0] == answers[1]


def test_json_gets_an_object(client: TestClient, signwatch: Services) -> None:
    files = [saved(blocks(1), "PNG"), saved(blocks(2), "BMP")]
    answer = client.post("/invocations", content=as_json(*files), headers=JSON)
    entries = answer.json()["predictions"]
    predictions = signwatch.model.predict([blocks(1), blocks(2)])
    assert [answered(entry) for entry in entries] == [expected(each) for each in predictions]
    assert {entry["capture_id"] for entry in entries} == {
        capture.capture_id for capture in captures(signwatch)
    }


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", "application/json;verbose=true"),
        ("application/json;verbose=true", "application/json;verbose=true"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/x-npy", "application/x-npy"),
        ("*/*", "application/json;verbose=true"),
    ],
)
def test_accept_chooses_the_answer(
    client: TestClient, signwatch: Services, accept: str, content_type: str
) -> None:
    (prediction,) = signwatch.model.predict([blocks()])
    answer = client.post("/invocations", content=IMAGE, headers=PNG | {"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    if accept == "text/csv":
        assert answer.text == f"{prediction.class_id}\n"
    elif accept == "application/x-npy":
        assert np.load(io.BytesIO(answer.content)).tolist() == [[prediction.class_id]]
    else:
        assert answered(answer.json()["predictions"][0]) == expected(prediction)


def test_the_full_object_can_be_had_for_an_array(client: TestClient, signwatch: Services) -> None:
    answer = client.post("/invocations", content=npy(blocks()), headers=NPY | {"Accept": VERBOSE})
    (prediction,) = signwatch.model.predict([blocks()])
    assert answered(answer.json()["predictions"][0]) == expected(prediction)


# What is captured


def test_inference_id_and_custom_attributes_are_kept(
    client: TestClient, signwatch: Services
) -> None:
    attributes = "source=van;label=3;attack=pgd;target=14;clean=00ff;lane=2"
    headers = PNG | {
        "X-Amzn-SageMaker-Inference-Id": "drive-7/42",
        "X-Amzn-SageMaker-Custom-Attributes": attributes,
    }
    answer = client.post("/invocations", content=IMAGE, headers=headers)
    assert answer.headers["x-amzn-sagemaker-custom-attributes"] == attributes
    assert answer.headers["x-amzn-invoked-production-variant"] == "AllTraffic"
    (capture,) = captures(signwatch)
    assert capture.inference_id == "drive-7/42"
    assert capture.custom_attributes == (attributes,)
    assert capture.provenance == Provenance("van", 3, "pgd", 14, "00ff")


def test_without_them_nothing_is_made_up(client: TestClient, signwatch: Services) -> None:
    answer = client.post("/invocations", content=IMAGE, headers=PNG)
    assert "x-amzn-sagemaker-custom-attributes" not in answer.headers
    (capture,) = captures(signwatch)
    assert (capture.inference_id, capture.custom_attributes) == (None, ())
    assert capture.provenance == Provenance()
    assert (capture.endpoint, capture.variant) == ("signwatch", "AllTraffic")
    assert capture.model_sha256 == signwatch.model.sha256


@pytest.mark.parametrize("name", ["cars", "a", "Cam-7", "x" * 63])
def test_the_endpoints_name_is_kept(client: TestClient, signwatch: Services, name: str) -> None:
    answer = client.post(f"/endpoints/{name}/invocations", content=npy(blocks()), headers=NPY)
    assert answer.status_code == 200
    assert [capture.endpoint for capture in captures(signwatch)] == [name]


def test_an_image_is_stored_once_for_each_content(client: TestClient, signwatch: Services) -> None:
    for content in (IMAGE, IMAGE, saved(blocks(), "BMP"), IMAGE):
        client.post("/invocations", content=content, headers=PNG).raise_for_status()
    assert len(captures(signwatch)) == 4
    assert images_kept(signwatch) == 2
    assert len({capture.image_sha256 for capture in captures(signwatch)}) == 2


def test_every_capture_of_one_request_came_at_one_time(
    client: TestClient, signwatch: Services
) -> None:
    images = np.stack([blocks(seed) for seed in range(3)])
    client.post("/invocations", content=npy(images), headers=NPY).raise_for_status()
    assert len({capture.inferred_at for capture in captures(signwatch)}) == 1


def test_a_request_that_cannot_be_captured_is_not_answered(
    client: TestClient, signwatch: Services
) -> None:
    signwatch.log.close()
    answer = client.post("/invocations", content=IMAGE, headers=PNG)
    assert answer.status_code == 503
    assert answer.headers["x-amzn-errortype"] == "ModelError"
    assert answer.json() == {
        "message": "the capture log is closed; start the dashboard again",
        "error": "Unavailable",
    }


def test_an_unsampled_request_is_answered_without_a_capture(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_SAMPLING", "0")
    client, signwatch = request.getfixturevalue("client"), request.getfixturevalue("signwatch")
    answer = client.post("/invocations", content=IMAGE, headers=PNG)
    assert answer.json()["predictions"][0]["capture_id"] is None
    assert captures(signwatch) == []
    assert images_kept(signwatch) == 0


# Bad input


@pytest.mark.parametrize("file", BAD[1:], ids=lambda file: file.name)
def test_an_unreadable_file_is_refused(refusals: Refusals, file: BadFile) -> None:
    kind = file.error
    refusals.expect(kind.status, kind.__name__, file.message, content=file.content, headers=PNG)
    refusals.expect(
        kind.status,
        kind.__name__,
        f"images[1]: {file.message}",
        content=as_json(IMAGE, file.content),
        headers=JSON,
    )


@pytest.mark.parametrize("array", BAD_ARRAYS, ids=lambda array: array.name)
def test_an_array_of_another_kind_is_refused(refusals: Refusals, array: BadArray) -> None:
    message = refusals.expect(
        array.error.status, array.error.__name__, array.message, content=array.content, headers=NPY
    )
    assert message.isprintable()


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_an_empty_body_is_refused(refusals: Refusals, content_type: str) -> None:
    refusals.expect(
        400,
        "BadInput",
        f"the body is empty; expected {content_type}",
        headers={"Content-Type": content_type},
    )


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({}, "'none'"),
        ({"Content-Type": "text/plain"}, "'text/plain'"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "'multipart/form-data'"),
        ({"Content-Type": "image/gif"}, "'image/gif'"),
    ],
)
def test_a_wrong_content_type_is_refused(
    refusals: Refusals, headers: dict[str, str], shown: str
) -> None:
    refusals.expect(
        415,
        "UnsupportedMedia",
        "content type must be one of image/png, image/jpeg, image/webp, image/bmp, "
        f"application/x-image, application/x-npy, application/json, got {shown}",
        content=IMAGE,
        headers=headers,
    )


def test_an_answer_that_we_do_not_give_is_refused_before_anything_is_captured(
    refusals: Refusals,
) -> None:
    refusals.expect(
        415,
        "UnsupportedMedia",
        "Accept must allow application/json, application/json;verbose=true, application/x-npy or "
        "text/csv, got 'text/html'",
        content=IMAGE,
        headers=PNG | {"Accept": "text/html"},
    )


EXPECTED_JSON = 'expected {"images": ["<base64 of an image file>", ...]}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"no json",
            f"the body is no JSON (Expecting value: line 1 column 1 (char 0)); {EXPECTED_JSON}",
        ),
        (
            b"[" * 100_000,
            "the body is no JSON (maximum recursion depth exceeded while decoding a "
            f"JSON array from a unicode string); {EXPECTED_JSON}",
        ),
        (b'{"instances": []}', f"{EXPECTED_JSON}, got an object with 'instances'"),
        (b'{"images": ["???"]}', "images[0] is no base64: Only base64 data is allowed"),
        (b'{"images": [{}]}', "images[0] must be a base64 string, got dict"),
    ],
    ids=["not JSON", "deeply nested", "wrong keys", "not base64", "not a string"],
)
def test_other_json_is_refused(refusals: Refusals, body: bytes, message: str) -> None:
    refusals.expect(400, "BadInput", message, content=body, headers=JSON)


def test_too_many_images_are_refused(refusals: Refusals) -> None:
    refusals.expect(
        413,
        "TooLarge",
        "257 images in one request; at most 256 are taken. Send several",
        content=json.dumps({"images": [""] * 257}).encode(),
        headers=JSON,
    )


@pytest.mark.parametrize("name", ["-cars", "cars-", "a_b", "a.b", "a b", "é", "x" * 64])
def test_a_bad_endpoint_name_is_refused(refusals: Refusals, name: str) -> None:
    refusals.expect(
        400,
        "BadInput",
        f"endpoint name must be 1 to 63 letters, digits and inner hyphens, got {name!r}",
        path=f"/endpoints/{name}/invocations",
        content=IMAGE,
        headers=PNG,
    )


@pytest.mark.parametrize(
    ("name", "longest"),
    [("x-amzn-sagemaker-inference-id", 64), ("x-amzn-sagemaker-custom-attributes", 1024)],
)
def test_headers_have_a_length_and_an_alphabet(refusals: Refusals, name: str, longest: int) -> None:
    for value in (b"x" * (longest + 1), "drive-ä".encode(), b"a\tb"):
        refusals.expect(
            400,
            "BadInput",
            f"{name} takes at most {longest} printable ASCII characters, got {len(value)}",
            content=IMAGE,
            headers=PNG | {name: value},
        )
    exact = PNG | {name: "x" * longest}
    assert refusals.client.post("/invocations", content=IMAGE, headers=exact).is_success


@pytest.fixture
def limited(environment: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Refusals:
    """Bodies of 1,000 bytes at most."""
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "1000")
    return Refusals(request.getfixturevalue("client"), request.getfixturevalue("signwatch"))


TOO_LONG = "the body is longer than 1,000 bytes (SIGNWATCH_MAX_BODY_BYTES)"


@pytest.mark.parametrize("path", ["/invocations", "/endpoints/cars/invocations", "/api/references"])
def test_a_body_over_the_limit_is_refused(limited: Refusals, path: str) -> None:
    limited.expect(413, "TooLarge", TOO_LONG, path=path, content=bytes(1001), headers=PNG)

    def parts() -> Iterator[bytes]:
        yield from (bytes(400) for _ in range(3))

    limited.expect(413, "TooLarge", TOO_LONG, path=path, content=parts(), headers=PNG)
    assert len(IMAGE) <= 1000
    assert limited.client.post(path, content=IMAGE, headers=PNG).is_success


def test_a_body_over_the_limit_is_refused_before_it_has_come(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """On a real connection: neither of these bodies ever ends."""
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "1000")
    address = httpx.URL(request.getfixturevalue("server"))
    for headers, body in [
        ({"Content-Length": "1000000000"}, b""),
        ({"Transfer-Encoding": "chunked"}, b"3e9\r\n" + bytes(1001) + b"\r\n"),
    ]:
        connection = http.client.HTTPConnection(address.host, address.port or 80, timeout=60)
        connection.putrequest("POST", "/invocations")
        for name, value in (PNG | headers).items():
            connection.putheader(name, value)
        connection.endheaders()
        if body:
            connection.send(body)
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read()) == {"message": TOO_LONG, "error": "TooLarge"}
        connection.close()
    assert httpx.get(f"{address}/ping").status_code == 200
    assert captures(request.getfixturevalue("signwatch")) == []


def test_a_client_that_hangs_up_leaves_nothing(server: str, signwatch: Services) -> None:
    address = httpx.URL(server)
    connection = http.client.HTTPConnection(address.host, address.port or 80, timeout=60)
    connection.putrequest("POST", "/invocations")
    connection.putheader("Content-Type", "image/png")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    connection.send(IMAGE[:100])
    connection.close()
    assert httpx.get(f"{server}/ping").status_code == 200
    assert captures(signwatch) == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content_type=st.sampled_from([*CONTENT_TYPES, "text/plain", ""]),
    start=st.sampled_from([b"", IMAGE, npy(blocks()), as_json(IMAGE), b'{"images": [']),
    data=st.data(),
)
@pytest.mark.filterwarnings("ignore")  # Pillow's and numpy's, of damaged files
def test_no_bytes_break_the_endpoint(
    client: TestClient, signwatch: Services, content_type: str, start: bytes, data: st.DataObject
) -> None:
    """Random bytes, or files cut off and continued with random bytes: never a 5xx."""
    cut = data.draw(st.integers(0, len(start)))
    body = start[:cut] + data.draw(st.binary(max_size=200))
    before = len(captures(signwatch))
    answer = client.post("/invocations", content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (200, 400, 413, 415)
    if answer.status_code != 200:
        assert answer.json()["message"]
        assert len(captures(signwatch)) == before
    assert client.get("/ping").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/invocations", 405),
        ("POST", "/ping", 405),
        ("GET", "/endpoints/a", 404),
        ("POST", "/endpoints//invocations", 404),
    ],
)
def test_other_ways_lead_nowhere(client: TestClient, method: str, path: str, status: int) -> None:
    assert client.request(method, path).status_code == status


# As boto3 calls it


@pytest.fixture
def runtime(server: str) -> Iterator[Any]:
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=server,
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    yield client
    client.close()


def test_boto3_sends_an_array_and_reads_the_blogs_shape(runtime: Any, signwatch: Services) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName="signwatch", ContentType="application/x-npy", Body=npy(blocks())
    )
    (prediction,) = signwatch.model.predict([blocks()])
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads(answer["Body"].read()) == [[prediction.class_id]]


def test_boto3_sends_a_png_and_reads_an_object(runtime: Any, signwatch: Services) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName="cars",
        ContentType="image/png",
        Body=IMAGE,
        InferenceId="drive-7",
        CustomAttributes="source=van",
    )
    (entry,) = json.loads(answer["Body"].read())["predictions"]
    (prediction,) = signwatch.model.predict([blocks()])
    assert answered(entry) == expected(prediction)
    assert answer["CustomAttributes"] == "source=van"
    (capture,) = captures(signwatch)
    assert (capture.endpoint, capture.inference_id) == ("cars", "drive-7")
    assert capture.capture_id == entry["capture_id"]


def test_boto3_shows_the_message_of_a_refusal(runtime: Any, signwatch: Services) -> None:
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="cars", ContentType="image/png", Body=b"GIF89a")
    assert caught.value.response["Error"] == {
        "Message": "expected a PNG, JPEG, WebP or BMP file; this is a GIF: save it as PNG",
        "Code": "ValidationError",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 415
    assert captures(signwatch) == []


# What our own commands call


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
            "endpoint name must be 1 to 63 letters, digits and inner hyphens, got \"['cars']\"",
        ),
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
        image, *beside = archive.namelist()
        assert image == f"{right:02d}/00000_00000.png"
        assert beside == ["manifest.jsonl", "annotations.json", "audit.jsonl"]
        assert archive.read(image) == IMAGE


# Pieces


def test_the_routes_of_the_contract() -> None:
    assert {
        ("/ping", "GET", "HEAD"),
        ("/invocations", "POST"),
        ("/endpoints/{name}/invocations", "POST"),
        ("/metrics", "GET", "HEAD"),
    } <= {(route.path, *sorted(route.methods or ())) for route in ROUTES}


def test_a_image_may_be_of_any_size(client: TestClient, signwatch: Services) -> None:
    for height, width in [(1, 1), (3, 3), (1, 500), (500, 1), (33, 31)]:
        content = encode_png(noise(height, width))
        assert client.post("/invocations", content=content, headers=PNG).is_success
    assert len(captures(signwatch)) == 5
