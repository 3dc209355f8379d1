"""What every route does alike: bodies up to a limit, clients that hang up."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from core.endpoint.guard import error_response, read_body
from core.errors import (
    BadInput,
    Forbidden,
    NotFound,
    SignwatchError,
    Unauthorized,
    Unavailable,
)
from core.services import Services
from tests.support.endpoint import IMAGE, PNG, Refusals, captures


@pytest.fixture
def limited(environment: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Refusals:
    """Bodies of 1,000 bytes at most."""
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "1000")
    return Refusals(request.getfixturevalue("client"), request.getfixturevalue("signwatch"))


TOO_LONG = "the body is longer than 1,000 bytes (SIGNWATCH_MAX_BODY_BYTES)"


@pytest.mark.parametrize(
    "path", ["/invocations", "/endpoints/signwatch/invocations", "/api/references"]
)
def test_a_body_over_the_limit_is_refused(limited: Refusals, path: str) -> None:
    limited.expect(413, "TooLarge", TOO_LONG, path=path, content=bytes(1001), headers=PNG)
    for digits in (21, 5000):
        announced = PNG | {"Content-Length": "9" * digits}
        limited.expect(413, "TooLarge", TOO_LONG, path=path, content=IMAGE, headers=announced)

    def parts() -> Iterator[bytes]:
        yield from (bytes(400) for _ in range(3))

    limited.expect(413, "TooLarge", TOO_LONG, path=path, content=parts(), headers=PNG)
    assert len(IMAGE) <= 1000
    assert limited.client.post(path, content=IMAGE, headers=PNG).is_success


def test_a_body_of_exactly_the_limit_is_read() -> None:
    for announced in ([], [(b"content-length", b"4")]):
        parts = iter([b"ab", b"cd"])

        async def receive(parts: Iterator[bytes] = parts) -> Any:
            part = next(parts)
            return {"type": "http.request", "body": part, "more_body": part == b"ab"}

        request = Request({"type": "http", "method": "POST", "headers": announced}, receive)
        assert asyncio.run(read_body(request, 4)) == b"abcd"


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (BadInput("so"), {"x-amzn-errortype": "ValidationError"}),
        (NotFound("so"), {"x-amzn-errortype": "ValidationError"}),
        (
            Unauthorized("so"),
            {"x-amzn-errortype": "UnrecognizedClientException", "www-authenticate": "Bearer"},
        ),
        (Forbidden("so"), {"x-amzn-errortype": "AccessDeniedException"}),
        (SignwatchError("so"), {"x-amzn-errortype": "ModelError"}),
        (Unavailable("so"), {"x-amzn-errortype": "ModelError", "retry-after": "1"}),
    ],
)
def test_an_error_is_answered_with_its_headers(
    error: SignwatchError, headers: dict[str, str]
) -> None:
    answer = error_response(error)
    own = {name: value for name, value in answer.headers.items() if "content" not in name}
    assert (answer.status_code, own) == (error.status, headers)
    assert json.loads(answer.body) == {"message": "so", "error": type(error).__name__}
    named = error_response(error, "ResourceNotFound")
    assert named.headers["x-amzn-errortype"] == "ResourceNotFound"
    assert json.loads(named.body)["__type"] == "ResourceNotFound"


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


def test_what_should_not_happen_is_json_with_an_id_that_the_log_names(
    client: TestClient,
    signwatch: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> bytes:
        raise ZeroDivisionError("a secret of the program")

    monkeypatch.setattr(signwatch.metrics, "render", broken)
    answer = client.get("/metrics")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (500, "InternalFailure")
    incident = answer.json()["id"]
    assert answer.json() == {
        "message": f"the program failed; its log has the details under the id {incident}",
        "error": "InternalError",
        "id": incident,
    }
    (record,) = caplog.records
    assert record.getMessage() == f"GET /metrics failed, incident {incident}"
    assert record.exc_info[0] is ZeroDivisionError


def test_a_prediction_that_fails_is_counted(
    client: TestClient, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("core.endpoint.inference.render_answer", broken)
    assert client.post("/invocations", content=IMAGE, headers=PNG).status_code == 500
    counted = 'signwatch_requests_total{endpoint="signwatch",status="500"} 1.0'
    assert counted in client.get("/metrics").text


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
