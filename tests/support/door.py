"""The HTTP interface as it is served: behind its door."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from core.endpoint import ROUTES, Door

STREAM = "/_stcore/stream"


def app(**options: Any) -> Starlette:
    """The routes alone, without pages. options: of the door."""
    return Starlette(routes=ROUTES, middleware=[Middleware(Door, ROUTES, **options)])


class SignIn:
    """A sign-in whose cookie is `user=ada`."""

    def __init__(self, *, configured: bool = True) -> None:
        self._configured = configured

    def configured(self) -> bool:
        return self._configured

    def host(self) -> str | None:
        return "signs.example.org"

    def signed_in(self, cookies: Mapping[str, str]) -> bool:
        return cookies.get("user") == "ada"


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    """What lies behind the door, in the place of Streamlit: it answers everything."""
    if scope["path"] == "/auth/login":
        raise RuntimeError("broken")
    request = Request(scope)
    await PlainTextResponse(f"streamlit {request.headers['host']}")(scope, receive, send)


async def stream(websocket: WebSocket) -> None:
    """Says which host it sees."""
    await websocket.accept()
    await websocket.send_text(websocket.headers["host"])
    await websocket.close()


def program(**options: Any) -> Starlette:
    """The routes, and behind the door what answers everything. options: of the door."""
    options = {"pages": ["/", "/monitor"], "hosts": ["signwatch.lan"]} | options
    return Starlette(
        routes=[*ROUTES, WebSocketRoute(STREAM, stream), Mount("/", streamlit)],
        middleware=[Middleware(Door, ROUTES, **options)],
    )
