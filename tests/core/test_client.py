"""The address of the running dashboard: left, found, removed; and calls to it."""

import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import client
from core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    SignwatchError,
    TooLarge,
    TooSlow,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)
from core.services import Services
from tests.support.expect import raises
from tests.support.images import blocks, saved


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501"),
        ("signwatch.example.org", "http://signwatch.example.org:8501"),
        (None, "http://127.0.0.1:8501"),
        ("0.0.0.0", "http://127.0.0.1:8501"),
        ("::", "http://127.0.0.1:8501"),
    ],
)
def test_a_server_on_all_addresses_is_reached_on_this_machines_own(
    address: str | None, url: str
) -> None:
    assert client.url_of(address, 8501) == url


def test_a_running_dashboard_is_found(server: str, tmp_path: Path) -> None:
    local = tmp_path / "not" / "there" / "yet"
    client.leave_address(local, server)
    assert json.loads((local / "address.json").read_text()) == {"url": server, "pid": os.getpid()}
    assert client.find(local) == server


def test_a_dashboard_in_trouble_is_found_all_the_same(dashboard: str, signwatch: Services) -> None:
    signwatch.log.close()
    assert httpx.get(f"{dashboard}/ping").status_code == 503
    assert client.find(signwatch.settings.local) == dashboard


def test_where_none_was_left_none_is_found(tmp_path: Path) -> None:
    assert client.find(tmp_path) is None
    assert client.find(tmp_path / "missing") is None


def test_a_dashboard_that_is_gone_is_not_found(tmp_path: Path) -> None:
    client.leave_address(tmp_path, f"http://127.0.0.1:{closed_port()}")
    assert client.find(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b"\xff\xfe\xfd",
        b'{"url": "nonsense"}',
        b'{"url": "http://a:b"}',
        b'{"url": null}',
    ],
)
def test_a_damaged_address_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "address.json").write_bytes(content)
    assert client.find(tmp_path) is None


def test_the_address_is_removed_by_its_owner(tmp_path: Path) -> None:
    client.leave_address(tmp_path, "http://127.0.0.1:1")
    client.remove_address(tmp_path)
    assert list(tmp_path.iterdir()) == []
    client.remove_address(tmp_path)


@pytest.mark.parametrize("content", ['{"url": "http://127.0.0.1:1", "pid": 1}', "", "[]", "{}"])
def test_what_another_process_has_left_stays(tmp_path: Path, content: str) -> None:
    address = tmp_path / "address.json"
    address.write_text(content)
    client.remove_address(tmp_path)
    assert address.read_text() == content


def test_a_call_brings_back_the_answer(server: str) -> None:
    document = client.post(server, "/api/monitor/run", {"threshold": 0.25})
    assert (document["status"], document["threshold"]) == ("Failed", 0.25)
    assert client.download(server, "/ping") == b'{"status":"ok"}'


def test_errors_come_back_as_the_class_that_was_raised(server: str, signwatch: Services) -> None:
    with raises(BadInput, "threshold must lie in (0, 1], got 7"):
        client.post(server, "/api/monitor/run", {"threshold": 7})
    with raises(NotFound, "there is nothing at /nowhere"):
        client.download(server, "/nowhere")
    signwatch.log.close()
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        client.post(server, "/api/monitor/run", {})


def test_a_refused_stream_raises_what_was_raised(server: str, signwatch: Services) -> None:
    with raises(BadInput, "expected a time like 2026-02-14T17:00:00Z, got 'x'"):
        list(client.stream(server, "/api/captures/export", {"since": "x"}))
    signwatch.log.close()
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        list(client.stream(server, "/api/captures/export", {}))


def test_every_call_carries_the_token(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_API_TOKEN", "s3cret")
    server: str = request.getfixturevalue("server")
    calls: list[Callable[[], object]] = [
        lambda: client.post(server, "/api/monitor/run", {}),
        lambda: client.read(server, "/api/baselines"),
        lambda: client.download(server, "/metrics"),
        lambda: client.send(server, "/api/references", saved(blocks(), "PNG")),
        lambda: list(client.stream(server, "/api/captures/export", {})),
    ]
    for call in calls:
        call()
    with raises(NotFound, "no drill of that id is in progress"):
        client.delete(server, "/api/drills/one")
    environment.setenv("SIGNWATCH_API_TOKEN", "s3cret-s")
    for call in calls:
        with pytest.raises(Unauthorized):
            call()


def test_bytes_arrive_as_they_were_sent(server: str, signwatch: Services) -> None:
    sent = saved(blocks(2), "PNG")
    sha256 = client.send(server, "/api/references", sent)["sha256"]
    assert sha256 == hashlib.sha256(sent).hexdigest()
    assert signwatch.captures.stored_image(sha256).content == sent


def test_a_dashboard_that_does_not_answer_is_named() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    problem = "the running dashboard does not answer: [Errno 111] Connection refused"
    with raises(Unavailable, problem):
        client.post(url, "/api/monitor/run", {})
    with raises(Unavailable, problem):
        client.download(url, "/api/triage/export")


@pytest.mark.parametrize(
    ("status", "content", "kind", "message"),
    [
        (400, {"json": {"message": "so"}}, BadInput, "so"),
        (401, {"json": {"message": "so"}}, Unauthorized, "so"),
        (403, {"json": {"message": "so"}}, Forbidden, "so"),
        (404, {"json": {"message": "so"}}, NotFound, "so"),
        (408, {"json": {"message": "so"}}, TooSlow, "so"),
        (409, {"json": {"message": "so"}}, Conflict, "so"),
        (413, {"json": {"message": "so"}}, TooLarge, "so"),
        (415, {"json": {"message": "so"}}, UnsupportedMedia, "so"),
        (418, {"json": {"message": "so"}}, BadInput, "so"),
        (503, {"json": {"message": "so"}}, Unavailable, "so"),
        (500, {"json": {"message": "so"}}, Unavailable, "so"),
        (404, {"text": "no"}, NotFound, "http://a/b answered 404: no"),
        (502, {"text": "x" * 300}, Unavailable, "http://a/b answered 502: " + "x" * 200),
        (400, {"json": ["so"]}, BadInput, 'http://a/b answered 400: ["so"]'),
        (400, {"json": {"detail": 1}}, BadInput, 'http://a/b answered 400: {"detail":1}'),
    ],
)
def test_an_answer_carries_its_error(
    status: int, content: dict[str, Any], kind: type[SignwatchError], message: str
) -> None:
    request = httpx.Request("GET", "http://a/b")
    error = client.error_of(httpx.Response(status, request=request, **content))
    assert type(error) is kind
    assert str(error) == message
