"""Names under which the program is reached, and the origins of web pages."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import BadInput

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_AUTHORITY = re.compile(r"(\[[^\[\]@/?#\\\s]+\]|[^\[\]:@/?#\\\s]+)(?::(\d{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(.+)")
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Authority:
    """What a Host header names. host: in small letters, IPv6 without brackets; port: if given."""

    host: str
    port: int | None = None


@dataclass(frozen=True)
class Origin:
    """Where a web page comes from."""

    scheme: str
    host: str
    port: int

    def is_of(self, authority: Authority) -> bool:
        """Whether a page of this origin calls its own server, if that goes by this name."""
        port = PORTS[self.scheme] if authority.port is None else authority.port
        return (self.host, self.port) == (authority.host, port)


def parse_authority(text: str) -> Authority | None:
    """The host and port of a Host header; None where it cannot be read."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    host, port = found[1].lower(), found[2]
    if host.startswith("["):
        host = host[1:-1]
        if not _is_address(host):
            return None
    return Authority(host, int(port) if port else None)


def parse_origin(text: str) -> Origin | None:
    """The origin of an Origin header; None for `null` and what cannot be read."""
    found = _ORIGIN.fullmatch(text)
    authority = parse_authority(found[2]) if found else None
    if found is None or authority is None:
        return None
    return Origin(found[1], authority.host, authority.port or PORTS[found[1]])


def origin_of(url: str) -> Origin | None:
    """The origin of a page at this address; None where it is none."""
    parts = urlsplit(url)
    return parse_origin(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def parse_hosts(text: str) -> tuple[str, ...]:
    """Host names and addresses, between commas or blanks, without port; raises BadInput.

    Examples
    --------
    >>> parse_hosts("Signs.Example.org, 192.168.1.5 [fe80::1]")
    ('signs.example.org', '192.168.1.5', 'fe80::1')
    """
    named = []
    for each in text.lower().replace(",", " ").split():
        host = each[1:-1] if each.startswith("[") and each.endswith("]") else each
        if not (_NAME.fullmatch(host) or _is_address(host)):
            raise BadInput(
                "expected host names like signwatch.example.org or addresses like 192.168.1.5, "
                f"without scheme and port, got {each!r}"
            )
        named.append(host)
    return tuple(named)


def is_loopback(host: str) -> bool:
    """Whether it is an address of this machine that no other one reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(host: str) -> bool:
    """Whether a name leads to this machine wherever it is asked."""
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
