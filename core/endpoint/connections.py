"""Connections that are silent: how long each may be, and how many there may be of them.

uvicorn waits for ever for the end of a head, and for a client that does not read its answer. What
stands here is mixed into its protocol, whichever parser it uses.
"""

from __future__ import annotations

import asyncio
import resource
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

MOST_DESCRIPTORS = 65_536
SPARE_DESCRIPTORS = 256  # files of the log, threads, what libraries open
MOST_OF_ONE_CLIENT = 4096
TIMEOUT = "408 Request Timeout", "the request did not arrive in time"
FULL = "503 Service Unavailable", "too many connections are open; come again later"


@dataclass(frozen=True)
class Patience:
    """Seconds and bytes a second that a connection is granted; connections that there may be."""

    head: float = 60.0  # from the connection on, or else from its first byte
    idle: float = 75.0  # between requests
    silence: float = 30.0  # of a body, before its rate counts; of an answer that is not read
    rate: float = 1000.0
    look: float = 5.0  # how often a connection is looked at
    most: int = 768
    of_one_client: int = 384


class Stage(Enum):
    """What a connection waits for."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()  # ours: the client may take its time
    READER = auto()


class Connections:
    """The connections of one server; where there are too many, the longest silent is closed."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._all: OrderedDict[Watched, None] = OrderedDict()  # who was heard last stands last
        self._of: defaultdict[str, OrderedDict[Watched, None]] = defaultdict(OrderedDict)

    def join(self, connection: Watched) -> None:
        """Take one more; where that is too many, close the one that has been silent for longest.

        That is the new one itself, where all others have their answer coming.
        """
        own = self._of[connection.host]
        self._all[connection] = own[connection] = None
        if len(own) > self.patience.of_one_client:
            _longest_silent(own).close_with(FULL)
        elif len(connection.server_state.connections) > self.patience.most:
            _longest_silent(self._all).close_with(FULL)

    def heard(self, connection: Watched) -> None:
        """Note that it sent something."""
        if connection in self._all:
            self._all.move_to_end(connection)
            self._of[connection.host].move_to_end(connection)

    def leave(self, connection: Watched) -> None:
        """Forget one that is closed or has become a websocket."""
        self._all.pop(connection, None)
        own = self._of[connection.host]
        own.pop(connection, None)
        if not own:
            del self._of[connection.host]


def _longest_silent(connections: Iterable[Watched]) -> Watched:
    return next(each for each in connections if each.stage() is not Stage.ANSWER)


class Watched(asyncio.Protocol):
    """Mixed into uvicorn's protocol of one connection."""

    watch: Connections
    host = ""
    # of uvicorn
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    flow: Any
    cycle: Any
    server_state: Any
    client: tuple[str, int] | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        self._at = Stage.HEAD
        self._begin()
        self._timer = self.loop.call_later(self.watch.patience.look, self._look)
        self.watch.join(self)

    def data_received(self, data: bytes) -> None:
        """Count what comes."""
        if self._idle():
            self._begin()
        self._arrived += len(data)
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # it is a websocket now
            self._end()
        else:
            self.watch.heard(self)
            self._note()

    def on_response_complete(self) -> None:
        """Begin to wait for the next head."""
        super().on_response_complete()  # type: ignore[misc]
        self._begin()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(error)
        self._end()

    def stage(self) -> Stage:
        """What the connection waits for."""
        if self.flow.write_paused:
            return Stage.READER
        if self.cycle is None or self.cycle.response_complete:
            return Stage.HEAD
        # Where reading is paused, it is not the client that is slow.
        return Stage.BODY if self.cycle.more_body and not self.flow.read_paused else Stage.ANSWER

    def close_with(self, answer: tuple[str, str]) -> None:
        """Close it, with an answer where the client waits for one."""
        self._end()
        status, message = answer
        started = self.cycle is not None and self.cycle.response_started
        if self.stage() is Stage.READER or (started and not self.cycle.response_complete):
            self.transport.abort()
            return
        idle = self.stage() is Stage.HEAD and self.cycle is not None and not self._arrived
        if not idle:
            head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\nconnection: close\r\n"
            length = f"content-length: {len(message)}\r\nretry-after: 1\r\n\r\n"
            self.transport.write((head + length + message).encode())
        self.transport.close()

    def _begin(self) -> None:
        self._since, self._arrived = self.loop.time(), 0
        self._unread = self.transport.get_write_buffer_size()

    def _note(self) -> Stage:
        """The stage; one that is new begins now."""
        stage = self.stage()
        if stage is not self._at:
            self._at = stage
            self._begin()
        return stage

    def _look(self) -> None:
        patience, stage = self.watch.patience, self._note()
        allowed = {
            Stage.HEAD: patience.idle if self._idle() else patience.head,
            Stage.BODY: patience.silence + self._arrived / patience.rate,
            Stage.READER: patience.silence + self._read() / patience.rate,
        }.get(stage, float("inf"))
        if self.loop.time() - self._since >= allowed:
            self.close_with(TIMEOUT)
        else:
            self._timer = self.loop.call_later(patience.look, self._look)

    def _idle(self) -> bool:
        """Whether a request is over, and nothing of another one has come."""
        cycle = self.cycle
        return (
            cycle is not None
            and self.stage() is Stage.HEAD
            and not (cycle.more_body or self._arrived)
        )

    def _read(self) -> int:
        """Bytes of the answer that the client has taken."""
        return self._unread - self.transport.get_write_buffer_size()

    def _end(self) -> None:
        self._timer.cancel()
        self.watch.leave(self)


class WatchedServer:
    """ASGI middleware: at the start, tells the uvicorn that runs the program to watch connections.

    Streamlit starts uvicorn and passes no such option on; uvicorn's own lifespan knows its
    configuration. Another server keeps its own limits.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "lifespan":
            config = getattr(getattr(receive, "__self__", None), "config", None)
            if config is not None:
                granted = patience()
                config.timeout_keep_alive = granted.idle
                config.http_protocol_class = watched(config.http_protocol_class, granted)
        await self._app(scope, receive, send)


def watched(protocol: type[asyncio.Protocol], granted: Patience) -> type[asyncio.Protocol]:
    """uvicorn's protocol, whose connections are watched."""
    return type("WatchedProtocol", (Watched, protocol), {"watch": Connections(granted)})


def patience() -> Patience:
    """As many connections as there are descriptors for; all that may be had are asked for first."""
    descriptors = raise_descriptors()
    most = max(descriptors - SPARE_DESCRIPTORS, descriptors // 2)
    return Patience(most=most, of_one_client=min(MOST_OF_ONE_CLIENT, most // 2))


def raise_descriptors() -> int:
    """Raise the limit of open files as far as this process may; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(each for each in (hard, MOST_DESCRIPTORS) if each != resource.RLIM_INFINITY)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return most
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ValueError, OSError):  # macOS allows less than it names
        return soft
    return most
