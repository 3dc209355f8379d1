"""Who is answered: whoever has the token; without a token in force, this machine alone."""

from __future__ import annotations

import hmac
import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import Request

from core.errors import Forbidden, Unauthorized


def check_access(request: Request, token: str) -> None:
    """Raise Unauthorized or Forbidden unless `request` may be answered.

    With a token: `Authorization: Bearer <token>`, or the token as the AWS access key that a
    request is signed with. Without: only requests of this machine, and none that a page of
    another site makes a browser send.
    """
    if token:
        given = _given_token(request.headers.get("authorization", ""))
        if given is None or not hmac.compare_digest(given.encode(), token.encode()):
            raise Unauthorized(
                "this endpoint asks for a token (SIGNWATCH_API_TOKEN), and "
                f"{'none' if given is None else 'another one'} came; send it as "
                "`Authorization: Bearer <token>`, or as the AWS access key id"
            )
        return
    host = request.client.host if request.client else "unknown"
    if not _is_loopback(host):
        raise Forbidden(
            f"only requests of this machine are answered, this one came from {host}; set "
            "SIGNWATCH_API_TOKEN to answer others"
        )
    _check_same_site(request)


def _given_token(authorization: str) -> str | None:
    if authorization.lower().startswith("bearer "):
        return authorization[7:].strip()
    # AWS4-HMAC-SHA256 Credential=<access key>/<date>/<region>/<service>/aws4_request, ...
    found = re.search(r"Credential=([^\s,]+)/\d{8}/[^/,]+/[^/,]+/aws4_request", authorization)
    return found[1] if found else None


def _check_same_site(request: Request) -> None:
    """A page of another site, or of a name that was made to lead here, is no user of ours."""
    host = request.headers.get("host", "")
    named = _host_of(f"//{host}")
    if host and not _is_local_name(named):
        raise Forbidden(
            f"without a token only localhost is answered, the request names {named or host!r}; "
            "set SIGNWATCH_API_TOKEN to serve under that name"
        )
    origin = request.headers.get("origin")
    if origin is not None and not _is_local_name(_host_of(origin)):
        raise Forbidden(f"requests of pages of {origin} are not answered without a token")


def _host_of(address: str) -> str:
    """The host that an address names, in small letters; empty where it names none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets around what is no IPv6 address
        return ""


def _is_local_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
