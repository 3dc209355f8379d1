"""A link that was opened before the sign-in is followed after it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Send

COOKIE = "signwatch_return"
SECONDS = 900
LONGEST = 2_000  # characters


def remembering(send: Send, request: Request) -> Send:
    """`send`, which has the browser keep the address of the page that was asked for."""
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    kept = quote(address, safe="")
    if len(kept) > LONGEST:
        return send
    cookie = Response()
    cookie.set_cookie(COOKIE, kept, max_age=SECONDS, httponly=True, samesite="lax")
    return _changing(send, lambda headers: headers.append("set-cookie", _set(cookie)))


def returning(send: Send, request: Request, pages: Collection[str]) -> Send:
    """`send`, which leads a sign-in that has ended to the page that was kept, if it is one."""
    address = unquote(request.cookies.get(COOKIE, ""))
    if address.partition("?")[0] not in pages:
        return send
    gone = Response()
    gone.delete_cookie(COOKIE, httponly=True, samesite="lax")

    def lead(headers: MutableHeaders) -> None:
        if "location" in headers:
            headers["location"] = quote(address, safe="/?&=%+:,;@~!$'()*-._")
            headers.append("set-cookie", _set(gone))

    return _changing(send, lead)


def _set(response: Response) -> str:
    return response.headers["set-cookie"]


def _changing(send: Send, change: Callable[[MutableHeaders], None]) -> Send:
    async def send_changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            change(MutableHeaders(scope=message))
        await send(message)

    return send_changed
