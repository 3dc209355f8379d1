"""Whatever comes over HTTP is answered, and never with 500."""

import json
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import invocations
from core.errors import SignwatchError
from core.images import ImageLimits
from core.invocations import CONTENT_TYPES, RequestLimits
from tests.conftest import TestClient
from tests.core.test_invocations import as_json
from tests.support.capture_lines import FILE, predicted
from tests.support.fuzzing import ODD_TEXTS, damaged_bytes, damaged_json
from tests.support.images import BAD, GOOD, blocks, saved
from tests.support.npy import BAD_ARRAYS, npy

LIMITS = RequestLimits(image=ImageLimits(max_pixels=100_000))
PNG = saved(blocks(), "PNG")
pytestmark = pytest.mark.filterwarnings("ignore")  # of numpy and Pillow, about damaged content

image_files = st.sampled_from(
    [PNG, *(file.content for file in (*GOOD, *BAD) if len(file.content) < 50_000)]
)
arrays = st.sampled_from(
    [npy(blocks()), npy(np.stack([blocks(), blocks(1)])), *(each.content for each in BAD_ARRAYS)]
)
documents = st.sampled_from(
    [json.loads(as_json(PNG)), json.loads(as_json(PNG, PNG)), {"images": []}]
)
bodies = st.one_of(
    damaged_bytes(image_files),
    damaged_bytes(arrays),
    damaged_json(documents),
    damaged_bytes(st.just(as_json(PNG))),
    st.binary(max_size=40),
)
content_types = st.one_of(
    st.sampled_from(CONTENT_TYPES),
    st.sampled_from(CONTENT_TYPES),
    st.sampled_from(["", ";", "application/json;charset=\xff", "IMAGE/PNG", "a" * 9000]),
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "accept",
            "x-amzn-sagemaker-inference-id",
            "x-amzn-sagemaker-custom-attributes",
            "authorization",
            "host",
            "origin",
            "content-length",
            "expect",
            "x-odd",
        ]
    ),
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [
                b"*/*",
                b"application/json;verbose=true",
                b"text/csv, */*;q=0",
                b"-1",
                b"label=" + b"9" * 900,
                b"a" * 2000,
                b"9" * 30,
                b"Bearer x",
            ]
        ),
    ),
    max_size=3,
)
texts = st.one_of(st.text(max_size=20), ODD_TEXTS)


@settings(max_examples=3000)
@given(bodies, content_types)
def test_every_body_is_images_or_refused(body: bytes, content_type: str) -> None:
    try:
        images = invocations.parse_request(body, content_type, LIMITS)
    except SignwatchError as error:
        assert 400 <= error.status < 500
        assert str(error)
        return
    assert images
    assert all(image.pixels.shape[2] == 3 for image in images)


@settings(max_examples=500)
@given(st.one_of(st.none(), texts), texts)
def test_every_accept_is_a_type_or_refused(accept: str | None, content_type: str) -> None:
    try:
        chosen = invocations.choose_answer_type(accept, content_type)
    except SignwatchError as error:
        assert error.status == 415
        return
    assert chosen in (
        "application/json",
        "application/json;verbose=true",
        "application/x-npy",
        "text/csv",
    )


@pytest.fixture
def quick(client: TestClient) -> TestClient:
    """The HTTP interface; what is not caught there fails the test."""
    return client


QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(QUICK, max_examples=500)
@given(bodies, content_types, headers, st.one_of(st.none(), texts))
def test_no_invocation_ends_with_500(
    quick: TestClient, body: bytes, content_type: str, given: dict[str, bytes], name: str | None
) -> None:
    path = "/invocations"
    if name is not None:
        path = f"/endpoints/{quote(name.encode('utf-8', 'replace'), safe='')}/invocations"
    answer = quick.post(
        path, content=body, headers={**given, "content-type": content_type.encode("latin-1")}
    )
    assert answer.status_code < 500 or answer.status_code == 503
    assert answer.status_code < 400 or answer.content


options = damaged_json(
    st.sampled_from(
        [
            {
                "since": "2022-02-14T17:00:00Z",
                "until": "2022-02-14T18:00:00Z",
                "endpoint": "a",
                "threshold": 0.5,
            },
            {"threshold": 1},
            {},
        ]
    )
)


@settings(QUICK, max_examples=300)
@given(st.one_of(options, st.binary(max_size=30)))
def test_no_order_to_the_monitor_ends_with_500(quick: TestClient, body: bytes) -> None:
    assert quick.post("/api/monitor/run", content=body).status_code < 500


def frame(line: bytes) -> bytes:
    header = {"path": FILE, "offset": 0, "line": 1, "sha256": "", "skipped": 0, "bytes": len(line)}
    return json.dumps(header).encode() + b"\n" + line


@settings(QUICK, max_examples=300)
@given(
    st.one_of(
        damaged_bytes(st.just(frame(json.dumps(predicted(0, 14)).encode()))),
        damaged_json(st.just(predicted(0, 14))).map(frame),
        st.binary(max_size=40),
    )
)
def test_no_import_ends_with_500(quick: TestClient, body: bytes) -> None:
    assert quick.post("/api/captures/import", content=body).status_code < 500


@settings(QUICK, max_examples=300)
@given(st.dictionaries(st.sampled_from(["since", "until", "endpoint"]), texts))
def test_no_export_ends_with_500(quick: TestClient, asked: dict[str, str]) -> None:
    shown = {name: text.encode("utf-8", "replace") for name, text in asked.items()}
    assert quick.get("/api/captures/export", params=shown).status_code < 500
