"""The HTTP interface: what is answered, what is captured, and what is refused without a trace."""

import asyncio
import http.client
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import httpx
import numpy as np
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.requests import Request
from starlette.testclient import TestClient

from core.endpoint import ROUTES
from core.endpoint.guard import ARRIVALS
from core.endpoint.inference import invocations
from core.images import ImageFile, decode, encode_png
from core.invocations import CONTENT_TYPES, prediction_json
from core.records.captures import Prediction, Provenance
from core.records.window import now
from core.services import Services
from tests.core.serving.test_pipeline import Held, samples
from tests.support.endpoint import (
    EVERYTHING,
    IMAGE,
    JSON,
    NPY,
    PNG,
    VERBOSE,
    Refusals,
    as_json,
    captures,
    images_kept,
)
from tests.support.images import (
    BAD,
    GOOD,
    ORIENTATION,
    BadFile,
    GoodFile,
    blocks,
    noise,
    saved,
)
from tests.support.npy import BAD_ARRAYS, BadArray, npy
from tests.support.records import make_capture, make_image
from tests.support.waiting import LONGEST, until


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


def test_a_rotated_photo_is_judged_upright(client: TestClient, signwatch: Services) -> None:
    image = blocks(7)
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be shown turned clockwise
    lying = saved(np.rot90(image), "PNG", exif=exif)
    answer = client.post("/invocations", content=lying, headers=PNG)
    upright, turned = signwatch.model.predict([image, np.rot90(image)])
    assert answered(answer.json()["predictions"][0]) == expected(upright)
    assert upright.class_id != turned.class_id


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
        ("text/csv", "text/csv"),
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
    signwatch.inference.endpoints.add(name)
    answer = client.post(f"/endpoints/{name}/invocations", content=npy(blocks()), headers=NPY)
    assert answer.status_code == 200
    assert [capture.endpoint for capture in captures(signwatch)] == [name]


def test_an_image_is_stored_once_for_each_content(client: TestClient, signwatch: Services) -> None:
    for content in (IMAGE, IMAGE, saved(blocks(), "BMP"), IMAGE):
        client.post("/invocations", content=content, headers=PNG).raise_for_status()
    assert len(captures(signwatch)) == 4
    assert images_kept(signwatch) == 2
    assert len({capture.image_sha256 for capture in captures(signwatch)}) == 2


def test_a_request_has_come_once_all_of_it_is_there(server: str, signwatch: Services) -> None:
    address = httpx.URL(server)
    connection = http.client.HTTPConnection(address.host, address.port or 80, timeout=LONGEST)
    connection.putrequest("POST", "/invocations")
    for name, value in (PNG | {"Content-Length": str(len(IMAGE))}).items():
        connection.putheader(name, value)
    connection.endheaders(IMAGE[:10])
    until(lambda: len(ARRIVALS), "it is being read")
    assert signwatch.inference._admission.in_work == 0  # its sender may never go on
    begun = now()
    connection.send(IMAGE[10:])
    assert connection.getresponse().status == 200
    connection.close()
    (capture,) = captures(signwatch)
    assert begun <= capture.inferred_at <= now()


def test_a_request_that_is_given_up_disturbs_no_batch(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held(signwatch, monkeypatch)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": IMAGE}

    async def give_up() -> None:
        headers = [(b"content-type", b"image/png")]
        scope = {"type": "http", "method": "POST", "path_params": {}, "headers": headers}
        asked = asyncio.create_task(invocations(Request(scope, receive)))
        await asyncio.to_thread(held.entered.wait, LONGEST)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(give_up())
    held.allowed.set()
    until(lambda: captures(signwatch), "the batch is written all the same")
    signwatch.inference.send(ImageFile.from_pixels(blocks(1)), Provenance())
    assert [each.getMessage() for each in caplog.records] == []


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
        ({"Content-Type": "text/plain"}, "'text/plain'"),
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
        "image/x-portable-anymap, image/x-portable-pixmap, image/x-portable-graymap, "
        "image/x-portable-bitmap, "
        f"application/x-image, application/x-npy, application/json, got {shown}",
        content=IMAGE,
        headers=headers,
    )


def test_an_answer_that_we_do_not_give_is_refused_before_anything_is_captured(
    refusals: Refusals,
) -> None:
    refusals.expect(
        406,
        "NotAcceptable",
        "Accept must allow application/json, application/json;verbose=true, application/x-npy or "
        "text/csv, got 'text/html'",
        content=IMAGE,
        headers=PNG | {"Accept": "text/html"},
    )


@pytest.mark.parametrize(
    "content_type", [None, "application/octet-stream", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize(
    ("content", "media_type", "answer_type"),
    [
        (IMAGE, "image/png", VERBOSE),
        (saved(blocks(), "JPEG"), "image/jpeg", VERBOSE),
        (npy(blocks()), "application/x-npy", "application/json"),
        (as_json(IMAGE), "application/json", VERBOSE),
    ],
)
def test_what_has_no_name_is_known_by_its_beginning(
    client: TestClient,
    signwatch: Services,
    content_type: str | None,
    content: bytes,
    media_type: str,
    answer_type: str,
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.post("/invocations", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, answer_type)
    assert [each.input_content_type for each in captures(signwatch)] == [media_type]


def test_a_form_is_its_files(client: TestClient, signwatch: Services) -> None:
    """As `curl -F file=@sign.png` sends it."""
    one = {"file": ("sign.png", IMAGE, "image/png")}
    plain = client.post("/invocations", content=IMAGE, headers=PNG).json()["predictions"][0]
    (entry,) = client.post("/invocations", files=one, data={"note": "x"}).json()["predictions"]
    assert answered(entry) == answered(plain)
    assert [each.input_content_type for each in captures(signwatch)] == ["image/png"] * 2
    two = [("file", ("a", saved(blocks(1), "PNG"))), ("other", ("b", saved(blocks(2), "BMP")))]
    entries = client.post("/invocations", files=two).json()["predictions"]
    expecting = signwatch.model.predict([blocks(1), blocks(2)])
    assert [answered(each) for each in entries] == [expected(each) for each in expecting]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        (
            b"x",
            "multipart/form-data",
            400,
            "the form cannot be read (Missing boundary in multipart); send it as "
            "`curl -F file=@sign.png`",
        ),
        (
            b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            400,
            "the form has no file; send it as `curl -F file=@sign.png`",
        ),
    ],
)
def test_a_form_without_a_file_is_refused(
    refusals: Refusals, body: bytes, content_type: str, status: int, message: str
) -> None:
    refusals.expect(
        status, "BadInput", message, content=body, headers={"Content-Type": content_type}
    )


def test_files_of_a_form_are_named_where_they_are_wrong(client: TestClient) -> None:
    files = [("file", ("a", IMAGE)), ("file", ("b", b"GIF89a"))]
    answer = client.post("/invocations", files=files)
    assert (answer.status_code, answer.json()["message"]) == (
        415,
        "files[1]: expected a PNG, JPEG, WebP, BMP or PPM file; this is a GIF: save it as PNG",
    )


def test_headers_that_are_given_twice_are_one_list(client: TestClient) -> None:
    headers = [("content-type", "image/png"), ("accept", "text/html"), ("accept", "text/csv")]
    answer = client.post("/invocations", content=IMAGE, headers=headers)
    assert answer.headers["content-type"] == "text/csv"


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


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    before = signwatch.log.count(EVERYTHING)
    answer = client.post("/invocations", content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (200, 400, 413, 415)
    if answer.status_code != 200:
        assert answer.json()["message"]
        assert signwatch.log.count(EVERYTHING) == before


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


def test_an_unknown_endpoint_is_no_new_one(client: TestClient, signwatch: Services) -> None:
    answer = client.post("/endpoints/signwacht/invocations", content=IMAGE, headers=PNG)
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "ValidationError"
    assert answer.json() == {
        "message": "there is no endpoint signwacht; known: signwatch. SIGNWATCH_ENDPOINTS names "
        "further ones",
        "error": "NotFound",
    }
    assert captures(signwatch) == []
    assert b"signwacht" not in client.get("/metrics").content


def test_an_endpoint_of_the_log_is_served(client: TestClient, signwatch: Services) -> None:
    image = make_image()
    signwatch.log.append([make_capture(image, endpoint="vans")], [image])
    answer = client.post("/endpoints/vans/invocations", content=IMAGE, headers=PNG)
    assert answer.status_code == 200


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
    signwatch.inference.endpoints.add("cars")
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
        runtime.invoke_endpoint(EndpointName="signwatch", ContentType="image/png", Body=b"GIF89a")
    assert caught.value.response["Error"] == {
        "Message": "expected a PNG, JPEG, WebP, BMP or PPM file; this is a GIF: save it as PNG",
        "Code": "ValidationError",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 415
    assert captures(signwatch) == []


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


def test_a_retry_is_captured_once_and_answered_as_before(
    client: TestClient, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though another model may serve by then."""
    headers = PNG | {"Accept": VERBOSE, "X-Amzn-SageMaker-Inference-Id": "r-1"}
    first = client.post("/invocations", content=IMAGE, headers=headers)
    predict = signwatch._predictor.predict_prepared
    monkeypatch.setattr(
        signwatch._predictor,
        "predict_prepared",
        lambda batch: [
            replace(each, class_id=42 - each.class_id, confidence=0.5) for each in predict(batch)
        ],
    )
    again = client.post("/invocations", content=IMAGE, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(captures(signwatch)) == 1
    assert samples(client)['signwatch_captures_total{endpoint="signwatch"}'] == 1
    other = client.post(
        "/invocations", content=IMAGE, headers=headers | {"X-Amzn-SageMaker-Inference-Id": "r-2"}
    )
    assert other.json() != first.json()
    assert len(captures(signwatch)) == 2


def test_a_log_whose_file_is_gone_is_no_healthy_one(
    client: TestClient, signwatch: Services
) -> None:
    path = signwatch.settings.store_path
    path.rename(path.with_name("away"))
    for answer in (client.get("/ping"), client.post("/invocations", content=IMAGE, headers=PNG)):
        assert answer.status_code == 503
        assert "its file was deleted or replaced while it was open" in answer.json()["message"]
    path.with_name("away").rename(path)
    assert client.get("/ping").json() == {"status": "ok"}
    assert client.post("/invocations", content=IMAGE, headers=PNG).status_code == 200
