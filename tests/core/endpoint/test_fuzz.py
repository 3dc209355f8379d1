"""Whatever comes over HTTP is answered, and never with 500."""

import json
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import invocations
from core.endpoint.control_plane import OPERATIONS
from core.errors import SignwatchError
from core.images import ImageLimits
from core.invocations import CONTENT_TYPES, RequestLimits
from core.services import Services
from tests.conftest import TestClient
from tests.core.test_invocations import as_json
from tests.support.capture_lines import FILE, ground_truth, predicted
from tests.support.fuzzing import ODD_TEXTS, damaged_bytes, damaged_json
from tests.support.images import BAD, GOOD, blocks, saved
from tests.support.npy import BAD_ARRAYS, npy
from tests.support.sagemaker import JOB

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
                b"[",
                b"http://[::1",
            ]
        ),
    ),
    max_size=3,
)
texts = st.one_of(st.text(max_size=20), ODD_TEXTS)


@settings(max_examples=1000)
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


@settings(max_examples=300)
@given(st.one_of(st.none(), texts), texts)
def test_every_accept_is_a_type_or_refused(accept: str | None, content_type: str) -> None:
    try:
        chosen = invocations.choose_answer_type(accept, content_type)
    except SignwatchError as error:
        assert error.status == 406
        return
    assert chosen in (
        "application/json",
        "application/json;verbose=true",
        "application/x-npy",
        "text/csv",
    )


@pytest.fixture
def quick(client: TestClient, signwatch: Services) -> TestClient:
    """The HTTP interface, of an endpoint that is ready; what is not caught there fails the test."""
    signwatch.simulation.drills._address = lambda: "http://127.0.0.1:1"
    return client


QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(QUICK, max_examples=300)
@given(bodies, content_types, headers, st.one_of(st.none(), texts))
def test_every_invocation_is_answered_or_refused(
    quick: TestClient, body: bytes, content_type: str, given: dict[str, bytes], name: str | None
) -> None:
    path = "/invocations"
    if name is not None:
        path = f"/endpoints/{quote(name.encode('utf-8', 'replace'), safe='')}/invocations"
    answer = quick.post(
        path, content=body, headers={**given, "content-type": content_type.encode("latin-1")}
    )
    assert answer.status_code < 500
    assert answer.status_code < 400 or answer.content


HOUR = {"since": "2022-02-14T17:00:00Z", "until": "2022-02-14T18:00:00Z", "endpoint": "a"}
COMMANDS = [
    ("POST", "/api/monitor/run", HOUR | {"threshold": 0.5}),
    ("POST", "/api/baselines", HOUR),
    ("POST", "/api/baselines", {"statistics": "{}", "constraints": "{}", "origin": "a"}),
    ("POST", "/api/drills", {"share": 0.5, "target": 14, "attack": "pgd", "seed": 1}),
    ("POST", "/api/ground-truth", ground_truth(0)),
    (
        "PUT",
        "/api/endpoints/a/data-capture-config",
        {
            "EnableCapture": True,
            "InitialSamplingPercentage": 30,
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "document"), COMMANDS, ids=lambda value: str(value)[:20]
)
def test_every_command_is_done_or_refused(
    quick: TestClient, method: str, path: str, document: dict[str, object]
) -> None:
    @settings(QUICK, max_examples=100)
    @given(st.one_of(damaged_json(st.just(document)), st.binary(max_size=30)))
    def ask(body: bytes) -> None:
        assert quick.request(method, path, content=body).status_code < 500

    ask()


TIMES = {
    "ScheduleExpression": "cron(0 * ? * * *)",
    "DataAnalysisStartTime": "-PT2H",
    "DataAnalysisEndTime": "-PT1H",
}
OF_A_LIST = {
    "EndpointName": "a",
    "StatusEquals": "Completed",
    "NameContains": "a",
    "CreationTimeAfter": 1e9,
    "LastModifiedTimeBefore": 2e9,
    "SortBy": "CreationTime",
    "SortOrder": "Ascending",
    "MaxResults": 3,
    "NextToken": "1",
}
DOCUMENTS = [
    {"MonitoringScheduleName": "a"},
    {"ProcessingJobName": "a"},
    OF_A_LIST,
    {
        "MonitoringScheduleName": "a",
        "MonitoringScheduleConfig": {
            "ScheduleConfig": TIMES,
            "MonitoringJobDefinition": JOB | {"Environment": {"THRESHOLD": "0.9"}},
        },
    },
]


@settings(QUICK, max_examples=400)
@given(st.sampled_from(sorted(OPERATIONS)), damaged_json(st.sampled_from(DOCUMENTS)))
def test_every_operation_is_done_or_refused(quick: TestClient, name: str, body: bytes) -> None:
    answer = quick.post("/", content=body, headers={"X-Amz-Target": f"SageMaker.{name}"})
    assert answer.status_code < 500


def frame(line: bytes) -> bytes:
    header = {"path": FILE, "offset": 0, "line": 1, "sha256": "", "skipped": 0, "bytes": len(line)}
    return json.dumps(header).encode() + b"\n" + line


@settings(QUICK, max_examples=200)
@given(
    st.one_of(
        damaged_bytes(st.just(frame(json.dumps(predicted(0, 14)).encode()))),
        damaged_json(st.just(predicted(0, 14))).map(frame),
        st.binary(max_size=40),
    )
)
def test_every_import_is_done_or_refused(quick: TestClient, body: bytes) -> None:
    assert quick.post("/api/captures/import", content=body).status_code < 500


@settings(QUICK, max_examples=100)
@given(st.dictionaries(st.sampled_from(["since", "until", "endpoint"]), texts))
def test_every_export_is_done_or_refused(quick: TestClient, asked: dict[str, str]) -> None:
    shown = {name: text.encode("utf-8", "replace") for name, text in asked.items()}
    assert quick.get("/api/captures/export", params=shown).status_code < 500
