"""The one door: every request and websocket, of pages and routes, passes it before it is answered.

It is closed by default. What is no route, no page and no part of Streamlit's that pages use is not
found. Who calls is judged in `access`. What belongs to somebody asks for the session.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from core import services
from core.endpoint.access import Access
from core.endpoint.guard import error_response, unexpected_response
from core.endpoint.headers import secured
from core.endpoint.not_found import not_allowed, not_found
from core.endpoint.return_link import remembering, returning
from core.errors import NotFound, SignwatchError, Unauthorized
from core.records.hosts import origin_of, parse_hosts
from core.settings import Settings

logger = logging.getLogger(__name__)

READ = frozenset({"GET", "HEAD"})
ASKED = READ | {"OPTIONS"}
STREAM = "/_stcore/stream"
CALLBACK = "/oauth2callback"
# What says only that the server lives: whoever watches over it may ask by any name.
PUBLIC = frozenset({"/ping", "/_stcore/health"})
# Parts of Streamlit that pages use, and their methods. Others are closed.
FILES = {
    "/_stcore/health": ASKED,
    "/_stcore/host-config": ASKED,
    "/favicon.png": READ,
    "/manifest.json": READ,
    "/auth/login": READ,
    "/auth/logout": READ,
    CALLBACK: READ,
}
FOLDERS = {
    "/static/": READ,
    "/component/": ASKED,
    "/_stcore/bidi-components/": ASKED,
    "/media/": ASKED,
    "/_stcore/upload_file/": frozenset({"PUT", "DELETE", "OPTIONS"}),
}
# What belongs to somebody who works with the pages.
OF_A_SESSION = ("/media/", "/_stcore/upload_file/")


class SignIn(Protocol):
    """What the pages know of their sign-in."""

    def configured(self) -> bool:
        """Whether pages ask for one."""

    def host(self) -> str | None:
        """The host that it leads back to; None where there is none."""

    def signed_in(self, cookies: Mapping[str, str]) -> bool:
        """Whether cookies hold the session of somebody who is signed in."""


class Door:
    """Answers those who are refused, and lets all others through.

    Parameters
    ----------
    routes
        Of the program.
    pages
        Paths of pages, each with a slash in front.
    hosts
        Names of this server beside those of the settings.
    sign_in
        Of the pages; None where there are none.
    base
        The path that the pages lie under, without a slash at the end; empty: none.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[Route],
        *,
        pages: Iterable[str] = (),
        hosts: Iterable[str] = (),
        sign_in: SignIn | None = None,
        base: str = "",
    ) -> None:
        self._app = app
        self._routes = routes
        self._pages = frozenset(pages)
        self._hosts = frozenset(hosts)
        self._sign_in = sign_in
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge, and pass on."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, secured(send))
        elif scope["type"] == "http":
            await self._http(Request(scope), receive, secured(send))
        else:
            await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        try:
            if self._path(websocket) != STREAM:
                raise NotFound(f"there is no websocket at {websocket.url.path}")
            self._access().check_page(websocket)
        except SignwatchError as error:
            logger.warning("A websocket was refused: %s", error)
            if "websocket.http.response" in scope.get("extensions", {}):
                await websocket.send_denial_response(error_response(error))
            else:
                await websocket.close(1008)
            return
        if origin := websocket.headers.get("origin"):
            # Where a proxy rewrites the host, both differ. They have been judged: Streamlit need
            # not, which asks other servers for the names of this one.
            MutableHeaders(scope=scope)["host"] = origin.partition("://")[2]
        await self._app(scope, receive, send)

    async def _http(self, request: Request, receive: Receive, send: Send) -> None:
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            try:
                refusal = self._refusal(request)
            except SignwatchError as error:
                refusal = error_response(error)
            if refusal is None:
                await self._app(request.scope, receive, self._linked(request, send_noting))
            else:
                await refusal(request.scope, receive, send_noting)
        except Exception:
            if started:
                raise
            await unexpected_response(request)(request.scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        """The answer to what is not there; raises what `Access` does. None: it may pass."""
        path = self._path(request)
        routes = [each for each in self._routes if each.matches(request.scope)[0] is not Match.NONE]
        methods = {method for route in routes for method in route.methods or ()}
        if request.method in methods:
            if path not in PUBLIC:
                self._access().check_route(request)
            return None
        here = self._methods(path)
        if request.method in here:
            if path not in PUBLIC:
                self._check_page(request, path)
            return None
        if routes and not here:
            return None  # it says itself which methods it takes
        return not_allowed(request, methods | here) if here else not_found(request)

    def _methods(self, path: str) -> frozenset[str]:
        """What Streamlit answers at a path; empty where nothing is, or is closed."""
        if path in self._pages or path.rstrip("/") in self._pages:
            return READ
        folders = [methods for folder, methods in FOLDERS.items() if path.startswith(folder)]
        return FILES.get(path) or next(iter(folders), frozenset())

    def _check_page(self, request: Request, path: str) -> None:
        self._access().check_page(request)
        if path.startswith(OF_A_SESSION) and not self._may_see(request):
            raise Unauthorized("this is for those who are signed in; open a page to sign in")

    def _linked(self, request: Request, send: Send) -> Send:
        """`send`, which brings a link over a sign-in."""
        path = self._path(request)
        if path == CALLBACK:
            return returning(send, request, {self._base + page for page in self._pages})
        if path in self._pages and request.method == "GET" and not self._may_see(request):
            return remembering(send, request)
        return send

    def _may_see(self, request: HTTPConnection) -> bool:
        sign_in = self._sign_in
        return sign_in is None or not sign_in.configured() or sign_in.signed_in(request.cookies)

    def _access(self) -> Access:
        sign_in = self._sign_in is not None and self._sign_in.configured()
        host = self._sign_in.host() if self._sign_in and sign_in else None
        return _access_of(services.current().settings, self._hosts | {host or "localhost"}, sign_in)

    def _path(self, request: HTTPConnection) -> str:
        """The path as pages know it."""
        path: str = request.scope["path"]
        under = path == self._base or path.startswith(f"{self._base}/")
        return (path.removeprefix(self._base) or "/") if under else path


@lru_cache(maxsize=8)
def _access_of(settings: Settings, hosts: frozenset[str], sign_in: bool) -> Access:
    origin = origin_of(settings.url)
    known = {*hosts, *parse_hosts(settings.hosts), *([origin.host] if origin else [])}
    return Access(settings.api_token, frozenset(known), origin, sign_in)
