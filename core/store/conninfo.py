"""libpq connection strings, `dbname=... host=...` or `postgresql://...`: the password apart."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from core.errors import BadInput

PAIR = re.compile(r"\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)")


def to_keywords(text: str) -> str:
    """`text` in libpq's form of keywords and values; BadInput, which does not repeat it."""
    if text.startswith(("postgres://", "postgresql://")):
        return _join(_from_uri(text))
    return _join(_from_keywords(text))


def without_password(keywords: str) -> tuple[str, str]:
    """Keywords and values without the password, and the password ("" where there is none)."""
    values = _from_keywords(keywords)
    password = values.pop("password", "")
    return _join(values), password


def _from_keywords(text: str) -> dict[str, str]:
    values, at = {}, 0
    while at < len(text.rstrip()):
        pair = PAIR.match(text, at)
        if pair is None:
            raise BadInput(
                "SIGNWATCH_STORE: expected ducklake:postgres: and then keyword=value pairs "
                "(dbname=signwatch host=db user=...) or postgresql://..., and what came cannot be "
                "read (not repeated here: it may hold a password)"
            )
        value = pair[2][1:-1] if pair[2].startswith("'") else pair[2]
        values[pair[1]] = re.sub(r"\\(.)", r"\1", value)
        at = pair.end()
    return values


def _from_uri(text: str) -> dict[str, str]:
    # The hosts are cut out by hand: there may be several, and urlsplit checks the port of one.
    parts = urlsplit(text)
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    pairs = [
        host.rpartition(":") if re.search(r":\d*$", host) else (host, "", "")
        for host in hosts.split(",")
    ]
    ports = ",".join(port for _, _, port in pairs)  # one for each host, empty for the default
    values = {
        "host": ",".join(host.strip("[]") for host, _, _ in pairs),
        "port": ports if ports.strip(",") else "",
        "dbname": unquote(parts.path.lstrip("/")),
        "user": unquote(name),
        "password": unquote(password),
        **dict(parse_qsl(parts.query)),
    }
    return {keyword: value for keyword, value in values.items() if value}


def _join(values: dict[str, str]) -> str:
    return " ".join(f"{keyword}={_escaped(value)}" for keyword, value in values.items())


def _escaped(value: str) -> str:
    if re.fullmatch(r"[^\s'\\]+", value):
        return value
    return "'" + re.sub(r"(['\\])", r"\\\1", value) + "'"
