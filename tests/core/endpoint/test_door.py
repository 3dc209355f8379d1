"""The door: what is there, and for whom."""

import pytest
from starlette.testclient import WebSocketDenialResponse

from core.endpoint import ROUTES
from core.endpoint.headers import SECURITY
from core.services import Services
from tests.conftest import TestClient
from tests.core.endpoint.conftest import behind
from tests.support.door import STREAM, SignIn

UPLOAD = "/_stcore/upload_file/session/file"
EVIL = {"host": "evil.example:8501"}
OTHER_PORT = {"origin": "http://localhost:3000"}


@pytest.fixture
def door(signwatch: Services) -> TestClient:
    return behind()


@pytest.fixture
def with_sign_in(signwatch: Services) -> TestClient:
    return behind(sign_in=SignIn())


# What is there


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/monitor",
        "/monitor/",
        "/static/js/a.js",
        "/media/a.png",
        "/component/a/b",
        "/favicon.png",
        "/_stcore/health",
        "/_stcore/host-config",
        "/oauth2callback",
    ],
)
def test_pages_and_what_they_use_are_answered(door: TestClient, path: str) -> None:
    answer = door.get(path)
    assert (answer.status_code, answer.text) == (200, "streamlit localhost:8501")


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/v2/health/ready",
        "/api/nope",
        "/api",
        "/endpoints/a",
        "/monitors",
        "/_stcore/metrics",
        "/_stcore/agent/mcp",
        "/_stcore/agent/openapi.json",
        "/a-bucket/key",
        "/monitor/_stcore/health",
        "/index.html",
        "/..%2fsecrets",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_what_is_not_there_is_not_found(door: TestClient, path: str, method: str) -> None:
    answer = door.request(method, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] == "NotFound"
    assert answer.json()["message"].startswith("there is nothing at /")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/invocations", "OPTIONS, POST"),
        ("HEAD", "/endpoints/a/invocations", "OPTIONS, POST"),
        ("POST", "/ping", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/baselines", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/monitor", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD, POST"),
        ("POST", "/media/a.png", "GET, HEAD, OPTIONS"),
        ("GET", UPLOAD, "DELETE, OPTIONS, PUT"),
    ],
)
def test_another_method_is_not_allowed(
    door: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = door.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        assert answer.json() == {
            "message": f"{path} takes {allowed}, got {method}",
            "error": "NotAllowed",
        }


def test_a_get_may_ask_for_the_head(door: TestClient) -> None:
    answer = door.head("/ping")
    assert (answer.status_code, answer.content) == (200, b"")


def test_pages_may_lie_under_a_path(signwatch: Services) -> None:
    client = behind(base="/signs")
    for path in ("/signs", "/signs/", "/signs/monitor", "/signs/static/a.js"):
        assert client.get(path).status_code == 200
    for path in ("/signsmonitor", "/signs/nope", "/signs/signs/monitor"):
        assert client.get(path).status_code == 404


# For whom


@pytest.mark.parametrize("path", ["/", "/monitor", "/static/js/a.js", "/media/a.png"])
@pytest.mark.parametrize("headers", [EVIL, OTHER_PORT])
def test_other_names_and_origins_get_nothing(
    door: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = door.get(path, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"] == "Forbidden"
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


@pytest.mark.parametrize("headers", [EVIL, OTHER_PORT])
def test_nothing_is_uploaded_by_other_names_and_origins(
    door: TestClient, headers: dict[str, str]
) -> None:
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert door.request(method, UPLOAD, headers=headers).status_code == 403
        assert door.request(method, UPLOAD).status_code == 200


def test_routes_are_for_this_machine(door: TestClient) -> None:
    assert door.get("/metrics").status_code == 200
    assert door.get("/metrics", headers=EVIL).status_code == 403
    assert door.get("/metrics", headers=OTHER_PORT).status_code == 403
    # A name of ours leads here from elsewhere too: a proxy makes every request look local.
    assert door.get("/metrics", headers={"host": "signwatch.lan"}).status_code == 403


def test_whoever_watches_over_the_server_asks_by_any_name(door: TestClient) -> None:
    for path in ("/ping", "/_stcore/health"):
        assert door.get(path, headers={"host": "10.1.2.3:8501"}).status_code == 200


def test_names_come_from_settings_too(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_URL", "https://signs.example.net/")
    environment.setenv("SIGNWATCH_HOSTS", "10.0.0.7 other.example")
    request.getfixturevalue("signwatch")
    client = behind()
    for host in ("signs.example.net", "10.0.0.7:8501", "other.example", "signwatch.lan:8501"):
        assert client.get("/", headers={"host": host}).status_code == 200
    assert client.get("/", headers={"host": "signs.example.org"}).status_code == 403
    rewritten = {"host": "127.0.0.1:8501", "origin": "https://signs.example.net"}
    assert client.get("/media/a", headers=rewritten).status_code == 200


def open_stream(client: TestClient, path: str = STREAM, **headers: str) -> str:
    with client.websocket_connect(path, headers=headers) as websocket:
        return websocket.receive_text()


def test_the_websocket_is_for_pages_of_ours(door: TestClient) -> None:
    origin = "http://localhost:8501"
    assert open_stream(door, host="localhost:8501", origin=origin) == "localhost:8501"
    assert open_stream(door, host="localhost:8501") == "localhost:8501"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8501", "origin": "http://evil.example:8501"},
        {"host": "evil.example:8501"},
        {"host": "localhost:8501", "origin": "http://localhost:3000"},
        {"host": "localhost:8501", "origin": "http://evil.example"},
        {"host": "localhost:8501", "origin": "null"},
        {"host": "localhost:8501", "sec-fetch-site": "same-site", "sec-fetch-mode": "websocket"},
    ],
)
def test_the_websocket_is_refused_to_others(door: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDenialResponse) as raised:
        open_stream(door, **headers)
    assert raised.value.status_code == 403
    assert SECURITY.items() <= dict(raised.value.headers).items()


def test_there_is_one_websocket(door: TestClient) -> None:
    with pytest.raises(WebSocketDenialResponse) as raised:
        open_stream(door, "/monitor", host="localhost:8501")
    assert raised.value.status_code == 404


def test_streamlit_sees_the_host_that_the_browser_sees(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_URL", "https://signs.example.net")
    request.getfixturevalue("signwatch")
    asked = {"host": "127.0.0.1:8501", "origin": "https://signs.example.net"}
    assert open_stream(behind(), **asked) == "signs.example.net"


# Where pages ask for a sign-in


def test_before_the_sign_in_there_are_no_uploads_and_no_media(with_sign_in: TestClient) -> None:
    for method, path in (("PUT", UPLOAD), ("DELETE", UPLOAD), ("GET", "/media/a.png")):
        answer = with_sign_in.request(method, path)
        assert answer.status_code == 401
        assert answer.json()["message"] == (
            "this is for those who are signed in; open a page to sign in"
        )
        for user in ("eve", "ada"):
            with_sign_in.cookies = {"user": user}
            found = with_sign_in.request(method, path).status_code
            assert found == (200 if user == "ada" else 401)
        with_sign_in.cookies = {}


def test_before_the_sign_in_its_page_is_drawn(with_sign_in: TestClient) -> None:
    for path in ("/", "/static/js/a.js", "/favicon.png"):
        assert with_sign_in.get(path).status_code == 200
    assert open_stream(with_sign_in, host="localhost:8501") == "localhost:8501"


def test_with_a_sign_in_routes_ask_for_a_token(with_sign_in: TestClient) -> None:
    for route in ROUTES:
        for method in route.methods or ():
            path = route.path.replace("{name}", "a").replace("{execution_id}", "a")
            with_sign_in.cookies = {"user": "ada"}
            status = with_sign_in.request(method, path).status_code
            assert status == (200 if path == "/ping" else 401), path


def test_the_address_of_the_sign_in_is_a_name_of_ours(with_sign_in: TestClient) -> None:
    there = {"host": "signs.example.org"}
    assert with_sign_in.get("/", headers=there).status_code == 200
    none = behind(sign_in=SignIn(configured=False))
    assert none.get("/", headers=there).status_code == 403
    assert none.get("/media/a.png").status_code == 200
    assert none.get("/metrics").status_code == 200
