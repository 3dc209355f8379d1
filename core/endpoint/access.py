"""Who is answered, asked by the door.

Routes: whoever has the token; without a token in force, this machine alone. Pages: whoever opens
them under a name that is ours. Neither: a page of another site, or of a name that leads here.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from core.errors import Forbidden, Unauthorized
from core.records.hosts import (
    Origin,
    is_local,
    is_loopback,
    parse_authority,
    parse_origin,
)

HOW = "send it as `Authorization: Bearer <token>`, or as the AWS access key id"


@dataclass(frozen=True)
class Access:
    """Who may call.

    Parameters
    ----------
    token
        Of routes; empty: none is in force.
    hosts
        Names under which pages are opened, beside localhost.
    origin
        Of the pages, where a proxy in front rewrites the host; None: none is known.
    sign_in
        Whether pages ask for a sign-in.
    """

    token: str = ""
    hosts: frozenset[str] = frozenset()
    origin: Origin | None = None
    sign_in: bool = False

    def check_route(self, request: HTTPConnection) -> None:
        """Raise Unauthorized or Forbidden unless a route may be answered.

        With a token: `Authorization: Bearer <token>`, or the token as the AWS access key that a
        request is signed with. No page of another site can send it, so the host does not count.
        Without: only requests of this machine, and none that a page of another site makes a
        browser send.
        """
        if self.token:
            self._check_token(request)
        elif self.sign_in:
            raise Unauthorized(
                "where pages ask for a sign-in, routes ask for a token; set SIGNWATCH_API_TOKEN "
                f"and {HOW}"
            )
        else:
            _check_this_machine(request)

    def check_page(self, request: HTTPConnection) -> None:
        """Raise Forbidden unless a page, or what it calls, may be answered."""
        given = request.headers.getlist("host")
        named = parse_authority(given[0]) if len(given) == 1 else None
        if named is None or not (is_local(named.host) or named.host in self.hosts):
            raise Forbidden(
                f"this server does not go by the name {_shown(given)}; if it is yours, set "
                "SIGNWATCH_URL to the address that people open, or add the name to SIGNWATCH_HOSTS"
            )
        if request.headers.get("sec-fetch-mode") != "navigate":  # a link may lead here
            _check_site(request)
        origins = [parse_origin(each) for each in request.headers.getlist("origin")]
        if not all(each and (each.is_of(named) or each == self.origin) for each in origins):
            raise _foreign(request)

    def _check_token(self, request: HTTPConnection) -> None:
        given = _given_token(request.headers.get("authorization", ""))
        if given is None or not hmac.compare_digest(given.encode(), self.token.encode()):
            raise Unauthorized(
                "this endpoint asks for a token (SIGNWATCH_API_TOKEN), and "
                f"{'none' if given is None else 'another one'} came; {HOW}"
            )


def _check_this_machine(request: HTTPConnection) -> None:
    host = request.client.host if request.client else "unknown"
    if not is_loopback(host):
        raise Forbidden(
            f"only requests of this machine are answered, this one came from {host}; set "
            "SIGNWATCH_API_TOKEN to answer others"
        )
    given = [each for each in request.headers.getlist("host") if each]
    names = [parse_authority(each) for each in given or ["localhost"]]
    if len(names) > 1 or not all(each and is_local(each.host) for each in names):
        raise Forbidden(
            f"without a token only localhost is answered, the request names {_shown(given)}; "
            "set SIGNWATCH_API_TOKEN to serve under that name"
        )
    _check_site(request)
    origins = [parse_origin(each) for each in request.headers.getlist("origin")]
    if not all(each and names[0] and each.is_of(names[0]) for each in origins):
        raise _foreign(request)


def _check_site(request: HTTPConnection) -> None:
    """What a browser says of the page that makes it ask."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise _foreign(request)


def _foreign(request: HTTPConnection) -> Forbidden:
    origin = ", ".join(request.headers.getlist("origin")) or "another site"
    return Forbidden(f"requests of pages of {origin} are not answered")


def _shown(hosts: list[str]) -> str:
    named = [(each, parse_authority(each)) for each in hosts or [""]]
    return " and ".join(repr(found.host if found else each) for each, found in named)


def _given_token(authorization: str) -> str | None:
    if authorization.lower().startswith("bearer "):
        return authorization[7:].strip()
    # AWS4-HMAC-SHA256 Credential=<access key>/<date>/<region>/<service>/aws4_request, ...
    found = re.search(r"Credential=([^\s,]+)/\d{8}/[^/,]+/[^/,]+/aws4_request", authorization)
    return found[1] if found else None
