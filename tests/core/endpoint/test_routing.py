"""Every path says which methods it takes."""

import re

import pytest

from core.endpoint import ROUTES
from tests.conftest import TestClient

OURS = sorted({route.path for route in ROUTES} - {"/"})  # at "/" the pages answer as well


@pytest.mark.parametrize("path", OURS)
def test_options_and_405_name_all_methods_of_a_path(client: TestClient, path: str) -> None:
    expected = {"OPTIONS"}.union(*(route.methods or () for route in ROUTES if route.path == path))
    asked = re.sub(r"\{\w+\}", "any", path)
    options = client.options(asked)
    assert (options.status_code, options.content) == (204, b"")
    assert set(options.headers["allow"].split(", ")) == expected
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "WEIRD"} - expected:
        refused = client.request(method, asked)
        assert refused.status_code == 405
        assert refused.headers["allow"] == options.headers["allow"]
        assert refused.json() == {
            "message": f"{asked} takes {options.headers['allow']}, got {method}",
            "error": "NotAllowed",
        }


def test_a_path_of_several_routes_reaches_each(client: TestClient) -> None:
    assert client.get("/api/baselines").json() == {"in_force": None, "baselines": []}
    assert client.post("/api/baselines", json={}).status_code == 400
    assert client.options("/api/baselines").headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_a_head_has_the_headers_of_the_get(client: TestClient) -> None:
    for path in ("/ping", "/metrics", "/api/baselines", "/api/openapi.json"):
        got, head = client.get(path), client.head(path)
        assert head.status_code == 200
        assert head.headers["content-type"] == got.headers["content-type"]
