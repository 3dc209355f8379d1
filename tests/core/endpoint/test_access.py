"""Who is answered: whoever has the token; without one, this machine alone."""

import re
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.applications import Starlette

from core.endpoint import ROUTES
from core.services import Services
from tests.conftest import TestClient
from tests.support.images import blocks, saved

TOKEN = "s3cret/with=signs"
PNG = {"Content-Type": "image/png"}
IMAGE = saved(blocks(), "PNG")


def asking(host: str = "127.0.0.1", name: str = "http://localhost:8501") -> TestClient:
    return TestClient(Starlette(routes=ROUTES), base_url=name, client=(host, 40_000))


def refused(answer: Any, status: int, message: str, error: str) -> None:
    assert answer.json() == {"message": message, "error": error}
    assert answer.status_code == status


@pytest.fixture
def with_token(environment: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Services:
    environment.setenv("SIGNWATCH_API_TOKEN", TOKEN)
    started: Services = request.getfixturevalue("signwatch")
    return started


def test_with_the_token_anybody_is_answered(with_token: Services) -> None:
    headers = PNG | {"Authorization": f"Bearer {TOKEN}"}
    client = asking("203.0.113.9", "http://signs.example.com")
    assert client.post("/invocations", content=IMAGE, headers=headers).status_code == 200


@pytest.mark.parametrize("given", ["Bearer other", "Bearer ", "Bearer s3cret/with=sign\xe9"])
def test_another_token_is_refused(with_token: Services, given: str) -> None:
    answer = asking().post(
        "/invocations", content=IMAGE, headers=PNG | {"Authorization": given.encode("latin1")}
    )
    refused(
        answer,
        401,
        "this endpoint asks for a token (SIGNWATCH_API_TOKEN), and another one came; send it as "
        "`Authorization: Bearer <token>`, or as the AWS access key id",
        "Unauthorized",
    )
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-amzn-errortype"] == "UnrecognizedClientException"


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.path != "/ping"],
    ids=lambda route: f"{min(route.methods)} {route.path}",
)
def test_every_route_but_ping_asks_for_the_token(with_token: Services, route: Any) -> None:
    method, path = (
        min(route.methods - {"HEAD"}),
        re.sub(r"\{\w+\}", "any", route.path),
    )
    answer = asking().request(method, path)
    refused(
        answer,
        401,
        "this endpoint asks for a token (SIGNWATCH_API_TOKEN), and none came; send it as "
        "`Authorization: Bearer <token>`, or as the AWS access key id",
        "Unauthorized",
    )


def test_ping_answers_a_load_balancer(with_token: Services) -> None:
    assert asking("203.0.113.9", "http://10.0.0.1").get("/ping").json() == {"status": "ok"}


def test_a_signed_aws_request_carries_the_token_as_its_access_key(with_token: Services) -> None:
    request = AWSRequest(
        "POST", "http://signs.example.com/invocations", headers=dict(PNG), data=IMAGE
    )
    SigV4Auth(Credentials(TOKEN, "any"), "sagemaker", "us-east-1").add_auth(request)
    answer = asking("203.0.113.9").post(
        "/invocations", content=IMAGE, headers=dict(request.headers)
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["203.0.113.9", "10.0.0.1", "fe80::1", "unix"])
def test_without_a_token_only_this_machine_is_answered(signwatch: Services, host: str) -> None:
    refused(
        asking(host).post("/invocations", content=IMAGE, headers=PNG),
        403,
        f"only requests of this machine are answered, this one came from {host}; set "
        "SIGNWATCH_API_TOKEN to answer others",
        "Forbidden",
    )


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", "http://localhost:8501"),
        ("127.8.8.8", "http://127.0.0.1"),
        ("::1", "http://[::1]:8501"),
        ("127.0.0.1", "http://signs.localhost"),
    ],
)
def test_this_machine_goes_by_many_names(signwatch: Services, host: str, name: str) -> None:
    assert asking(host, name).get("/metrics").status_code == 200


def test_a_name_that_was_made_to_lead_here_is_refused(signwatch: Services) -> None:
    refused(
        asking(name="http://evil.example.com:8501").post("/api/monitor/run"),
        403,
        "without a token only localhost is answered, the request names 'evil.example.com'; set "
        "SIGNWATCH_API_TOKEN to serve under that name",
        "Forbidden",
    )


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null"])
def test_a_page_of_another_site_is_refused(signwatch: Services, origin: str) -> None:
    refused(
        asking().post("/api/monitor/run", headers={"Origin": origin}),
        403,
        f"requests of pages of {origin} are not answered without a token",
        "Forbidden",
    )
    assert signwatch.monitoring.executions(9) == []
    own = asking().post("/api/monitor/run", headers={"Origin": "http://localhost:8501"})
    assert own.status_code == 200
