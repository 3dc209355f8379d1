"""Silent connections are closed, on real sockets and with both parsers that uvicorn has."""

import asyncio
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import repeat
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from core.endpoint import connections
from core.endpoint.connections import (
    Connections,
    Patience,
    Stage,
    Watched,
    WatchedServer,
    patience,
    raise_descriptors,
    watched,
)
from tests.support.waiting import LONGEST, until

SHORT = Patience(head=0.05, idle=0.05, silence=0.05, rate=1e9, look=0.01)
LONG = Patience(head=LONGEST, idle=LONGEST, silence=LONGEST, look=0.01)
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\n"
TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\n"
REQUEST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n"
PARSERS = ["h11_impl:H11Protocol", "httptools_impl:HttpToolsProtocol"]


async def echo(request: Request) -> Response:
    return Response(await request.body())


async def endless(request: Request) -> Response:
    return StreamingResponse(repeat(bytes(1_000_000)))


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())


ROUTES = [
    Route("/", echo, methods=["POST"]),
    Route("/endless", endless),
    WebSocketRoute("/talk", talk),
]


def protocol(parser: str) -> Any:
    module, name = parser.split(":")
    return getattr(import_module(f"uvicorn.protocols.http.{module}"), name)


@contextmanager
def running(config: uvicorn.Config) -> Iterator[tuple[str, int]]:
    """Its address; what is still open at the end is cut off."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.force_exit = server.should_exit = True
            thread.join()


@pytest.fixture(params=PARSERS)
def serve(request: pytest.FixtureRequest) -> Any:
    """A server that grants its connections so much patience: address, connections."""

    @contextmanager
    def with_patience(granted: Patience) -> Iterator[tuple[tuple[str, int], Connections]]:
        kind: Any = watched(protocol(request.param), granted)
        config = uvicorn.Config(
            Starlette(routes=ROUTES), http=kind, log_level="critical", lifespan="off"
        )
        with running(config) as address:
            yield address, kind.watch

    return with_patience


def opened(address: tuple[str, int], content: bytes = b"") -> socket.socket:
    client = socket.create_connection(address, timeout=LONGEST)
    client.sendall(content)
    return client


def rest(client: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    with client:
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize(
    "sent", [b"P", b"POST / HTTP/1.1\r\nhost: a\r\nx", REQUEST, REQUEST + b"a"]
)
def test_half_a_request_is_answered_with_408(serve: Any, sent: bytes) -> None:
    with serve(SHORT) as (address, kept):
        answer = rest(opened(address, sent))
        assert answer.startswith(TOO_LATE)
        assert b"connection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\nthe request did not arrive in time")
        until(lambda: not kept._all and not kept._of, "it is forgotten")


def test_who_never_asks_is_answered_too(serve: Any) -> None:
    with serve(SHORT) as (address, _):
        assert rest(opened(address)).startswith(TOO_LATE)


def test_between_two_requests_a_connection_is_closed_without_a_word(serve: Any) -> None:
    with serve(SHORT) as (address, _):
        answer = rest(opened(address, REQUEST + b"abc"))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\nabc")


def test_the_rest_of_a_refused_body_is_not_waited_for(serve: Any) -> None:
    """The answer stands; what is left of the body may not keep the connection."""
    refused = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 9999\r\n\r\nabc"
    with serve(SHORT) as (address, _):
        assert rest(opened(address, refused)).startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")


def test_an_answer_that_is_not_read_is_broken_off(serve: Any) -> None:
    with serve(SHORT) as (address, kept):
        client = opened(address, b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n")
        until(lambda: kept._all, "it is answered")
        until(lambda: not kept._all, "it is given up")
        client.close()


def test_a_websocket_keeps_its_own_time(serve: Any) -> None:
    with serve(LONG) as (address, kept), connect(f"ws://127.0.0.1:{address[1]}/talk") as client:
        assert not kept._all
        client.send("so")
        assert client.recv() == "so"


@pytest.mark.parametrize("limit", ["of_one_client", "most"])
def test_the_longest_silent_makes_room(serve: Any, limit: str) -> None:
    limits = {"most": 99, "of_one_client": 99} | {limit: 3}
    with serve(replace(LONG, **limits)) as (address, kept):
        silent = []
        for count, content in enumerate([b"", b"POST", REQUEST]):
            silent.append(opened(address, content))
            until(lambda count=count: len(kept._all) == count + 1, "it is connected")
            until(lambda content=content: heard(kept) == WAITS_FOR[content], "it is heard")
        silent[0].sendall(b"P")  # it is no longer the one that was silent for longest
        until(lambda: heard(kept) == (Stage.HEAD, 1), "it is heard")
        new = opened(address, REQUEST + b"abc")
        assert rest(silent[1]).startswith(TOO_MANY)
        assert new.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        assert len(kept._all) == 3
        for client in (silent[0], silent[2], new):
            client.close()
        until(lambda: not kept._all and not kept._of, "all are forgotten")


WAITS_FOR = {b"": (Stage.HEAD, 0), b"POST": (Stage.HEAD, 4), REQUEST: (Stage.BODY, 0)}


def heard(kept: Connections) -> tuple[Stage, int]:
    """What the last one that was heard waits for, and how much of it has come."""
    last = next(reversed(kept._all))
    return last.stage(), last._arrived


class Connection(Watched):
    """Of a client that has its answer coming, or not."""

    def __init__(self, stage: Stage, server_state: Any) -> None:
        self.host, self.server_state, self._stage = "a", server_state, stage
        self.closed: Any = None

    def stage(self) -> Stage:
        return self._stage

    def close_with(self, answer: tuple[str, str]) -> None:
        self.closed = answer


def test_who_has_an_answer_coming_is_not_closed() -> None:
    kept = Connections(Patience(most=9, of_one_client=2))
    state = uvicorn.server.ServerState()
    busy = [Connection(Stage.ANSWER, state) for _ in range(2)]
    new = Connection(Stage.HEAD, state)
    for each in (*busy, new):
        kept.join(each)
    assert [each.closed for each in (*busy, new)] == [None, None, connections.FULL]


class Clock:
    """A loop whose time is set, and whose timers are called by the test."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def call_later(self, _: float, callback: Any) -> Any:
        self.timer = callback
        return type("Handle", (), {"cancel": staticmethod(lambda: None)})


class Wire:
    """A transport with so much in its buffer."""

    unread, closed = 0, False

    def get_write_buffer_size(self) -> int:
        return self.unread

    def get_protocol(self) -> Any:
        return self.protocol

    def write(self, content: bytes) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    abort = close


class Parser(asyncio.Protocol):
    """What uvicorn's protocols have in common, as far as it matters."""

    client = ("a", 1)
    cycle: Any = None
    server_state = uvicorn.server.ServerState()

    def __init__(self) -> None:
        self.loop = Clock()
        self.flow = type("Flow", (), {"write_paused": False, "read_paused": False})()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.protocol = self

    def data_received(self, data: bytes) -> None:
        pass

    def on_response_complete(self) -> None:
        pass


@pytest.fixture
def connection() -> Any:
    granted = Patience(head=20, idle=75, silence=20, rate=1000, most=9, of_one_client=9)
    made: Any = watched(Parser, granted)()
    made.connection_made(Wire())
    return made


def lasts_until(connection: Any, seconds: float) -> None:
    """It is open one second before, and closed then."""
    began = connection.loop.now
    for at, closed in (seconds - 1, False), (seconds, True):
        connection.loop.now = began + at
        connection.loop.timer()
        assert connection.transport.closed is closed


def cycle(**state: bool) -> Any:
    fresh = {"response_complete": False, "response_started": False, "more_body": True}
    return type("Cycle", (), fresh | state)


def test_a_head_has_its_time_however_much_of_it_comes(connection: Any) -> None:
    connection.loop.now = 15
    connection.data_received(bytes(5000))
    connection.loop.now = 0
    lasts_until(connection, 20)


def test_between_two_requests_it_may_be_silent_for_longer(connection: Any) -> None:
    connection.cycle = cycle(response_complete=True, more_body=False)
    connection.on_response_complete()
    lasts_until(connection, 75)


def test_the_next_head_has_its_time_from_its_first_byte_on(connection: Any) -> None:
    connection.cycle = cycle(response_complete=True, more_body=False)
    connection.on_response_complete()
    connection.loop.now = 70
    connection.data_received(b"P")
    connection.loop.now = 80
    connection.data_received(b"O")
    connection.loop.now = 70
    lasts_until(connection, 20)


def test_what_is_left_of_a_refused_body_is_no_silence_between_two_requests(connection: Any) -> None:
    connection.cycle = cycle(response_complete=True)
    connection.on_response_complete()
    lasts_until(connection, 20)


def test_a_body_has_as_much_more_as_it_is_long(connection: Any) -> None:
    connection.cycle = cycle()
    connection.data_received(b"the head")
    connection.data_received(bytes(40_000))
    lasts_until(connection, 60)


def test_an_answer_has_as_much_more_as_is_read_of_it(connection: Any) -> None:
    connection.flow.write_paused = True
    connection.transport.unread = 100_000
    connection.loop.timer()
    connection.transport.unread = 70_000
    lasts_until(connection, 50)


@pytest.mark.parametrize(
    ("state", "flow"), [({"more_body": False}, {}), ({}, {"read_paused": True})]
)
def test_what_we_are_slow_with_is_not_held_against_a_client(
    connection: Any, state: dict[str, bool], flow: dict[str, bool]
) -> None:
    connection.cycle = cycle(**state)
    vars(connection.flow).update(flow)
    connection.loop.now = 10_000
    connection.loop.timer()
    connection.loop.now = 20_000
    connection.loop.timer()
    assert not connection.transport.closed


def test_uvicorn_learns_of_it_at_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "patience", lambda: SHORT)
    app = Starlette(routes=ROUTES, middleware=[Middleware(WatchedServer)])
    config = uvicorn.Config(app, log_level="critical", lifespan="on", ws="none")
    with running(config) as address:
        assert rest(opened(address, b"POST")).startswith(TOO_LATE)
    assert config.timeout_keep_alive == SHORT.idle


@pytest.mark.parametrize(
    ("limits", "asked", "most", "of_one_client"),
    [
        ((1024, 524_288), (65_536, 524_288), 65_280, 4096),
        ((1024, 4096), (4096, 4096), 3840, 1920),
        ((256, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY), 65_280, 4096),
        ((100_000, 524_288), None, 65_280, 4096),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None, 65_280, 4096),
        ((300, 300), None, 150, 75),
    ],
)
def test_as_many_connections_as_there_are_descriptors_for(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    asked: tuple[int, int] | None,
    most: int,
    of_one_client: int,
) -> None:
    set_to: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: set_to.append(limit))
    granted = patience()
    assert (granted.most, granted.of_one_client) == (most, of_one_client)
    assert set_to == ([] if asked is None else [asked])


def test_a_limit_that_cannot_be_raised_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_descriptors() == 256
