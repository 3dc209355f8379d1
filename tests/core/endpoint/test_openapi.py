"""The description is that of all routes."""

import json

import jsonschema

from core.endpoint import ROUTES
from core.endpoint.control_plane import LOGS, OPERATIONS
from tests.conftest import TestClient


def test_every_route_is_described(client: TestClient) -> None:
    description = client.get("/api/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    described = {
        (path, method) for path, methods in description["paths"].items() for method in methods
    }
    assert described == {
        (route.path, method.lower())
        for route in ROUTES
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_an_operation_says_what_it_takes_and_gives(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    run = paths["/api/monitor/run"]["post"]
    assert (
        run["summary"]
        == "Run the monitor: `since`, `until`, `endpoint`, `threshold`, all optional."
    )
    schema = run["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate({"threshold": 0.5, "endpoint": None}, schema)
    assert sorted(schema["properties"]) == ["endpoint", "since", "threshold", "until"]
    asked = paths["/endpoints/{name}/invocations"]["post"]
    assert asked["parameters"][0] == {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
    }
    assert set(asked["requestBody"]["content"]) >= {"image/png", "multipart/form-data"}
    assert set(asked["responses"]["200"]["content"]) == {
        "application/json",
        "application/x-npy",
        "text/csv",
    }
    assert set(paths["/api/drills"]["post"]["responses"]) == {"202", "default"}
    (target,) = [each for each in paths["/"]["post"]["parameters"] if each["in"] == "header"]
    assert target["schema"]["enum"] == [*(f"SageMaker.{name}" for name in OPERATIONS), *LOGS]
    query = paths["/api/captures/export"]["get"]["parameters"]
    assert [each["name"] for each in query] == ["since", "until", "endpoint"]


def test_ids_of_operations_are_there_once(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_schema_is_one(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    for methods in paths.values():
        for operation in methods.values():
            for body in operation.get("requestBody", {}).get("content", {}).values():
                jsonschema.Draft202012Validator.check_schema(body["schema"])
            for parameter in operation["parameters"]:
                jsonschema.Draft202012Validator.check_schema(parameter["schema"])
            assert json.dumps(operation)
