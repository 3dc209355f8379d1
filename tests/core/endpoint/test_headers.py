"""The headers that every answer carries."""

import pytest

from core.endpoint.headers import SECURITY
from core.services import Services
from tests.conftest import TestClient
from tests.core.endpoint.conftest import behind


@pytest.fixture
def door(signwatch: Services) -> TestClient:
    return behind()


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", "/", "localhost"),
        ("GET", "/ping", "localhost"),
        ("GET", "/nope", "localhost"),
        ("PUT", "/ping", "localhost"),
        ("GET", "/", "evil.example"),
        ("POST", "/invocations", "localhost"),
    ],
)
def test_every_answer_carries_the_headers(
    door: TestClient, method: str, path: str, host: str
) -> None:
    answer = door.request(method, path, headers={"host": host})
    assert SECURITY.items() <= dict(answer.headers).items()


def test_an_error_of_the_program_is_answered_too(signwatch: Services) -> None:
    answer = behind().get("/auth/login")
    assert (answer.status_code, answer.json()["error"]) == (500, "InternalError")
    assert answer.json()["id"] in answer.json()["message"]
    assert SECURITY.items() <= dict(answer.headers).items()


def test_the_policy_leaves_foreign_hosts_out() -> None:
    policy = SECURITY["content-security-policy"]
    sources = {source for part in policy.split("; ") for source in part.split()[1:]}
    assert {each for each in sources if not each.startswith("'")} == {"data:", "blob:"}
    assert "'unsafe-eval'" not in sources
    assert "script-src 'self' blob: 'wasm-unsafe-eval' 'sha256-" in policy
    assert "frame-ancestors 'self'" in policy
